from hypothesis import given
from hypothesis import strategies as st

from charloom.tui.tour import lab_notes
from charloom.tui.tour.stages import STAGES

WORDS = st.text(st.sampled_from("ab #*\\\n\r"), max_size=40)


def put(notes: str, number: int, said: str) -> str:
    station = STAGES[number - 1]
    return lab_notes.answered(notes, number, station.name, station.question, said)


def test_an_answer_stands_under_the_heading_of_its_station() -> None:
    notes = put("# Mine\nlr 4e-3", 5, "Each character is the answer to the one before.")
    assert notes == (
        "# Mine\nlr 4e-3\n\n## Tour 5 · windows\n\n*Why are the labels the features shifted by "
        "one?*\n\nEach character is the answer to the one before.\n"
    )
    assert lab_notes.answer(notes, 5) == "Each character is the answer to the one before."
    assert lab_notes.answer(notes, 1) == ""


def test_an_answer_is_replaced_where_it_stands_and_the_rest_stays() -> None:
    notes = put(put("Mine.\n", 5, "first"), 10, "tenth") + "\n## My own\n\nkept\n"
    again = put(notes, 5, "second\n\n# with a heading\n\\# and another")
    assert again.replace("second\n\n\\# with a heading\n\\\\# and another", "first") == notes
    assert lab_notes.answer(again, 5) == "second\n\n# with a heading\n\\# and another"
    assert lab_notes.answer(again, 10) == "tenth"
    assert lab_notes.answer(again, 1) == ""  # not that of station 10
    gone = put(again, 5, " ")
    assert gone == put("Mine.\n", 10, "tenth") + "\n## My own\n\nkept\n"


def test_an_answer_whose_question_was_taken_away_is_still_one() -> None:
    assert lab_notes.answer("## Tour 3 · by hand\nBoth ways.\n", 3) == "Both ways."


@given(st.lists(st.tuples(st.integers(1, 10), WORDS), max_size=6), WORDS)
def test_whatever_is_answered_can_be_read_again(said: list[tuple[int, str]], own: str) -> None:
    notes, expected = own, {}
    for number, words in said:
        notes = put(notes, number, words)
        expected[number] = words.strip().replace("\r\n", "\n").replace("\r", "\n")
    assert notes.startswith(own.rstrip("\n"))
    for number, words in expected.items():
        assert lab_notes.answer(notes, number) == words
