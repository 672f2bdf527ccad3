"""Find what Project Gutenberg adds to a book: a header, transcribers' names and a footer."""

import re

from charloom.core.data.text_file import Characters, find_all
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
HINTS = ("utenberg", "UTENBERG", "SMALL PRINT")
"""Each mark has one of these, which are on one line."""
BETWEEN_BOOKS = "\n\n\n"
_MAX_CREDITS_CHARACTERS = 1 << 14
# The blank lines after a header, with an optional paragraph that names the transcribers.
_CREDITS = re.compile(
    r"\A(?:\s*(?:(?:this )?e-?text (?:was )?)?(?:produced|prepared) by\b.*"
    r"(?:\n[^\S\n]*\S.*){0,7}\n\s*\n)?\n*",
    re.IGNORECASE,
)


def find_books(text: Characters) -> tuple[list[tuple[int, int]], str]:
    """Return where the books between the marks begin and end, and a note on what is cut.

    Without marks, no books and no note are returned. Several books joined in one file are all kept.
    Lines end in LF.
    """
    books: list[tuple[int, int]] = []
    begin, inside, marked = 0, True, False
    for place, mark in find_all(_MARK, text, hints=HINTS):
        marked = True
        if mark["start"]:
            begin, inside = place + len(mark[0]), True
        elif inside:
            books.append((begin, place))
            inside = False
    if not marked:
        return [], ""
    if inside:
        books.append((begin, len(text)))
    books = [book for book in (_body(text, *book) for book in books) if book[0] < book[1]]
    kept = sum(end - begin for begin, end in books) + len(BETWEEN_BOOKS) * max(0, len(books) - 1)
    cut = len(text) - kept
    if len(books) != 1:
        what = f"{plural(cut, 'character')} of Project Gutenberg"
        return books, f"Cut {what} around {plural(len(books), 'book')}."
    header = books[0][0]
    sizes = {"header": header, "footer": cut - header}
    parts = [f"{part} ({plural(size, 'character')})" for part, size in sizes.items() if size]
    return books, f"Cut the Project Gutenberg {' and '.join(parts)}."


def _body(text: Characters, begin: int, end: int) -> tuple[int, int]:
    """Return where a book begins after its credits, and ends before its last blank lines."""
    head = text[begin : min(end, begin + _MAX_CREDITS_CHARACTERS)]
    credits_ = _CREDITS.match(head)
    begin += credits_.end() if credits_ else 0
    while begin < end and (tail := text[max(begin, end - _MAX_CREDITS_CHARACTERS) : end]):
        blank = len(tail) - len(tail.rstrip("\n"))
        end -= blank
        if blank < len(tail):
            break
    return begin, end


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
