"""The user's answers in the lab notes of a model: a section for each stage of the tour.

All other notes stay as they are.
"""

import re

_HEADING = "## Tour {number} · {title}"
_NEXT_SECTION = re.compile(r"^#{1,2}[ \t\n]", re.MULTILINE)
# In an answer, # at the start of a line is escaped as in Markdown, so that it is no heading.
_HASH = re.compile(r"^(\\*#)", re.MULTILINE)
_ESCAPED_HASH = re.compile(r"^\\(\\*#)", re.MULTILINE)


def find_answer(notes: str, number: int) -> str:
    """Return the answer at the stage ``number``, or ""."""
    section = _find_section(notes, number)
    if section is None:
        return ""
    answer = notes[slice(*section)].partition("\n")[2].lstrip("\n")
    if answer.startswith("*"):  # the question
        answer = answer.partition("\n")[2]
    return _ESCAPED_HASH.sub(r"\1", answer.strip("\n"))


def with_answer(notes: str, number: int, title: str, question: str, answer: str) -> str:
    """Return ``notes`` with a new or replaced answer; an empty one removes the section."""
    answer = _HASH.sub(r"\\\1", answer.strip().replace("\r\n", "\n").replace("\r", "\n"))
    section = ""
    if answer:
        heading = _HEADING.format(number=number, title=title)
        section = f"{heading}\n\n*{question}*\n\n{answer}\n"
    old = _find_section(notes, number)
    if old is not None:
        before, after = notes[: old[0]], notes[old[1] :]
        return before + section + "\n" * bool(section and after) + after
    if not section or not notes:
        return notes + section
    return notes + "\n" * (2 - (notes.endswith("\n") + notes.endswith("\n\n"))) + section


def _find_section(notes: str, number: int) -> tuple[int, int] | None:
    """Return the start and the end of the section of a stage."""
    heading = re.search(rf"^## Tour {number}\b.*$", notes, re.MULTILINE)
    if heading is None:
        return None
    end = _NEXT_SECTION.search(notes, heading.end())
    return heading.start(), end.start() if end else len(notes)
