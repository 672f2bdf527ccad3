import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data.slicing import span
from charloom.core.errors import CharloomError

# Like Frankenstein: the table of contents has the headings of the letters on adjacent lines.
LETTER_1 = (
    "Letter 1\n\n_To Mrs. Saville, England._\n\n\nYou will rejoice to hear of Letter 2.\n\n\n\n"
)
LETTER_2 = "Letter 2\n\nThat is all for today, as in Letter 1\nalready.\n\n"
LETTER_10 = "Letter 10\n\nLetter 2\nwas long ago."
BOOK = (
    "A Tale\n\n\n CONTENTS\n\n Letter 1\n Letter 2\n Letter 10\n Chapter 1\n\n\n\n"
    + LETTER_1
    + LETTER_2
    + LETTER_10
)


def taken(text: str, start: str | None = None, end: str | None = None) -> str:
    first, last = span(text, start, end)
    return text[first:last]


def refusal(text: str, start: str | None = None, end: str | None = None) -> str:
    with pytest.raises(CharloomError) as caught:
        span(text, start, end)
    message = str(caught.value)
    assert message.endswith((".", "?")) and "\n" not in message
    return message


def test_a_letter_is_meant_and_not_its_entry_in_the_contents() -> None:
    assert taken(BOOK, "Letter 1", "Letter 2") == LETTER_1
    assert taken(BOOK, "Letter 2", "Letter 10") == LETTER_2
    assert taken(BOOK, "Letter 10") == LETTER_10
    assert taken(BOOK, None, "Letter 1") == BOOK[: BOOK.index(LETTER_1)]


def test_a_phrase_ends_with_a_word() -> None:
    text = "Letter 10\n\nten\n\nLetter 1\n\none\n\nBloodletter 1\n"
    assert taken(text, "Letter 1").startswith("Letter 1\n\none")
    assert "is not in the text" in refusal(text, "Lett")
    assert "is not in the text" in refusal(text, "etter 10")


def test_a_heading_beats_a_line_of_its_own_and_that_any_other() -> None:
    inside, alone, heading = (
        "see The Loom here\n",
        "lines\nThe Loom\nlines\n",
        "\nThe Loom, part 1\n\n",
    )
    assert span(inside + alone + heading, "The Loom", None)[0] == len(inside + alone) + 1
    assert span(inside + alone, "The Loom", None)[0] == len(inside) + 6
    assert span(inside, "The Loom", None)[0] == 4


@pytest.mark.parametrize(
    "line", ["Letter 1", "  Letter 1.", "_Letter 1_", "# Letter 1", "Letter 1:"]
)
def test_headings_come_in_several_dresses(line: str) -> None:
    text = f"prose about Letter 1 first\n\n{line}\n   \nwords"
    assert taken(text, "Letter 1") == text[text.rindex("Letter 1") :]


def test_a_heading_may_stand_at_either_edge() -> None:
    assert span("Letter 1\n\nwords of Letter 1\n\nLetter 2", "Letter 1", "Letter 2") == (0, 29)
    assert span("Letter 1", "Letter 1", None) == (0, 8)


def test_contents_spaced_by_blank_lines_are_passed_over() -> None:
    contents = "CONTENTS\n\nCHAPTER 1. Loomings.\n\nCHAPTER 2. The Bag.\n\nEpilogue\n\n\nNotes.\n\n"
    one = "CHAPTER 1. Loomings.\n\nIt began so.\n\n"
    two = "CHAPTER 2. The Bag.\n\nIt went on so.\n\n"
    last = "Epilogue\n\nIt ended so.\n"
    book = contents + one + two + last
    assert taken(book, "CHAPTER 1", "CHAPTER 2") == one
    assert taken(book, "CHAPTER 2", "Epilogue") == two
    assert taken(book, "Epilogue") == last


def test_the_first_of_two_volumes_is_meant() -> None:
    first = "VOLUME I\n\nCHAPTER I\n\nIt began.\n\nCHAPTER II\n\nIt went on.\n\n"
    second = "VOLUME II\n\nCHAPTER I\n\nIt began anew.\n\nCHAPTER II\n\nAnd ended.\n"
    assert taken(first + second, "CHAPTER I", "CHAPTER II") == "CHAPTER I\n\nIt began.\n\n"


def test_the_end_is_sought_after_the_start() -> None:
    text = "End of it.\nStart here, then\nEnd of it.\n"
    assert taken(text, "Start", "End") == "Start here, then\n"
    assert "is not in the text after character" in refusal(text, "Start", "here, there")


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200), data=st.data())
def test_offsets_cut_where_they_say(text: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    assert span(text, str(first), str(last)) == (first, last)
    assert taken(text, str(first)) == text[first:]
    assert taken(text, None, str(last)) == text[:last]


def test_an_offset_and_a_phrase_go_together() -> None:
    assert taken(BOOK, "10", "Letter 1") == BOOK[10 : BOOK.index(LETTER_1)]
    letter = BOOK.index(LETTER_1)
    assert taken(BOOK, "Letter 1", str(letter + 20)) == BOOK[letter : letter + 20]


@pytest.mark.parametrize("offset", ["-1", "51", "9" * 5000, "-" + "9" * 5000])
def test_an_offset_outside_the_text_is_one_sentence(offset: str) -> None:
    text = "x" * 50
    assert "is not an offset from 0 to 50" in refusal(text, offset)
    assert "is not an offset from 0 to 50" in refusal(text, None, offset)


def test_an_end_before_the_start_is_one_sentence() -> None:
    assert "is not an offset from 30 to 50" in refusal("x" * 50, "30", "20")


@pytest.mark.parametrize("phrase", ["", "  ", "\n"])
def test_an_empty_phrase_is_one_sentence(phrase: str) -> None:
    assert "‘start’ is empty" in refusal(BOOK, phrase)


def test_other_capitals_are_suggested() -> None:
    assert refusal(BOOK, "LETTER 1").endswith("did you mean 'Letter 1'?")
    assert refusal(BOOK, "Epistle 1").endswith("check its spelling.")


def test_a_phrase_may_be_as_long_as_a_paragraph_and_no_longer() -> None:
    text = "See: " + "word " * 1_000
    assert span(text, ("word " * 40).strip(), None)[0] == 5
    assert "'word word" in refusal(text, "word " * 41)
    assert refusal(text, "word " * 1_000).endswith("use the first few words.")
    assert len(refusal(text, "word " * 1_000)) < 200


def test_a_phrase_over_two_lines_is_found() -> None:
    assert taken(BOOK, "for today, as in Letter 1\nalready.").startswith("for today")


@settings(max_examples=150, deadline=None)
@given(
    text=st.text("Aa1_ \n.*", max_size=60),
    start=st.text("Aa1_ \n.*", max_size=5),
    end=st.text("Aa1_ \n.*", max_size=5),
)
def test_a_passage_begins_with_its_start_and_its_end_follows(
    text: str, start: str, end: str
) -> None:
    try:
        first, last = span(text, start, end)
    except CharloomError:
        return
    if not start.isdigit():
        assert text[first : first + len(start)] == start
    if not end.isdigit():
        assert text[last : last + len(end)] == end
    assert 0 <= first <= last <= len(text)


def test_a_common_letter_in_a_very_long_line_is_found_at_once() -> None:
    line = "a " * 500_000
    assert span(line, "a", None) == (0, len(line))
    assert span(line + "b", "a", "b") == (0, len(line))
