"""Files of the kinds that people have: archives, documents, e-books."""

import io
import zipfile
from collections.abc import Mapping

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def zip_of(files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return archive.getvalue()


def docx_of(body: str, before: str = "") -> bytes:
    """Return a Word document with the XML ``body``, and ``before`` its root."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>' + before + "<w:document "
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<w:body>{body}</w:body></w:document>"
    )
    return zip_of({"[Content_Types].xml": "<Types/>", "word/document.xml": document})


def epub_of(chapters: Mapping[str, str], package: str = "") -> bytes:
    """Return an e-book with the chapters in this order; ``package`` replaces its list of them."""
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(chapters)
    )
    refs = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    package = package or (
        '<package xmlns="http://www.idpf.org/2007/opf">'
        f"<manifest>{items}</manifest><spine>{refs}</spine></package>"
    )
    files = {"mimetype": "application/epub+zip", "META-INF/container.xml": _CONTAINER}
    texts = {f"OEBPS/{name.replace('%20', ' ')}": html for name, html in chapters.items()}
    return zip_of(files | {"OEBPS/book.opf": package} | texts)
