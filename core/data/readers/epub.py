"""The chapters of an e-book (EPUB 2 and 3) as plain text."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

from charloom.core.data.encodings import decode
from charloom.core.data.readers.archives import open_zip, read_member
from charloom.core.data.readers.base import File, damaged
from charloom.core.errors import CharloomError

_HIDDEN = frozenset({"head", "script", "style", "rt", "rp"})
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "figure"),
        *("figcaption", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"),
        *("nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"),
    )
)
_CLOSE = frozenset({"li", "td", "th", "tr", "dt", "dd", "div"})  # with no blank line between them


def chapters(file: File) -> Iterator[str]:
    """Yield the chapters in reading order, with blank lines around paragraphs."""
    with open_zip(file) as archive:
        try:
            container = _xml(archive, "META-INF/container.xml", file)
            package_path = container.find(".//{*}rootfile").attrib["full-path"]  # type: ignore[union-attr]
            package = _xml(archive, package_path, file)
            items = {item.get("id"): item for item in package.iterfind(".//{*}manifest/{*}item")}
            spine = [items[ref.get("idref")] for ref in package.iterfind(".//{*}spine/{*}itemref")]
        except (ElementTree.ParseError, KeyError, AttributeError) as error:
            raise damaged(file.name, "its contents are not listed properly") from error
        for item in spine:
            if "html" not in item.get("media-type", "") or "nav" in item.get("properties", ""):
                continue
            href = unquote(item.get("href", ""))
            path = posixpath.normpath(posixpath.join(posixpath.dirname(package_path), href))
            data = read_member(archive, path, file)
            if b"<" not in data[:1000] and "META-INF/encryption.xml" in archive.namelist():
                raise CharloomError(f"{file.label} is protected; choose a copy that is not.")
            if text := html_text(decode(data, f"{file.name}/{path}")):
                yield text + "\n\n"


def html_text(html: str) -> str:
    """Return the text of an HTML page."""
    parser = _TextParser()
    parser.feed(html)
    parser.close()
    text = "".join(parser.parts).replace("\xad", "")  # soft hyphens
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n ")


class _TextParser(HTMLParser):
    """Collects the visible text of a page in ``parts``. Declarations of entities are ignored."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - HTMLParser's
        self._hidden += tag in _HIDDEN
        self._preformatted += tag == "pre"
        self._break_line(tag)

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        self._preformatted = max(0, self._preformatted - (tag == "pre"))
        if tag != "br":
            self._break_line(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if not self._preformatted:
            data = re.sub(r"[ \t\r\n\f]+", " ", data)
            if not self.parts or self.parts[-1].endswith(("\n", " ")):
                data = data.lstrip(" ")
        if data:
            self.parts.append(data)

    def _break_line(self, tag: str) -> None:
        if tag not in _BLOCKS and tag != "br":
            return
        if self.parts:
            self.parts[-1] = self.parts[-1].rstrip(" ")
        if tag == "br":
            self.parts.append("\n")
        elif tag in _CLOSE:
            if not self.parts or not self.parts[-1].endswith("\n"):
                self.parts.append("\n")
        else:
            self.parts.append("\n\n")


def _xml(archive: zipfile.ZipFile, path: str, file: File) -> ElementTree.Element:
    data = read_member(archive, path, file)
    if b"<!ENTITY" in data.replace(b"\0", b""):
        raise damaged(file.name, "it declares entities")
    return ElementTree.fromstring(data)
