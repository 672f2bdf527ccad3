"""Equivalent spellings of characters, in any script."""

import unicodedata

# Compatibility forms that differ from the plain character in width or in position only.
_FORM_TAGS = ("<wide>", "<narrow>", "<isolated>", "<initial>", "<medial>", "<final>")


def plain_form(character: str) -> str:
    """Return the plain form of a full-width, half-width or positional ``character``, else itself.

    A half-width voicing mark becomes the combining one, which composes with the kana before it.
    """
    tag, _, points = unicodedata.decomposition(character).partition(" ")
    if tag not in _FORM_TAGS:
        return character
    return "".join(chr(int(point, 16)) for point in points.split())


def joins(before: str, character: str) -> bool:
    """Return whether ``character`` (an accent, a Hangul vowel or final) joins the text before it.

    The last two characters before it are enough to tell.
    """
    if character < "\u0300":
        return False
    if unicodedata.combining(character):
        return True
    if character in "\uff9e\uff9f":  # half-width voicing marks
        return "\uff66" <= before[-1:] <= "\uff9d"
    joined = unicodedata.normalize("NFC", before + character)
    return joined != unicodedata.normalize("NFC", before) + unicodedata.normalize("NFC", character)
