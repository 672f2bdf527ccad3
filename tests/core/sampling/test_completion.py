import sys
import tracemalloc
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import LSTMState, NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingChange, SamplingConfig
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampled, Sampler
from tests.helpers.factories import random_checkpoint

TINY = NumpyLSTM(random_checkpoint("ab", hidden_size=2, embedding_dim=2))
HOT = SamplingConfig(3.0)
CHOICES = st.sampled_from(
    [
        HOT,
        SamplingConfig(0),
        SamplingConfig(1.0),
        SamplingConfig(1.0, 1),
        SamplingConfig(1.0, 0, 0.6),
        SamplingConfig(1.0, 0, 1.0, 0.3),
    ]
)
STOPS = st.text("ab", max_size=5) | st.lists(st.text("ab", max_size=5), max_size=3)


def draft(
    length: int,
    stop: str | Sequence[str] = (),
    seed: int = 0,
    changes: Iterable[SamplingChange] = (),
) -> Completion:
    return Completion(Sampler(TINY, "ab", HOT, seed), length, Ending(stop), changes)


def text_of(drawn: Iterable[Sampled]) -> str:
    return "".join(each.character for each in drawn)


# The stop string


@settings(max_examples=150)
@given(st.text("ab", min_size=1, max_size=5), st.integers(0, 50), st.integers(0, 40))
def test_the_text_ends_just_before_the_stop_string(stop: str, seed: int, length: int) -> None:
    unstopped = text_of(draft(length, seed=seed))
    stopping = draft(length, stop, seed)
    assert text_of(stopping) == unstopped.split(stop)[0]
    assert stopping.stopped is (stop in unstopped)
    assert (stopping.done, stopping.length) == (True, length)


@settings(max_examples=300)
@given(
    st.lists(st.text("ab", max_size=5), max_size=4),
    st.integers(0, 50),
    st.integers(0, 40),
)
def test_the_first_of_several_stop_strings_ends_the_text(
    stops: list[str], seed: int, length: int
) -> None:
    unstopped = text_of(draft(length, seed=seed))
    ends = [
        (unstopped.find(stop) + len(stop), unstopped.find(stop))
        for stop in stops
        if stop and stop in unstopped
    ]
    stopping = draft(length, stops, seed)
    assert text_of(stopping) == (unstopped[: min(ends)[1]] if ends else unstopped)
    assert stopping.stopped is bool(ends)
    assert (stopping.done, stopping.length) == (True, length)


