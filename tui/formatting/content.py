"""Convert untrusted text to Textual content without markup or control characters."""

from rich.cells import set_cell_size
from textual.content import Content

from charloom.core.sanitize import sanitize, single_line
from charloom.tui.formatting.graphemes import truncate

_MAX_CHARACTERS_PER_COLUMN = 8  # letters with their marks, and emoji sequences


def safe_content(text: str, style: str = "") -> Content:
    """Return ``text`` with control characters as glyphs; brackets are not markup."""
    return Content.styled(sanitize(text), style) if style else Content(sanitize(text))


def safe_line(text: str, limit: int, style: str = "") -> Content:
    """Return ``text`` on one line of at most ``limit`` (≥ 1) columns."""
    return safe_content(fit_line(text, limit), style)


def fit_line(text: str, columns: int) -> str:
    """Return ``text`` sanitized on one line of at most ``columns`` (≥ 1), with … if it is cut."""
    return truncate(single_line(text, _MAX_CHARACTERS_PER_COLUMN * columns), columns)


def pad_line(text: str, columns: int) -> str:
    """Return :func:`fit_line`, with spaces up to ``columns``."""
    return set_cell_size(fit_line(text, columns), columns)
