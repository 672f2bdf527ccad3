"""Ends of sentences, lines and paragraphs; texts that continue to one; stop strings that stay."""

# ruff: noqa: RUF001 - punctuation of many scripts

from functools import cache
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion, generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.ending import MAX_OVERRUN, Ending, reachable_unit, unit_ends
from charloom.core.sampling.sampler import Sampler
from tests.helpers.factories import random_checkpoint

HOT = SamplingConfig(3.0)
MODEL = NumpyLSTM(random_checkpoint('ab."\n ', hidden_size=2, embedding_dim=2))
LINES = NumpyLSTM(random_checkpoint("ab\n", hidden_size=2, embedding_dim=2))

# A bar marks each end.
SENTENCES = [
    "It was I who went.| Then",
    "Who?| Me?| No",
    "“Who goes there?”| he said.| “I!”| And",
    "He said, “It is late.”| She",
    "He said, 'It is late.'| She",
    '"Stop!"| he cried.| Then',
    "(It was late.)| She",
    "[It was late!]| She",
    "»Wer da?«| rief er.| Da",
    "„Wer da?“| rief er.| Da",
    "She waited…| Then",
    "She waited...| Then",
    "What?!| No",
    "_It was late._| She",
    "Pi is 3.14 and e is 2.71.| Then",
    "Use salt, e.g. sea salt, i.e. salt.| Then",
    "J. R. Smith met Mr. Brown, Mrs. Brown and Dr. Jones of St. Ives.| Then",
    "It was etc.| and so on.| Then",  # other abbreviations are taken for an end
    "See www.example.com today.| Then",
    "A heading|\n\nIt was late.| Then",
    "It was\nlate.|\nThen",
    "No end, no end",
    "他说：“你好。”|我走了。|然后",
    "彼は「行く。」|と言った。|それから",
    "行くの？！|はい。|それから",
    "彼が来た。|　それから",
    "क्या हुआ।| वह गया॥| फिर",
    "کیا ہوا؟| وہ گیا۔| پھر",
    "ماذا حدث؟| ذهب.| ثم",
    "Ինչ եղավ։| Նա",
    "네.| 그",
]


def ends(unit: str, text: str) -> list[int]:
    """Return the places after a visible character at which a unit ends."""
    places = [place for place in range(1, len(text)) if not text[place - 1].isspace()]
    return [place for place in places if unit_ends(unit, text[:place], text[place:])]


@pytest.mark.parametrize("marked", SENTENCES)
def test_sentences_end_where_they_should(marked: str) -> None:
    pieces = marked.split("|")
    expected = [len("".join(pieces[:count])) for count in range(1, len(pieces))]
    assert ends("sentence", "".join(pieces)) == expected


def test_lines_end_at_line_breaks_and_paragraphs_at_empty_lines() -> None:
    text = "One.\nTwo. \n\nThree.\n \t\n\nFour."
    assert ends("line", text) == [4, 9, 18]
    assert ends("paragraph", text) == [9, 18]


@pytest.mark.parametrize("unit", ["sentence", "line", "paragraph"])
def test_blanks_on_either_side_belong_to_the_end(unit: str) -> None:
    before, gap, after = "It was late.", " \n \n", "She"
    for place in range(len(gap) + 1):
        assert unit_ends(unit, before + gap[:place], gap[place:] + after)


def test_what_follows_decides() -> None:
    assert unit_ends("sentence", "It was late", "") is None
    assert unit_ends("sentence", "It was late.", "") is None
    assert unit_ends("sentence", "It was late.", "”") is False
    assert unit_ends("sentence", "It was late.", " ") is True
    assert unit_ends("sentence", "It was late", " ") is None  # a new paragraph may follow
    assert unit_ends("paragraph", "It was late.", "\n") is None
    assert unit_ends("line", "It was late.", "\n") is True


def test_a_model_without_punctuation_writes_lines_and_without_line_breaks_no_unit() -> None:
    units = ("sentence", "line", "paragraph")
    assert [reachable_unit(unit, "ab.\n") for unit in units] == list(units)
    assert [reachable_unit(unit, "ab\n") for unit in units] == ["line", "line", "paragraph"]
    assert [reachable_unit(unit, "ab.") for unit in units] == ["sentence", "", ""]
    assert [reachable_unit(unit, "ab") for unit in units] == ["", "", ""]
    assert len(generate(NumpyLSTM(random_checkpoint("ab")), "a", 50, until="line")) == 50


def test_another_unit_is_refused() -> None:
    with pytest.raises(CharloomError, match=r"until. is one of sentence, line, paragraph, not"):
        Ending(until="word")


# Texts that continue after their length


def draft(length: int, ending: Ending, seed: int, model: NumpyLSTM = MODEL) -> Completion:
    return Completion(Sampler(model, "a", HOT, seed), length, ending)


def text_of(completion: Completion) -> str:
    return "".join(sampled.character for sampled in completion)


@cache
def endless(seed: int, model: NumpyLSTM = MODEL) -> str:
    """Return more of a text than the tests ask for."""
    sampler = Sampler(model, "a", HOT, seed)
    return "".join(sampled.character for sampled in islice(sampler, MAX_OVERRUN + 200))


UNTIL = st.sampled_from(["sentence", "line", "paragraph"])


