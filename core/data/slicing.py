"""Where a passage stands that a person names by its first words, its heading or an offset."""

import re

from charloom.core.errors import SettingError
from charloom.core.sanitize import quoted

_MAX_PHRASE_CHARACTERS = 200  # the time to search grows with it times the text's length


def span(text: str, start: str | None, end: str | None) -> tuple[int, int]:
    """Return the offsets, in characters, of the passage from ``start`` to just before ``end``.

    Each is a phrase, or an offset when it is made of digits alone; None is the edge of the text.
    Of all the places where a phrase stands, a heading (a line that begins with it, between blank
    lines) is meant first, then a line of its own, then any other; so that ``"Letter 1"`` is the
    letter, not its entry in the table of contents. The end is sought after the start. Raises
    :class:`CharloomError` when there is no such place.
    """
    first, low = (0, 0) if start is None else _locate(text, start, 0, "start")
    last = len(text) if end is None else _locate(text, end, low, "end")[0]
    return first, last


def _locate(text: str, place: str, low: int, setting: str) -> tuple[int, int]:
    """Return where ``place`` begins and ends, at ``low`` or later."""
    shown = quoted(place)
    if re.fullmatch("-?[0-9]+", place):
        # Python refuses to convert a number of thousands of digits.
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

    # "Letter 1" is not "Letter 10"; an underscore marks italics and is no part of a word.
    phrase = rf"(?<![^\W_]){re.escape(place)}(?![^\W_])"
    if heading := _heading(text, phrase, low):
        return heading
    if found := re.compile(phrase).search(text, low):
        return found.span()
    near = re.compile(phrase, re.IGNORECASE).search(text, low)
    hint = f"perhaps you mean {near[0]!r}." if near else "check its spelling."
    after = f" after character {low:,}" if low else ""
    raise SettingError(setting, f"{shown} is not in the text{after}; {hint}")


def _heading(text: str, phrase: str, low: int) -> tuple[int, int] | None:
    """Return where the phrase is a heading or, failing that, stands on a line of its own."""
    begins = re.compile(rf"^[ \t_*#=]*(?P<phrase>{phrase})(?P<rest>.*)", re.MULTILINE)
    if not begins.search(text):  # as of most phrases, and the lines need not be looked at
        return None
    shown = [line.strip() for line in text.split("\n")]
    last = {line: number for number, line in enumerate(shown)}
    listed = own = None
    number = seen = 0
    for match in begins.finditer(text):
        number += text.count("\n", seen, match.start())
        seen = match.start()
        if match.start("phrase") < low:
            continue
        around = shown[max(number - 1, 0) : number] + shown[number + 1 : number + 2]
        if not any(around):  # blank, or the edge of the text
            if not _only_listed(shown, last, number):
                return match.span("phrase")
            listed = listed or match.span("phrase")
        elif not re.search(r"[^\W_]", match["rest"]):
            own = own or match.span("phrase")
    return listed or own


def _only_listed(lines: list[str], last: dict[str, int], number: int) -> bool:
    """Return whether a heading is but an entry in a table of contents, spaced by blank lines.

    So it is when it and a neighbour, the line before or after, both stand again further down;
    ``last`` has the number of the last line with the same words.
    """
    before = next((n for n in range(number - 1, -1, -1) if lines[n]), None)
    after = next((n for n in range(number + 1, len(lines)) if lines[n]), None)
    return last[lines[number]] > number and (
        (before is not None and last[lines[before]] > number)
        or (after is not None and last[lines[after]] > after)
    )
