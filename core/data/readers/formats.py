"""Recognize files that are not plain text by their first bytes."""

import re

from charloom.core.data.encodings import read_at
from charloom.core.data.readers.base import File, NotTextError

_HEAD_BYTES = 512
_UNPACK = "unpack it and choose a text file in it"
_SAVE = "open it in its program, save it as plain text (UTF-8) and choose that file"
_CHOOSE = "choose a text file"

# Where the bytes are, the bytes, and the format, of files that are read.
_READ = (
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"PK\x03\x04", "zip"),
)
# The same of files that are not, and what to do.
_REFUSED: tuple[tuple[int, bytes, str, str], ...] = (
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
# The first file in a zip archive that fits tells its format, or what is refused.
_IN_ZIP = (
    (r"word/document\d*\.xml", "docx", ""),
    (r"META-INF/container\.xml", "epub", ""),
    (r"xl/.*", "", "an Excel document"),
    (r"ppt/.*", "", "a PowerPoint document"),
    (r"\[Content_Types\]\.xml", "", "an Office document"),
    (r"META-INF/manifest\.xml", "", "an OpenDocument file or a program"),
)


def file_format(file: File, *, strict: bool) -> str:
    """Return the format of ``file``, such as ``"gzip"`` or ``"docx"``; "" is plain text.

    With ``strict``, raise :class:`NotTextError` if it is another document, an image or the like.
    """
    data = read_at(file.stream, 0, _HEAD_BYTES)
    found = next((kind for at, magic, kind in _READ if data.startswith(magic, at)), "")
    if found == "bzip2" and data[4:7] != b"1AY":
        found = ""
    what = advice = ""
    if found == "zip":
        found, what = _zip_format(file)
        advice = _SAVE
    elif not found:
        what, advice = next(
            ((what, advice) for at, magic, what, advice in _REFUSED if data.startswith(magic, at)),
            ("", ""),
        )
    if what and strict:
        raise NotTextError(f"{file.label} is {what}, not a plain text; {advice}.")
    return found


def _zip_format(file: File) -> tuple[str, str]:
    from charloom.core.data.readers.archives import open_zip  # deferred, with zipfile

    with open_zip(file) as archive:
        names = archive.namelist()
    for pattern, kind, what in _IN_ZIP:
        if any(re.fullmatch(pattern, name) for name in names):
            return kind, what
    return "zip", ""
