"""Convert untrusted text to Textual content without markup or control characters."""

from textual.content import Content

from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import sanitize, single_line


def safe_content(text: str, style: str = "") -> Content:
    """Return ``text`` with control characters as glyphs; brackets are not markup."""
    return Content.styled(sanitize(text), style) if style else Content(sanitize(text))


def safe_line(text: str, limit: int, style: str = "") -> Content:
    """Return ``text`` on one line of at most ``limit`` characters."""
    return safe_content(single_line(text, limit), style)


def field_label(option: str) -> str:
    """Return the app's name for the setting of a command-line option, given without dashes."""
    return f"‘{option}’"


def error_message(error: CharloomError) -> str:
    """Return an error's message with the app's name for the setting, if it is about one."""
    if isinstance(error, SettingError):
        return f"{field_label(error.option)} {error.problem}"
    return str(error)
