"""Make untrusted text safe to show on a terminal.

A network can learn escape sequences from its text, and a file name can contain them. Written as
they are, they would move the cursor, change the window's title or fill the clipboard. Each control
or invisible character is therefore replaced by one visible glyph, which keeps all positions. Files
and pipes get the original text.
"""

import unicodedata

HIDDEN = "␦"  # U+2426 SYMBOL FOR SUBSTITUTE FORM TWO, for what has no glyph of its own
_REPLACED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, formats, surrogates, line breaks

# Format characters that are kept. The joiners shape Persian, Indic scripts and emoji; the prepended
# marks (Unicode's Prepended_Concatenation_Mark, as in the Quran's ends of verses) are visible.
# The soft hyphen is not kept: terminals disagree on whether it takes a column.
_KEPT = frozenset(
    map(
        ord,
        "\u200c\u200d"
        "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd",
    )
)


class _Glyphs(dict[int, int]):
    """A table for ``str.translate``, filled with each code point's glyph on first use.

    Tab becomes ␉ like its neighbours in ASCII: a jump to the next tab stop would break alignment,
    and a space would hide what the network wrote.
    """

    def __missing__(self, code: int) -> int:
        if code in _KEPT or code == ord("\n"):
            glyph = code
        elif code < 0x20:
            glyph = 0x2400 + code  # the control pictures have ASCII's order
        elif code == 0x7F:
            glyph = ord("␡")
        elif unicodedata.category(chr(code)) in _REPLACED or _is_noncharacter(code):
            glyph = ord(HIDDEN)
        else:
            glyph = code
        self[code] = glyph
        return glyph


def _is_noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


_GLYPHS = _Glyphs()


def sanitize(text: str) -> str:
    """Return ``text`` with every control and invisible character but newlines as a glyph.

    The length stays the same. C0 controls and DEL become their pictures (ESC is ␛); C1, bidi and
    other format characters, lone surrogates, line and paragraph separators and noncharacters
    become :data:`HIDDEN`.
    """
    if text.replace("\n", "").isprintable():  # nearly all text, and far faster than the table
        return text
    return text.translate(_GLYPHS)


def single_line(text: str, limit: int) -> str:
    """Return ``text`` sanitized on one line of at most ``limit`` (≥ 1) characters.

    Newlines become ↵, and a text that is too long ends in …, after a character with all its marks.
    """
    if len(text) > limit:
        end = limit - 1
        while end and _is_joined(text, end):
            end -= 1
        text = text[:end] + "…"
    return sanitize(text).replace("\n", "↵")


def quoted(text: str, limit: int = 60, *, keep_end: bool = False) -> str:
    """Return ``text`` in quotes, shortened to ``limit`` characters of its start (or its end)."""
    if len(text) > limit:
        cut = len(text) - limit if keep_end else limit
        while 0 < cut < len(text) and _is_joined(text, cut):
            cut += 1 if keep_end else -1
        text = f"…{text[cut:]}" if keep_end else f"{text[:cut]}…"
    return repr(text)


def _is_joined(text: str, position: int) -> bool:
    """Return whether the character at ``position`` (≥ 1) belongs to the one before it."""
    is_mark = unicodedata.category(text[position])[0] == "M"
    return is_mark or "\u200d" in text[position - 1 : position + 1]
