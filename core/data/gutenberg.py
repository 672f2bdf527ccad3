"""What Project Gutenberg wraps around a book: a header, the transcribers' names, a footer."""

import re

# Titles may wrap, so the stars that close a START line are sought a little further. Files from
# before 2004 end their header with the last line of "the small print" and the book with a sentence.
_MARK = re.compile(
    r"(?P<start>^\*{3,} ?START OF TH(?:E|IS) PROJECT GUTENBERG(?:.|\n){0,300}?\*{3}.*$"
    r"|^\*END\*? ?THE SMALL PRINT!.*$)"
    r"|(?P<end>^\*{3,} ?END OF TH(?:E|IS) PROJECT GUTENBERG"
    r"|^End of (?:the |this )?Project Gutenberg\b)",
    re.MULTILINE | re.IGNORECASE,
)
# The blank lines after a header and, among them, a paragraph that names the transcribers.
_CREDITS = re.compile(
    r"\A(?:\s*(?:(?:this )?e-?text (?:was )?)?(?:produced|prepared) by\b.*"
    r"(?:\n[^\S\n]*\S.*){0,7}\n\s*\n)?\n*",
    re.IGNORECASE,
)


def trim(text: str) -> tuple[str, str]:
    """Return what stands between the marks, and a sentence on what was cut, if anything was.

    A file of several books joined keeps each of them. Lines end in LF.
    """
    marks = list(_MARK.finditer(text))
    if not marks:
        return text, ""
    books, begin, inside = [], 0, True
    for mark in marks:
        if mark["start"]:
            begin, inside = mark.end(), True
        elif inside:
            books.append(text[begin : mark.start()])
            inside = False
    if inside:
        books.append(text[begin:])
    books = [body for book in books if (body := _CREDITS.sub("", book, count=1).rstrip("\n"))]
    trimmed = "\n\n\n".join(books)
    cut = len(text) - len(trimmed)
    if len(books) != 1:
        around = f"around {len(books)} books ({cut:,} characters)"
        return trimmed, f"Cut what Project Gutenberg put {around}."
    header = text.index(trimmed)
    sizes = {"header": header, "footer": cut - header}
    parts = [f"{part} ({size:,} characters)" for part, size in sizes.items() if size]
    return trimmed, f"Cut the Project Gutenberg {' and '.join(parts)}."


def fault(text: str) -> str:
    """Return what keeps ``text`` from being a whole Project Gutenberg file, or an empty string."""
    marks = [mark.lastgroup for mark in _MARK.finditer(text)]
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return "a web page instead of the text"
    if "start" not in marks:
        return "something other than a Project Gutenberg text"
    if "end" not in marks[marks.index("start") :]:
        return "only the beginning of the text"
    return ""