class Watched(NumpyLSTM):
    """Records how many characters had been yielded at each step."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.given = ""
        self.shown: list[int] = []

    def step(self, ids: Sequence[int] | NDArray[np.int64], state: LSTMState) -> NDArray[np.float32]:
        self.shown.append(len(self.given))
        return super().step(ids, state)


@pytest.mark.parametrize("stop", ["!", "aab!", "aba!", "abab!", "bbbb!"])
def test_only_what_may_begin_the_stop_string_is_held_back(stop: str) -> None:
    model = Watched(random_checkpoint("ab", hidden_size=2, embedding_dim=2))
    for drawn in Completion(
        Sampler(model, "b", HOT, 1), 100, Ending(stop)
    ):  # the stop string never completes
        model.given += drawn.character
    assert len(model.given) == len(model.shown) == 100
    for drawn_by_then, shown in enumerate(model.shown):
        text = model.given[:drawn_by_then]
        begun = max(k for k in range(len(stop)) if text.endswith(stop[:k]))
        assert drawn_by_then - shown == begun


# Continuing


@settings(max_examples=150)
@given(st.lists(st.integers(0, 12), max_size=6), st.integers(0, 50))
def test_a_draft_goes_on_like_one_that_was_longer_from_the_start(
    steps: list[int], seed: int
) -> None:
    going = draft(0, seed=seed)
    given: list[Sampled] = []
    for step in steps:
        going.length += step
        given += going
        assert going.done and len(given) == going.length
        assert next(going, None) is None
    assert given == list(draft(sum(steps), seed=seed))


@settings(max_examples=300)
@given(STOPS, st.integers(0, 50), st.lists(st.integers(0, 8), max_size=6))
def test_a_draft_with_a_stop_string_is_at_each_end_one_that_was_that_long_from_the_start(
    stop: str | list[str], seed: int, steps: list[int]
) -> None:
    going, given = draft(0, stop, seed), ""
    for step in steps:
        going.length += step
        given += text_of(going)
        assert going.done
        assert given == text_of(draft(going.length, stop, seed))
    whole = text_of(draft(sum(steps), stop, seed))
    assert given.startswith(whole)  # characters yielded before the stop string was found stay
    assert not any(each in given for each in ([stop] if isinstance(stop, str) else stop) if each)


def test_a_stop_string_that_begins_in_what_was_given_ends_the_draft_there() -> None:
    whole = text_of(draft(40))
    stop = whole[9:14]
    assert whole.find(stop) == 9
    going = draft(11, stop)
    assert (text_of(going), going.stopped) == (whole[:11], False)
    going.length = 40
    assert (text_of(going), going.stopped, going.length) == ("", True, 11)


def test_what_the_stop_string_ended_cannot_go_on() -> None:
    whole = text_of(draft(40))
    going = draft(40, whole[20:24])
    text = text_of(going)
    assert whole.startswith(text) and len(text) < 40
    going.length = 80
    assert (text_of(going), going.stopped, going.done, going.length) == ("", True, True, 40)


@settings(max_examples=150)
@given(STOPS, st.integers(0, 50), st.integers(0, 30))
def test_a_draft_left_early_is_one_that_was_that_long_from_the_start_and_can_go_on(
    stop: str | list[str], seed: int, taken: int
) -> None:
    leaving = draft(30, stop, seed)
    given = text_of(islice(leaving, taken))
    leaving.length = len(given)
    assert leaving.done and next(leaving, None) is None
    assert given == text_of(draft(leaving.length, stop, seed))
    leaving.length = 30
    assert given + text_of(leaving) == text_of(draft(30, stop, seed))


def test_a_length_below_what_was_given_changes_nothing_that_comes() -> None:
    going = draft(30)
    given = text_of(islice(going, 10))
    going.length = 4
    assert going.done and next(going, None) is None
    going.length = 30
    assert given + text_of(going) == text_of(draft(30))


def test_a_draft_is_done_when_its_length_is_reached_and_not_before() -> None:
    going = draft(3)
    assert [going.done for _ in going] == [False, False, True]
    going.length = 4
    assert not going.done
    assert draft(0).done and draft(-1).done


# Changing the settings


def test_settings_hold_from_the_next_character_drawn() -> None:
    steered = draft(20)
    start = text_of(islice(steered, 10))
    steered.config = SamplingConfig(0)
    rest = text_of(steered)
    assert start == text_of(draft(10))
    assert rest == text_of(Completion(Sampler(TINY, "ab" + start, SamplingConfig(0), 0), 10))
    assert steered.changes == (SamplingChange(10, 0, 0, 1.0),)


def test_a_change_counts_what_was_drawn_though_some_of_it_is_still_held_back() -> None:
    whole = text_of(draft(20))
    model = Watched(random_checkpoint("ab", hidden_size=2, embedding_dim=2))
    steered = Completion(Sampler(model, "ab", HOT, 0), 20, Ending(whole[5:8] + "!"))
    while (drawn := len(model.shown)) < 8:
        model.given += next(steered).character
    assert len(model.given) < drawn
    steered.config = SamplingConfig(0)
    assert steered.changes == (SamplingChange(drawn, 0, 0, 1.0),)


def test_changes_at_one_place_are_one_and_a_change_back_is_none() -> None:
    steered = draft(30)
    steered.config = HOT
    assert not steered.changes
    steered.config = SamplingConfig(1.0)
    steered.config = SamplingConfig(2.0, 1)
    assert steered.changes == (SamplingChange(0, 2.0, 1, 1.0),)
    steered.config = HOT
    assert not steered.changes and steered.config == HOT
    next(steered)
    steered.config = SamplingConfig(1.0)
    next(steered)
    steered.config = SamplingConfig(2.0)
    steered.config = SamplingConfig(1.0)
    assert steered.changes == (SamplingChange(1, 1.0, 0, 1.0),)
    steered.config = HOT
    assert steered.changes == (SamplingChange(1, 1.0, 0, 1.0), SamplingChange(2, 3.0, 0, 1.0))


@settings(max_examples=200)
@given(
    STOPS,
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 9), CHOICES), max_size=6),
    st.integers(0, 40),
)
def test_a_steered_text_is_written_again_from_its_changes(
    stop: str | list[str], seed: int, turns: list[tuple[int, SamplingConfig]], length: int
) -> None:
    steered = draft(length, stop, seed)
    given: list[Sampled] = []
    for taken, chosen in turns:
        given += islice(steered, taken)
        steered.config = chosen
        assert steered.config == chosen
    given += steered
    again = draft(steered.length, stop, seed, steered.changes)
    assert list(again) == given
    assert (again.changes, again.config) == (steered.changes, steered.config)
    if not steered.stopped:
        steered.length = again.length = length + 20
        assert list(again) == list(steered)


@settings(max_examples=150)
@given(STOPS, st.integers(0, 50), st.lists(st.tuples(st.integers(0, 9), CHOICES), max_size=6))
def test_a_steered_text_that_is_left_early_is_written_again_too(
    stop: str | list[str], seed: int, turns: list[tuple[int, SamplingConfig]]
) -> None:
    steered = draft(60, stop, seed)
    text = ""
    for taken, chosen in turns:
        text += text_of(islice(steered, taken))
        steered.config = chosen
    steered.length = len(text)
    assert all(each.position <= steered.length for each in steered.changes)
    assert text_of(draft(steered.length, stop, seed, steered.changes)) == text


def test_changes_are_applied_and_listed_once_they_are_due() -> None:
    ahead = (
        SamplingChange(0, 1.0, 1, 1.0),
        SamplingChange(3, 0.5, 0, 1.0),
        SamplingChange(5, 2.0, 0, 0.5),
    )
    following = draft(5, changes=ahead)
    seen = [(following.config, len(following.changes))]
    seen += [(following.config, len(following.changes)) for _ in following]
    first, second, third = (each.config for each in ahead)
    assert seen == [*[(first, 1)] * 3, *[(second, 2)] * 2, (third, 3)]


def test_who_steers_a_text_that_is_written_again_has_the_wheel() -> None:
    following = draft(
        30, changes=[SamplingChange(10, 0.5, 0, 1.0), SamplingChange(20, 2.0, 0, 1.0)]
    )
    list(islice(following, 15))
    following.config = SamplingConfig(0)
    list(following)
    assert following.changes == (SamplingChange(10, 0.5, 0, 1.0), SamplingChange(15, 0, 0, 1.0))


# Bounds


def test_an_endless_draft_takes_no_more_memory_as_it_goes() -> None:
    endless = draft(sys.maxsize, "abababab!")

    def peak(characters: int) -> int:
        tracemalloc.reset_peak()
        for _ in islice(endless, characters):
            pass
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(100)
        few, many = peak(1_000), peak(20_000)
    finally:
        tracemalloc.stop()
    assert many < few + 2_000


def test_a_draft_draws_what_a_stream_does() -> None:
    model = NumpyLSTM(random_checkpoint())
    drawn = list(Completion(Sampler(model, "the ", SamplingConfig(), 3), 50))
    assert drawn == list(islice(Sampler(model, "the ", SamplingConfig(), 3), 50))


@pytest.mark.parametrize(
    ("wrong", "message"), [({"seed": -1}, "seed"), ({"prompt": "☃"}, "'☃' at position 0")]
)
def test_what_a_stream_refuses_is_refused_at_once(wrong: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"prompt": "a", "config": HOT, "seed": 0}
    with pytest.raises(CharloomError, match=message):
        Sampler(TINY, **arguments | wrong)
