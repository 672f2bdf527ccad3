"""Locate the part of a text between two headings, phrases or offsets."""

import re

from charloom.core.errors import SettingError
from charloom.core.sanitize import quoted

_MAX_PHRASE_CHARACTERS = 200  # the time to search grows with it times the text's length


def span(text: str, start: str | None, end: str | None) -> tuple[int, int]:
    """Return the offsets, in characters, of the part from ``start`` to just before ``end``.

    Each is a phrase, or an offset if it consists of digits; None is the edge of the text. Among all
    occurrences of a phrase, a heading (a line that begins with it, between blank lines) comes
    first, then a line of its own, then any other, so that ``"Letter 1"`` is the letter and not its
    entry in the table of contents. The end is searched after the start. Raises
    :class:`SettingError` if there is no such place.
    """
    first, low = (0, 0) if start is None else _locate(text, start, 0, "start")
    last = len(text) if end is None else _locate(text, end, low, "end")[0]
    return first, last


def _locate(text: str, place: str, low: int, setting: str) -> tuple[int, int]:
    """Return the start and end of ``place``, which is searched from ``low`` on."""
    shown = quoted(place)
    if re.fullmatch("-?[0-9]+", place):
        # Python does not convert thousands of digits to a number.
        offset = int(place) if len(place) < 20 else -1
        if not low <= offset <= len(text):
            raise SettingError(
                setting, f"{shown} is not an offset from {low:,} to {len(text):,} in this text."
            )
        return offset, offset
    if not place.strip():
        raise SettingError(setting, "is empty; use a phrase of the text, or an offset.")
    if len(place) > _MAX_PHRASE_CHARACTERS:
        raise SettingError(
            setting,
            f"{shown} is longer than {_MAX_PHRASE_CHARACTERS} characters; use the first few words.",
        )

    # "Letter 1" must not match "Letter 10"; an underscore marks italics and may be next to it.
    phrase = rf"(?<![^\W_]){re.escape(place)}(?![^\W_])"
    if heading := _heading(text, phrase, low):
        return heading
    if match := re.compile(phrase).search(text, low):
        return match.span()
    other_case = re.compile(phrase, re.IGNORECASE).search(text, low)
    hint = f"did you mean {quoted(other_case[0])}?" if other_case else "check its spelling."
    after = f" after character {low:,}" if low else ""
    raise SettingError(setting, f"{shown} is not in the text{after}; {hint}")


def _heading(text: str, phrase: str, low: int) -> tuple[int, int] | None:
    """Return where the phrase is a heading or, failing that, begins a line of its own."""
    begins = re.compile(rf"^[ \t_*#=]*(?P<phrase>{phrase})(?P<rest>.*)", re.MULTILINE)
    if not begins.search(text):  # true of most phrases, and saves splitting the lines
        return None
    lines = [line.strip() for line in text.split("\n")]
    last = {line: number for number, line in enumerate(lines)}
    listed = own = None
    number = seen = 0
    for match in begins.finditer(text):
        number += text.count("\n", seen, match.start())
        seen = match.start()
        if match.start("phrase") < low:
            continue
        around = lines[max(number - 1, 0) : number] + lines[number + 1 : number + 2]
        if not any(around):  # blank, or the edge of the text
            if not _is_contents_entry(lines, last, number):
                return match.span("phrase")
            listed = listed or match.span("phrase")
        elif not re.search(r"[^\W_]", match["rest"]):
            own = own or match.span("phrase")
    return listed or own


def _is_contents_entry(lines: list[str], last: dict[str, int], number: int) -> bool:
    """Return whether a heading is an entry in a table of contents with blank lines.

    It is if both it and the text line before or after it occur again further down; ``last`` maps a
    line to the number of its last occurrence.
    """
    before = next((n for n in range(number - 1, -1, -1) if lines[n]), None)
    after = next((n for n in range(number + 1, len(lines)) if lines[n]), None)
    return last[lines[number]] > number and (
        (before is not None and last[lines[before]] > number)
        or (after is not None and last[lines[after]] > after)
    )
