"""The paragraphs of a Word document (ISO/IEC 29500, Office Open XML), one per line."""

import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from charloom.core.data.readers.archives import open_zip, read_member
from charloom.core.data.readers.base import File, Reading, damaged

_MAIN_PART = re.compile(r"word/document\d*\.xml")
# Tab stops and the like; text that was moved away; what older programs show instead.
_SKIPPED = frozenset({"pPr", "rPr", "moveFrom", "Fallback"})
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def paragraphs(file: File, reading: Reading) -> Iterator[str]:
    """Yield the paragraphs, each with a newline."""
    with open_zip(file) as archive:
        part = next(filter(_MAIN_PART.fullmatch, archive.namelist()), "word/document.xml")
        data = read_member(archive, part, file)
    reading.add_size(len(data), file.name)
    if b"<!DOCTYPE" in data.replace(b"\0", b""):  # forbidden there, and the way to XML bombs
        raise damaged(file.name, "it declares entities")
    line: list[str] = []
    skipped = 0
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(data), ("start", "end")):
            name = element.tag.rpartition("}")[2]
            if name in _SKIPPED:
                skipped += 1 if event == "start" else -1
            elif event == "end" and not skipped:
                if name == "t":
                    line.append(element.text or "")
                elif name == "p":
                    yield "".join(line) + "\n"
                    line.clear()
                    element.clear()
                else:
                    line.append(_CHARACTERS.get(name, ""))
    except ElementTree.ParseError as error:
        raise damaged(file.name, error) from error
