import pytest

from charloom.core.data import gutenberg

BOOK = "A TALE\n\nThe wind fell, and the ice lay all around us.\n\nTHE END"
HEADER = "The Project Gutenberg eBook of A Tale\n\nThis ebook is for anyone.\n\n"
LICENSE = "\n\nUpdated editions replace the previous one.\nSTART: FULL LICENSE\n"


def trim(text: str) -> tuple[str, str]:
    books, note = gutenberg.find_books(text)
    return gutenberg.BETWEEN_BOOKS.join(text[a:b] for a, b in books) if note else text, note


def wrapped(start: str, end: str, book: str = BOOK) -> str:
    return f"{HEADER}{start}\n\n\n\n{book}\n\n\n{end}{LICENSE}"


START = "*** START OF THE PROJECT GUTENBERG EBOOK A TALE ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK A TALE ***"
SMALL_PRINT = "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, END),
        (START.replace("THE P", "THIS P"), END.replace("THE P", "THIS P")),
        (START.replace("*** ", "***"), END.replace("*** ", "***")),
        (START.replace("A TALE", "A\nTALE IN TWO LINES"), END),
        (START, f"End of the Project Gutenberg EBook of A Tale, by Someone\n\n{END}"),
        (START, f"End of Project Gutenberg's A Tale, by Someone\n\n{END}"),
        (SMALL_PRINT, "End of the Project Gutenberg Etext of A Tale"),
        (SMALL_PRINT.replace("*END*T", "*END T"), "End of Project Gutenberg Etext of A Tale"),
        (f"{START}\n\nOld legal words.\n{SMALL_PRINT}", END),
    ],
)
def test_header_and_footer_of_a_book_are_cut(start: str, end: str) -> None:
    text = wrapped(start, end)
    trimmed, note = trim(text)
    assert trimmed == BOOK
    header, footer = text.index(BOOK), len(text) - text.index(BOOK) - len(BOOK)
    assert note == (
        f"Cut the Project Gutenberg header ({header} characters) and footer ({footer} characters)."
    )


def test_a_missing_header_or_footer_is_not_reported() -> None:
    assert trim(f"{BOOK}\n{END}\n") == (
        BOOK,
        f"Cut the Project Gutenberg footer ({len(END) + 2} characters).",
    )
    assert trim(f"{START}\n{BOOK}") == (
        BOOK,
        f"Cut the Project Gutenberg header ({len(START) + 1} characters).",
    )


@pytest.mark.parametrize(
    "credit",
    [
        "Produced by Ann Reader and Ben Writer. HTML version by C. Drawer.",
        "Produced by Ann Reader and the Online Distributed\nProofreading Team at pgdp.net",
        "E-text prepared by Ann Reader",
        "This etext was prepared by Ann Reader\nfrom the 1900 edition.",
    ],
)
def test_the_names_of_transcribers_are_cut_with_the_header(credit: str) -> None:
    assert trim(wrapped(START, END, f"{credit}\n\n\n{BOOK}"))[0] == BOOK


def test_a_book_that_begins_with_such_words_is_kept() -> None:
    book = "Produced by long labour,\n" + "the cloth lay on the loom.\n" * 20 + "And so it stayed."
    assert trim(wrapped(START, END, book))[0] == book
    assert trim(f"{book}\n\nNo mark anywhere.")[0] == f"{book}\n\nNo mark anywhere."


def test_the_indentation_of_the_first_line_is_kept() -> None:
    assert trim(wrapped(START, END, f"     {BOOK}"))[0] == f"     {BOOK}"


def test_each_of_several_books_in_one_file_is_kept() -> None:
    other = BOOK.replace("TALE", "SECOND TALE")
    text = wrapped(START, END) + wrapped(START, END, other)
    trimmed, note = trim(text)
    assert trimmed == f"{BOOK}\n\n\n{other}"
    cut = len(text) - len(trimmed)
    assert note == f"Cut {cut} characters of Project Gutenberg around 2 books."


def test_a_text_from_elsewhere_is_untouched() -> None:
    text = f"On Project Gutenberg one finds\n{BOOK}\nand at the end of Project Gutenberg's page"
    assert trim(text) == (text, "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (wrapped(START, END), ""),
        (wrapped(START, END).replace("\n", "\r\n"), ""),
        (wrapped(SMALL_PRINT, "End of the Project Gutenberg Etext of A Tale"), ""),
        (wrapped(START, ""), "only the beginning"),
        (f"{END}\n{START}\n{BOOK}", "only the beginning"),
        (BOOK, "something other"),
        ("", "something other"),
        ("\ufeff \n<!DOCTYPE html>", "a web page"),
    ],
)
def test_a_whole_file_has_both_marks_in_order(text: str, fault: str) -> None:
    assert gutenberg.find_problem(text).startswith(fault)
    assert bool(gutenberg.find_problem(text)) == bool(fault)
