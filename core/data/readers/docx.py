"""The paragraphs of a Word document (ISO/IEC 29500, Office Open XML), one per line."""

import re
from collections.abc import Iterator
from xml.parsers import expat

from charloom.core.data.readers.archives import open_zip, read_member
from charloom.core.data.readers.base import File, damaged

_MAIN_PART = re.compile(r"word/document\d*\.xml")
# Tab stops and the like; text that was moved away; what older programs show instead.
_SKIPPED = frozenset({"pPr", "rPr", "moveFrom", "Fallback"})
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_CHUNK_BYTES = 2**16


def paragraphs(file: File) -> Iterator[str]:
    """Yield the paragraphs, each with a newline."""
    with open_zip(file) as archive:
        part = next(filter(_MAIN_PART.fullmatch, archive.namelist()), "word/document.xml")
        data = read_member(archive, part, file)
    parser = _DocumentParser(file.name)
    try:
        for start in range(0, len(data), _CHUNK_BYTES):
            yield parser.feed(data[start : start + _CHUNK_BYTES])
        yield parser.feed(b"", last=True)
    except expat.ExpatError as error:
        raise damaged(file.name, error) from error


class _DocumentParser:
    """Takes the text out of a document's XML. The prefixes of names do not matter."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pieces: list[str] = []
        self._skipped = 0
        self._tag = ""
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._add

    def feed(self, data: bytes, *, last: bool = False) -> str:
        """Return the text in the next part of the XML."""
        self._expat.Parse(data, last)
        text = "".join(self._pieces)
        self._pieces.clear()
        return text

    def _start(self, tag: str, _: object) -> None:
        name = tag.rpartition(":")[2]
        self._skipped += name in _SKIPPED
        self._tag = name
        if not self._skipped:
            self._pieces.append(_CHARACTERS.get(name, ""))

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._skipped -= name in _SKIPPED
        self._tag = ""
        if name == "p" and not self._skipped:
            self._pieces.append("\n")

    def _add(self, text: str) -> None:
        # Simple converters leave out the run and its text element.
        if not self._skipped and (self._tag == "t" or (self._tag == "p" and text.strip())):
            self._pieces.append(text)

    def _refuse(self, *_: object) -> None:
        """Refuse declarations, which are forbidden there, and the way to XML bombs."""
        raise damaged(self._name, "it declares entities")
