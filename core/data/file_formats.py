"""Recognize files that contain text but are not plain text, by their first bytes."""

from charloom.core.errors import CharloomError

_UNPACK = "unpack it and choose a text file in it"
_SAVE = "open it in its program, save it as plain text (UTF-8) and choose that file"
_CHOOSE = "choose a text file"

# Where the bytes are, the bytes, the format, and what to do.
_FORMATS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"%PDF-", "a PDF document", _SAVE),
    (0, b"{\\rtf", "an RTF document", _SAVE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", _SAVE),
    (60, b"BOOKMOBI", "an e-book", _SAVE),
    (0, b"SQLite format 3\0", "a database", _CHOOSE),
    (0, b"\x89PNG\r\n", "an image", _CHOOSE),
    (0, b"\xff\xd8\xff", "an image", _CHOOSE),
    (0, b"GIF8", "an image", _CHOOSE),
    (0, b"\x7fELF", "a program", _CHOOSE),
)
_ZIP = b"PK\x03\x04"
_IN_ZIP = (  # what the start of a zip archive contains, and what it then is
    (b"word/", "a Word document"),
    (b"xl/", "an Excel document"),
    (b"ppt/", "a PowerPoint document"),
    (b"[Content_Types].xml", "an Office document"),
    (b"application/epub+zip", "an e-book (EPUB)"),
    (b"opendocument", "an OpenDocument file"),
)
_ZIP_START_BYTES = 4096


def check_plain(data: bytes, name: str) -> None:
    """Raise :class:`CharloomError` if ``data`` are an archive, a document or the like.

    ``name`` is that of the file in the message, which says what to do.
    """
    for at, magic, what, advice in _FORMATS:
        if data.startswith(magic, at) and not (magic == b"BZh" and data[4:7] != b"1AY"):
            raise CharloomError(f"{name} is {what}, not a plain text; {advice}.")
    if data.startswith(_ZIP):
        start = data[:_ZIP_START_BYTES] + data[-_ZIP_START_BYTES:]  # its contents are listed there
        what = next((what for content, what in _IN_ZIP if content in start), "")
        advice = _SAVE if what else _UNPACK
        raise CharloomError(f"{name} is {what or 'a zip archive'}, not a plain text; {advice}.")
