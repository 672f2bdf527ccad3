"""Locate the part of a text between two headings, phrases or offsets."""

import itertools
import re
from typing import NamedTuple, Self

from charloom.core.data.text_file import Characters, find_all
from charloom.core.errors import SettingError
from charloom.core.sanitize import quoted

_MAX_PHRASE_CHARACTERS = 200  # the time to search grows with it times the text's length
_MAX_AROUND = 4_000  # characters before and after a line, for those around it


def span(text: Characters, start: str | None, end: str | None) -> tuple[int, int]:
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


def _locate(text: Characters, place: str, low: int, setting: str) -> tuple[int, int]:
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
    if heading := _heading(text, phrase, place, low):
        return heading
    for found, match in find_all(re.compile(phrase), text, low, [place]):
        return found, found + len(match[0])
    other_case = next(find_all(re.compile(phrase, re.IGNORECASE), text, low), None)
    hint = f"did you mean {quoted(other_case[1][0])}?" if other_case else "check its spelling."
    after = f" after character {low:,}" if low else ""
    raise SettingError(setting, f"{shown} is not in the text{after}; {hint}")


def _heading(text: Characters, phrase: str, place: str, low: int) -> tuple[int, int] | None:
    """Return where the phrase is a heading or, failing that, begins a line of its own."""
    begins = re.compile(rf"^[ \t_*#=]*(?P<phrase>{phrase})(?P<rest>.*)", re.MULTILINE)
    listed = own = None
    for start, match in find_all(begins, text, 0, [place]):
        at = start + match.start("phrase") - match.start()
        if at < low:
            continue
        span = at, at + len(match["phrase"])
        line = _Line.at(text, start, start + len(match[0]))
        if not line.before and not line.after:  # blank, or the edge of the text
            if not _is_contents_entry(text, line):
                return span
            listed = listed or span
        elif not re.search(r"[^\W_]", match["rest"]):
            own = own or span
    return listed or own


class _Line(NamedTuple):
    """A line without its margins, and those around it."""

    text: str
    end: int  # its place
    before: str
    after: str
    last_before: str  # that is not blank
    first_after: str
    first_after_end: int

    @classmethod
    def at(cls, text: Characters, start: int, end: int) -> Self:
        """Return the line that the part from ``start`` to ``end`` is in."""
        before = text[max(0, start - _MAX_AROUND) : start].split("\n")
        after = text[end : end + _MAX_AROUND].split("\n")
        line = before.pop() + text[start:end] + after[0]
        ends = itertools.accumulate((len(other) + 1 for other in after), initial=end - 1)
        after_with_ends = [*zip(map(str.strip, after), [*ends][1:], strict=True)][1:]
        before = [other.strip() for other in before]
        first_after = next((other for other in after_with_ends if other[0]), ("", end))
        return cls(
            line.strip(),
            end,
            "".join(before[-1:]),
            after_with_ends[0][0] if after_with_ends else "",
            next(filter(None, reversed(before)), ""),
            *first_after,
        )


def _is_contents_entry(text: Characters, line: _Line) -> bool:
    """Return whether a heading is an entry in a table of contents with blank lines.

    It is if both it and the text line before or after it occur again further down.
    """
    return _occurs(text, line.text, line.end) and (
        _occurs(text, line.last_before, line.end)
        or _occurs(text, line.first_after, line.first_after_end)
    )


def _occurs(text: Characters, line: str, start: int) -> bool:
    """Return whether ``line`` is a line of ``text`` after ``start``, whatever its margins."""
    if not line:
        return False
    pattern = re.compile(rf"^[^\S\n]*{re.escape(line)}[^\S\n]*$", re.MULTILINE)
    return any(find_all(pattern, text, start, [line]))