@settings(max_examples=200, deadline=None)
@given(UNTIL, st.integers(0, 20), st.integers(0, 60))
def test_a_text_continues_to_the_first_end_after_its_length(
    unit: str, seed: int, length: int
) -> None:
    completion = draft(length, Ending(until=unit), seed)
    whole = endless(seed)
    places = range(length, length + MAX_OVERRUN)
    end = next(at for at in places if unit_ends(unit, whole[:at], whole[at : at + 100]))
    assert text_of(completion) == whole[:end]
    assert (completion.done, completion.stopped, completion.length) == (True, False, length)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 20), st.integers(0, 60))
def test_a_line_ends_before_the_first_line_break_after_its_length(seed: int, length: int) -> None:
    whole = endless(seed, LINES)
    text = text_of(draft(length, Ending(until="line"), seed, LINES))
    start = len(whole[:length].rstrip("\n"))  # if the length ends a line, nothing is added
    assert text == (whole[:length] if start < length else whole[: whole.index("\n", start)])


def test_a_text_without_an_end_continues_only_so_far() -> None:
    checkpoint = random_checkpoint("ab\n")
    checkpoint.tensors["head.bias"][checkpoint.vocab.c2ix["\n"]] = -1e9
    model = NumpyLSTM(checkpoint)
    assert len(generate(model, "a", 20, until="paragraph")) == 20 + MAX_OVERRUN


@settings(max_examples=200, deadline=None)
@given(
    UNTIL,
    st.text('ab."\n', max_size=3),
    st.integers(0, 20),
    st.lists(st.integers(0, 12), max_size=5),
)
def test_a_text_that_is_continued_equals_one_that_was_longer_from_the_start(
    unit: str, stop: str, seed: int, steps: list[int]
) -> None:
    ending = Ending(stop, keep_stop=True, until=unit)
    going, text = draft(0, ending, seed), text_of(draft(0, ending, seed))
    assert text_of(going) == text
    for step in steps:
        going.length = len(text) + step
        text += text_of(going)
        assert text == text_of(draft(going.length, ending, seed))


@settings(max_examples=200, deadline=None)
@given(UNTIL, st.integers(0, 20), st.integers(0, 30), st.integers(0, 60))
def test_a_text_left_early_is_reproduced_by_its_length_and_can_continue(
    unit: str, seed: int, length: int, taken: int
) -> None:
    leaving = draft(length, Ending(until=unit), seed)
    text = "".join(sampled.character for sampled in islice(leaving, taken))
    if not leaving.done:
        leaving.length = len(text)
        assert text == text_of(draft(len(text), Ending(), seed))
    leaving.length = length + 40
    assert text + text_of(leaving) == text_of(draft(length + 40, Ending(until=unit), seed))


@settings(max_examples=200, deadline=None)
@given(UNTIL, st.integers(0, 20), st.lists(st.integers(0, 60), min_size=1, max_size=9))
def test_a_length_that_changes_on_the_way_is_recorded_so_that_the_text_is_reproduced(
    unit: str, seed: int, lengths: list[int]
) -> None:
    ending = Ending(until=unit)
    going, text = draft(30, ending, seed), ""
    for length in lengths:
        going.length = length
        text += "".join(sampled.character for sampled in islice(going, 7))
    text += text_of(going)
    assert text == text_of(draft(going.length, ending, seed))
    going.length = going.length  # changes nothing
    assert next(going, None) is None


@pytest.mark.parametrize("unit", ["sentence", "line", "paragraph"])
def test_settings_that_change_while_the_end_is_undecided_are_recorded(unit: str) -> None:
    ending = Ending(until=unit)
    for seed in range(200):
        going, text, configs = draft(3, ending, seed), "", cycle([SamplingConfig(0), HOT])
        while not going.done:
            text += "".join(sampled.character for sampled in going.step())
            if not going.done:
                going.config = next(configs)
        sampler = Sampler(MODEL, "a", HOT, seed)
        assert text_of(Completion(sampler, going.length, ending, going.changes)) == text


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text('ab."\n', min_size=1, max_size=3), min_size=1, max_size=3),
    st.integers(0, 20),
    st.integers(0, 60),
)
def test_a_stop_string_stays_if_it_should(stops: list[str], seed: int, length: int) -> None:
    completion = draft(length, Ending(stops, keep_stop=True), seed)
    whole = endless(seed)[:length]
    stop_ends = [whole.index(stop) + len(stop) for stop in stops if stop in whole]
    assert text_of(completion) == whole[: min(stop_ends, default=length)]
    assert (completion.done, completion.stopped) == (True, bool(stop_ends))


@settings(max_examples=200, deadline=None)
@given(st.text('ab."\n', min_size=1, max_size=3), st.booleans(), st.integers(0, 20), UNTIL)
def test_a_stop_string_ends_a_text_after_its_length_too(
    stop: str, keep: bool, seed: int, unit: str
) -> None:
    whole = text_of(draft(10, Ending(until=unit), seed))
    text = text_of(draft(10, Ending(stop, keep, unit), seed))
    if stop in whole:
        assert text == whole[: whole.index(stop) + len(stop) * keep]
    else:
        assert whole.startswith(text) or text.startswith(whole)
