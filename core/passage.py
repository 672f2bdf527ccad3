"""Where a passage stands that a person names by its first words, its heading or an offset."""

import re

from core.errors import CharloomError

_NEAR = 1000  # how far to look for the neighbours of a heading, in characters
_LONGEST_SHOWN = 60


def span(text: str, start: str | None, end: str | None) -> tuple[int, int]:
    """Return the offsets, in characters, of the passage from ``start`` to just before ``end``.

    Each is a phrase, or an offset when it is made of digits alone; None is the edge of the text.
    Of all the places where a phrase stands, a heading (a line that begins with it, between blank
    lines) is meant first, then a line of its own, then any other; so that ``"Letter 1"`` is the
    letter, not its entry in the table of contents. The end is sought after the start. Raises
    :class:`CharloomError` when there is no such place.
    """
    first, low = (0, 0) if start is None else _locate(text, start, 0, "--start")
    last = len(text) if end is None else _locate(text, end, low, "--end")[0]
    return first, last


def _locate(text: str, place: str, low: int, option: str) -> tuple[int, int]:
    """Return where ``place`` begins and ends, at ``low`` or later."""
    shown = repr(place if len(place) <= _LONGEST_SHOWN else place[:_LONGEST_SHOWN] + "…")
    if re.fullmatch("-?[0-9]+", place):
        # Python refuses to convert a number of thousands of digits.
        offset = int(place) if len(place) < 20 else -1
        if not low <= offset <= len(text):
            raise CharloomError(
                f"{option} {shown} is no offset in the text; choose from {low:,} to {len(text):,}."
            )
        return offset, offset
    if not place.strip():
        raise CharloomError(f"{option} is empty; give a phrase of the text, or an offset.")

    # "Letter 1" is not "Letter 10"; an underscore marks italics and is no part of a word.
    phrase = rf"(?<![^\W_]){re.escape(place)}(?![^\W_])"
    if found := _heading(text, phrase, low):
        return found.span("phrase")
    if found := re.compile(phrase).search(text, low):
        return found.span()
    near = re.compile(phrase, re.IGNORECASE).search(text, low)
    hint = f"perhaps you mean {near[0]!r}." if near else "check its spelling."
    after = f" after character {low:,}" if low else ""
    raise CharloomError(f"{option} {shown} is not in the text{after}; {hint}")


def _heading(text: str, phrase: str, low: int) -> re.Match[str] | None:
    """Return the phrase as a heading or, failing that, on a line of its own, if it stands so."""
    listed = own = None
    pattern = (
        rf"(?P<above>\A|^[ \t]*\n)?^[ \t_*#=]*(?P<phrase>{phrase})(?P<rest>.*)$"
        r"(?P<below>(?=\n[ \t]*$|\Z))?"
    )
    for line in re.compile(pattern, re.MULTILINE).finditer(text, low):
        if line["above"] is not None and line["below"] is not None:
            if not _only_listed(text, line):
                return line
            listed = listed or line
        elif not re.search(r"[^\W_]", line["rest"]):
            own = own or line
    return listed or own


def _only_listed(text: str, line: re.Match[str]) -> bool:
    """Return whether a heading is but an entry in a table of contents, spaced by blank lines.

    So it is when it and a neighbour, the line before or after, both stand again further down.
    """
    further = [each.strip() for each in text[line.end() :].split("\n")]
    before = text[max(line.start() - _NEAR, 0) : line.start()].rstrip().rpartition("\n")[2].strip()
    after = next(filter(None, further), "")
    listed_before = before != "" and before in further
    listed_after = after != "" and further.count(after) > 1
    return line[0].strip() in further and (listed_before or listed_after)
