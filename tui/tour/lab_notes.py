"""The user's answers in the lab notes of a model: a section for each stage of the tour.

Another section counts, for each sampling setting, how often the model's text was taken for the
author's.

All other notes stay as they are.
"""

import re

from charloom.core.store.write import read_notes, write_notes
from charloom.tui.tour.stages import Stage

_HEADING = "## Tour {number} · {title}"
_GUESSES_HEADING = "## Real or model?"
_GUESSES = "- {setting}: it fooled you {fooled} of {count}"
_NEXT_SECTION = re.compile(r"^#{1,2}[ \t\n]", re.MULTILINE)
# In an answer, # at the start of a line is escaped as in Markdown, so that it is no heading.
_HASH = re.compile(r"^(\\*#)", re.MULTILINE)
_ESCAPED_HASH = re.compile(r"^\\(\\*#)", re.MULTILINE)


def find_answer(notes: str, number: int) -> str:
    """Return the answer at the stage ``number``, or ""."""
    section = _find_section(notes, f"## Tour {number}")
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
    return _with_section(notes, _find_section(notes, f"## Tour {number}"), section)


def save_answer(name: str, stage: Stage, answer: str) -> None:
    """Save an answer in the notes of a model as they are now. Raises :class:`CharloomError`."""
    title = stage.title.partition(":")[0]
    notes = with_answer(read_notes(name), stage.number, title, stage.question, answer)
    write_notes(name, notes)


def find_guesses(notes: str, setting: str) -> tuple[int, int]:
    """Return the guesses that the model won with these settings, and the number of guesses."""
    section = _find_section(notes, _GUESSES_HEADING)
    pattern = re.escape(_GUESSES).replace(r"\{setting\}", re.escape(setting))
    pattern = re.sub(r"\\{(fooled|count)\\}", "([0-9]{1,9})", pattern)
    match = section and re.search(f"^{pattern}$", notes[slice(*section)], re.MULTILINE)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def with_guess(notes: str, setting: str, fooled: bool) -> str:
    """Return ``notes`` with one more guess at a text that was written with these settings."""
    section = _find_section(notes, _GUESSES_HEADING)
    before, count = find_guesses(notes, setting)
    new = _GUESSES.format(setting=setting, fooled=before + fooled, count=count + 1)
    lines = notes[slice(*section)].rstrip("\n") if section else f"{_GUESSES_HEADING}\n"
    old = _GUESSES.format(setting=setting, fooled=before, count=count)
    lines = lines.replace(old, new, 1) if count else f"{lines}\n{new}"
    return _with_section(notes, section, f"{lines}\n")


def _with_section(notes: str, old: tuple[int, int] | None, section: str) -> str:
    """Return ``notes`` with a new or replaced section."""
    if old is not None:
        before, after = notes[: old[0]], notes[old[1] :]
        return before + section + "\n" * bool(section and after) + after
    if not section or not notes:
        return notes + section
    return notes + "\n" * (2 - (notes.endswith("\n") + notes.endswith("\n\n"))) + section


def _find_section(notes: str, heading: str) -> tuple[int, int] | None:
    """Return the start and the end of the section that begins with ``heading``."""
    match = re.search(rf"^{re.escape(heading)}(?!\w).*$", notes, re.MULTILINE)
    if match is None:
        return None
    end = _NEXT_SECTION.search(notes, match.end())
    return match.start(), end.start() if end else len(notes)
