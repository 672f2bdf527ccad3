"""Remove what Project Gutenberg adds to a book: a header, transcribers' names and a footer."""

import re

from charloom.core.wording import plural

# Titles may wrap, so the stars that close a START line may be on a later line. Files from before
# 2004 end their header with the last line of "the small print" and the book with a sentence.
_MARK = re.compile(
    r"(?P<start>^\*{3,} ?START OF TH(?:E|IS) PROJECT GUTENBERG(?:.|\n){0,300}?\*{3}.*$"
    r"|^\*END\*? ?THE SMALL PRINT!.*$)"
    r"|(?P<end>^\*{3,} ?END OF TH(?:E|IS) PROJECT GUTENBERG"
    r"|^End of (?:the |this )?Project Gutenberg\b)",
    re.MULTILINE | re.IGNORECASE,
)
# The blank lines after a header, with an optional paragraph that names the transcribers.
_CREDITS = re.compile(
    r"\A(?:\s*(?:(?:this )?e-?text (?:was )?)?(?:produced|prepared) by\b.*"
    r"(?:\n[^\S\n]*\S.*){0,7}\n\s*\n)?\n*",
    re.IGNORECASE,
)


def trim(text: str) -> tuple[str, str]:
    """Return the text between the marks, and a note on what was cut (empty if nothing was).

    Several books joined in one file are all kept. Lines end in LF.
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
        what = f"{plural(cut, 'character')} of Project Gutenberg"
        return trimmed, f"Cut {what} around {plural(len(books), 'book')}."
    header = text.index(trimmed)
    sizes = {"header": header, "footer": cut - header}
    parts = [f"{part} ({plural(size, 'character')})" for part, size in sizes.items() if size]
    return trimmed, f"Cut the Project Gutenberg {' and '.join(parts)}."


def find_problem(text: str) -> str:
    """Name the kind of ``text`` unless it is a complete Project Gutenberg file: then ""."""
    marks = [mark.lastgroup for mark in _MARK.finditer(text)]
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return "a web page instead of the text"
    if "start" not in marks:
        return "something other than a Project Gutenberg text"
    if "end" not in marks[marks.index("start") :]:
        return "only the beginning of the text"
    return ""
