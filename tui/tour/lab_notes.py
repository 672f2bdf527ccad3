"""Answers in a model's lab notes: one under a heading for each station of the tour.

Everything else in the notes is the person's own and stays as it is.
"""

import re

_HEADING = "## Tour {number} · {title}"
_NEXT = re.compile(r"^#{1,2}[ \t\n]", re.MULTILINE)
# What would begin a line as a heading in an answer: escaped, as Markdown does it.
_HASH = re.compile(r"^(\\*#)", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(\\*#)", re.MULTILINE)


def answer(notes: str, number: int) -> str:
    """Return what was answered at the station ``number``, or nothing."""
    found = _section(notes, number)
    if found is None:
        return ""
    lines = notes[slice(*found)].split("\n")[1:]
    said = "\n".join(lines).lstrip("\n")
    if said.startswith("*"):  # the question
        said = said.partition("\n")[2]
    return _ESCAPED.sub(r"\1", said.strip("\n"))


def answered(notes: str, number: int, title: str, question: str, said: str) -> str:
    """Return ``notes`` with this answer in place of an earlier one; an empty one takes it away."""
    said = _HASH.sub(r"\\\1", said.strip().replace("\r\n", "\n").replace("\r", "\n"))
    section = ""
    if said:
        heading = _HEADING.format(number=number, title=title)
        section = f"{heading}\n\n*{question}*\n\n{said}\n"
    found = _section(notes, number)
    if found is not None:
        before, after = notes[: found[0]], notes[found[1] :]
        return before + section + "\n" * bool(section and after) + after
    if not section or not notes:
        return notes + section
    return notes + "\n" * (2 - (notes.endswith("\n") + notes.endswith("\n\n"))) + section


def _section(notes: str, number: int) -> tuple[int, int] | None:
    """Return where the station's section begins, and where it ends."""
    heading = re.search(rf"^## Tour {number}\b.*$", notes, re.MULTILINE)
    if heading is None:
        return None
    end = _NEXT.search(notes, heading.end())
    return heading.start(), end.start() if end else len(notes)
