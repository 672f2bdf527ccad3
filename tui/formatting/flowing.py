"""Newlines of hard-wrapped texts, which may be shown as spaces."""

from itertools import pairwise

_MIN_WIDTH, _MAX_WIDTH = 50, 100  # characters of the lines of a hard-wrapped text
_RAGGED = 18  # characters by which a wrapped line may be shorter than the longest
_MIN_SHARE = 0.6  # of wrapped lines among those that another line follows


def soft_newlines(text: str) -> list[int]:
    """Return the positions of the newlines at which ``text`` was wrapped, or none.

    A text is hard-wrapped if most lines that another one follows are about as long as the longest.
    The newlines after shorter lines stay, as those of paragraphs, verse and indented lines do; but
    the first line may be the end of a longer one.
    """
    breaks: list[tuple[int, int]] = []  # position, and length of the line before
    end = -1
    for line, after in pairwise(text.split("\n")):
        end += len(line) + 1
        if after and not after[0].isspace() and line.strip():
            breaks.append((end, len(line)))
    has_first = bool(breaks) and breaks[0][0] == breaks[0][1]
    later = [length for _, length in breaks[has_first:]]
    width = max(later, default=0)
    if not _MIN_WIDTH <= width <= _MAX_WIDTH:
        return []
    if sum(length >= width - _RAGGED for length in later) < _MIN_SHARE * len(later):
        return []
    first = [breaks[0][0]] * has_first
    return first + [end for end, length in breaks[has_first:] if length >= width - _RAGGED]


def flow(text: str) -> str:
    """Return ``text`` with spaces instead of its :func:`soft_newlines`."""
    characters = list(text)
    for position in soft_newlines(text):
        characters[position] = " "
    return "".join(characters)
