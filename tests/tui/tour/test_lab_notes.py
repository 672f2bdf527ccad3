from hypothesis import given
from hypothesis import strategies as st

from charloom.tui.tour import lab_notes
from charloom.tui.tour.stages import STAGES

WORDS = st.text(st.sampled_from("ab #*\\\n\r"), max_size=40)


def put(notes: str, number: int, answer: str) -> str:
    stage = STAGES[number - 1]
    return lab_notes.with_answer(notes, number, stage.name, stage.question, answer)


def test_an_answer_is_under_the_heading_of_its_stage() -> None:
    notes = put("# Mine\nlr 4e-3", 5, "Each character is the answer to the one before.")
    assert notes == (
        "# Mine\nlr 4e-3\n\n## Tour 5 · windows\n\n*Why are the labels the features shifted by "
        "one?*\n\nEach character is the answer to the one before.\n"
    )
    assert lab_notes.find_answer(notes, 5) == "Each character is the answer to the one before."
    assert lab_notes.find_answer(notes, 1) == ""


def test_an_answer_is_replaced_in_place_and_the_rest_stays() -> None:
    notes = put(put("Mine.\n", 5, "first"), 10, "tenth") + "\n## My own\n\nkept\n"
    again = put(notes, 5, "second\n\n# with a heading\n\\# and another")
    assert again.replace("second\n\n\\# with a heading\n\\\\# and another", "first") == notes
    assert lab_notes.find_answer(again, 5) == "second\n\n# with a heading\n\\# and another"
    assert lab_notes.find_answer(again, 10) == "tenth"
    assert lab_notes.find_answer(again, 1) == ""  # not that of stage 10
    gone = put(again, 5, " ")
    assert gone == put("Mine.\n", 10, "tenth") + "\n## My own\n\nkept\n"


def test_an_answer_is_found_without_its_question() -> None:
    assert lab_notes.find_answer("## Tour 3 · by hand\nBoth ways.\n", 3) == "Both ways."


@given(st.lists(st.tuples(st.integers(1, 10), WORDS), max_size=6), WORDS)
def test_every_answer_can_be_read_again(answers: list[tuple[int, str]], own: str) -> None:
    notes, expected = own, {}
    for number, words in answers:
        notes = put(notes, number, words)
        expected[number] = words.strip().replace("\r\n", "\n").replace("\r", "\n")
    assert notes.startswith(own.rstrip("\n"))
    for number, words in expected.items():
        assert lab_notes.find_answer(notes, number) == words


def test_guesses_are_counted_for_each_setting_and_the_rest_of_the_notes_stays() -> None:
    notes = lab_notes.with_answer("My own.\n", 1, "Load text", "Why?", "So.")
    before = notes
    for setting, fooled in (("temperature 0.8", True), ("temperature 1", False)) * 2:
        notes = lab_notes.with_guess(notes, setting, fooled)
    notes = lab_notes.with_guess(notes, "temperature 0.8", fooled=False)
    assert lab_notes.find_guesses(notes, "temperature 0.8") == (2, 3)
    assert lab_notes.find_guesses(notes, "temperature 1") == (0, 2)
    assert lab_notes.find_guesses(notes, "temperature 0") == (0, 0)
    assert lab_notes.find_guesses("", "temperature 1") == (0, 0)
    assert notes.startswith(before) and "- temperature 0.8: it fooled you 2 of 3\n" in notes
    assert notes.count("## Real or model?") == 1 and lab_notes.find_answer(notes, 1) == "So."
    notes = lab_notes.with_answer(notes, 1, "Load text", "Why?", "")
    assert lab_notes.find_guesses(notes, "temperature 1") == (0, 2)
