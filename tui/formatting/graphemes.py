"""Divide text into graphemes and measure them as a terminal draws them.

A grapheme is a character with its combining marks, an emoji sequence, a flag or an Indic cluster
(https://unicode.org/reports/tr29). The sizes are Rich's, with two exceptions for which terminals
differ: a spacing mark, such as the Devanagari sign AA, takes a column of its own, and a joiner
joins only pictographs to one glyph. So no terminal needs more columns than are counted here. Rich
and with it Textual measure by this module once it is imported.

Text from right to left is wrapped and shown in the order in which it is stored: the terminal
decides whether it reorders the characters of a row.
"""

import re
import unicodedata
from collections.abc import Iterator

from rich import cells
from rich._unicode_data import load

Span = tuple[int, int, int]
"""Start and end of a grapheme in the text, and its cells."""

_MAX_CELLS = 8  # of a grapheme; a network may repeat a spacing mark without end

_NARROW_TO_WIDE = load("auto").narrow_to_wide  # before U+FE0F
_SPACING = "\u0e33\u0eb3\uff9e\uff9f"  # spacing marks that Unicode has among the letters
_LINKERS = frozenset(  # viramas that form conjuncts, Unicode's InCB=Linker
    "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2\u1a60\u1b44\u1bab\ua9c0\uaaf6\U00010a3f"
    "\U00011133\U000113d0\U0001193e\U00011a47\U00011a99\U00011f42"
)
_NOT_SIMPLE = re.compile(
    "[^ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e"
    "\u2190-\u21ff\u2400-\u2426\u2500-\u25fc]"
)


# How a character joins others: from _EXTEND on, it joins the one before it.
_OTHER, _NEWLINE = 0, 1
_LETTER = 2  # joins after a linker
_PICTOGRAPH = 3  # joins after a zero width joiner
_REGIONAL = 4  # two form a flag
_EXTEND, _LINKER, _JOINER, _EMOJI_SELECTOR = 5, 6, 7, 8


class _Kinds(dict[str, tuple[int, int]]):
    """The cells and the kind of each character, found on first use."""

    def __missing__(self, character: str) -> tuple[int, int]:
        self[character] = kind = self._classify(character)
        return kind

    def _classify(self, character: str) -> tuple[int, int]:
        size, category = cells.get_character_cell_size(character), unicodedata.category(character)
        if category == "Mc":
            size = max(1, size)
        if character in _LINKERS:
            return size, _LINKER
        if category == "Cc":
            return 0, _NEWLINE
        if character == "\u200d":
            return 0, _JOINER
        if character == "\ufe0f":
            return 0, _EMOJI_SELECTOR
        if not size or category[0] == "M" or character in _SPACING:
            return size, _EXTEND
        if "\U0001f1e6" <= character <= "\U0001f1ff":
            return size, _REGIONAL
        if character in _NARROW_TO_WIDE or (size == 2 and category[0] in "SC"):
            return size, _PICTOGRAPH
        is_letter = category == "Lo" and size == 1 and character >= "\u0900"
        return size, _LETTER if is_letter else _OTHER


_KINDS = _Kinds()


def is_simple(text: str) -> bool:
    """Return whether each character of ``text`` is a grapheme of one cell. This is fast."""
    return not _NOT_SIMPLE.search(text)


def extends(character: str) -> bool:
    """Return whether ``character`` is part of the grapheme before it, as an accent is."""
    return _KINDS[character][1] >= _EXTEND


def has_uncertain_width(text: str) -> bool:
    """Return whether terminals differ in the columns that ``text`` takes."""
    return not is_simple(text) and any(
        kind in (_REGIONAL, _JOINER, _EMOJI_SELECTOR)
        or (kind in (_EXTEND, _LINKER) and (size or character >= "\ufe00"))
        for character, (size, kind) in ((c, _KINDS[c]) for c in text)
    )


def graphemes(text: str) -> Iterator[Span]:
    """Yield the graphemes of ``text``. From any of them on, the text has the same ones."""
    if is_simple(text):
        yield from zip(range(len(text)), range(1, len(text) + 1), [1] * len(text), strict=True)
        return
    start = size = 0
    base, first = "", _NEWLINE  # of the grapheme
    joins = _OTHER  # the kind that would join next
    for index, character in enumerate(text):
        added, kind = _KINDS[character]
        extends_it = kind >= _EXTEND or (kind == joins != _OTHER and size < _MAX_CELLS)
        if first == _NEWLINE or not extends_it:
            if index:
                yield start, index, size
            start, size, base, first = index, added, character, kind
            joins = kind if kind == _REGIONAL else _OTHER
            continue
        if kind == _EMOJI_SELECTOR and base in _NARROW_TO_WIDE:
            base, size = "", size + 1
        elif kind != _PICTOGRAPH:
            size = min(size + added, max(size, _MAX_CELLS))
        if kind == _LINKER:
            joins = _LETTER
        elif kind == _JOINER and first == _PICTOGRAPH:
            joins = _PICTOGRAPH
        elif kind < _EXTEND or joins != _LETTER:
            joins = _OTHER
    if text:
        yield start, len(text), size


def cell_len(text: str) -> int:
    """Return the columns that ``text`` takes on one line."""
    return len(text) if is_simple(text) else sum(size for *_, size in graphemes(text))


def truncate(text: str, columns: int) -> str:
    """Return the beginning of ``text`` that fits, with … if some of it is left out."""
    if cell_len(text) <= columns:
        return text
    end = 0
    for _, stop, size in graphemes(text):
        columns -= size
        if columns < 1:
            return text[:end] + "…"
        end = stop
    return text


def _split_graphemes(text: str, unicode_version: str = "auto") -> tuple[list[Span], int]:  # noqa: ARG001 - Rich's signature
    spans = list(graphemes(text))
    return spans, sum(size for *_, size in spans)


def _cell_len(text: str, unicode_version: str) -> int:  # noqa: ARG001 - Rich's signature
    return cell_len(text)


cells.split_graphemes = _split_graphemes
cells._cell_len = _cell_len
cells.cached_cell_len.cache_clear()
