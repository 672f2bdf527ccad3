"""Stage 1: the texts in files of many kinds.

:func:`read` unpacks archives and yields a :class:`Document` for each text: its pieces are the
records of a table or of JSON, the paragraphs or chapters of a document, or the whole of a plain
text. Files of any size are read in pieces; what is unpacked or piped in is copied into a temporary
file if it is large.
"""

from collections.abc import Generator
from contextlib import closing
from pathlib import PurePath

from charloom.core.data.encodings import detect, unreadable
from charloom.core.data.readers.base import Document, File, NotTextError, Reading
from charloom.core.data.readers.decoding import TextStream
from charloom.core.data.readers.formats import file_format
from charloom.core.errors import CharloomError, SettingError

_TABLES = (".csv", ".tsv", ".tab")
_JSON = (".json", ".jsonl", ".ndjson")
_MAX_DEPTH = 3  # a document in a zip archive in a gzip archive

# Text has few control characters; binary data have more than one in ten.
_CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\f\r\x1b\x85"]
_MAX_CONTROL_SHARE = 0.1


def read(file: File, reading: Reading, depth: int = 0) -> Generator[Document, None, None]:
    """Yield the texts in ``file``.

    A file that is not a text raises :class:`CharloomError`; one that was found in a folder or an
    archive is added to ``reading.skipped`` instead.
    """
    try:
        yield from _documents(file, reading, depth)
    except CharloomError as error:
        if file.listed or not _is_no_text(error, reading):
            raise
        reading.skipped.append(file.name)


def _documents(file: File, reading: Reading, depth: int) -> Generator[Document, None, None]:
    kind = file_format(file, strict=reading.encoding is None or not file.listed)
    if kind:
        # Deferred: most texts are plain.
        from charloom.core.data.readers import archives, docx, epub

        if kind == "docx":
            yield Document(file.name, docx.paragraphs(file))
        elif kind == "epub":
            yield Document(file.name, epub.chapters(file))
        elif depth == _MAX_DEPTH:
            raise CharloomError(f"{file.label} is packed more than {_MAX_DEPTH} times; unpack it.")
        else:
            if kind == "zip":
                files = archives.unpack_zip(file, reading)
            else:
                files = archives.unpack(file, kind, reading)
            with closing(files):
                for packed in files:
                    yield from read(packed, reading, depth + 1)
    else:
        yield _text(file, reading)


def _text(file: File, reading: Reading) -> Document:
    encoding = detect(file.stream, reading.encoding, file.label)
    text = TextStream(file, encoding, reading)
    start = text.start
    if text.is_checked:
        if nuls := start.count("\0"):
            raise unreadable(file.label, f" ({nuls:,} NUL{'s' * (nuls != 1)})", encoding.name)
        if sum(map(start.count, _CONTROLS)) > _MAX_CONTROL_SHARE * len(start):
            raise unreadable(file.label)
    reading.marks += text.has_mark
    suffix = PurePath(file.name).suffix.lower()
    if not suffix and file.listed and reading.column is not None:  # standard input
        suffix = ".json" if start.lstrip().startswith(("{", "[")) else ".csv"
    pieces, records = text.pieces(), suffix in (*_TABLES, *_JSON)
    if suffix in _TABLES:
        from charloom.core.data.readers.tables import column_texts

        pieces = column_texts(text, file.name, reading)
    elif suffix in _JSON:
        from charloom.core.data.readers.json_texts import field_texts

        pieces = field_texts(text, file.name, reading)
    reading.tables += records
    return Document(
        file.name, pieces, encoding.name, encoding.guessed, plain=not records, records=records
    )


def _is_no_text(error: CharloomError, reading: Reading) -> bool:
    """Return whether ``error`` means that a file is not a text, of a kind that is read."""
    if isinstance(error, SettingError):
        return error.field == "encoding" and reading.encoding is None
    return isinstance(error, NotTextError)
