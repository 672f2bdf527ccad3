"""Convert untrusted text to Textual content without markup or control characters."""

import re

from textual.content import Content

from charloom.core.sanitize import sanitize, single_line


def safe_content(text: str, style: str = "") -> Content:
    """Return ``text`` with control characters as glyphs; brackets are not markup."""
    return Content.styled(sanitize(text), style) if style else Content(sanitize(text))


def safe_line(text: str, limit: int, style: str = "") -> Content:
    """Return ``text`` on one line of at most ``limit`` characters."""
    return safe_content(single_line(text, limit), style)


def in_the_app(sentence: str) -> str:
    """Return a sentence of the core for a reader who sees fields, where it speaks of options."""
    return re.sub(r"'--([a-z-]+)( [\w-]+)'|(?<![\w-])--([a-z][a-z-]*)", _field_name, sentence)


def _field_name(option: re.Match[str]) -> str:
    """Return ‘device’ for ``--device``, and ‘encoding’ utf-8 for ``'--encoding utf-8'``."""
    return f"‘{option[1] or option[3]}’{option[2] or ''}"
