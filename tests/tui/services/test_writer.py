"""The thread that writes, against drafts that are drawn without one."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from charloom.core.model.numpy_lstm import LSTMState, NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.services.writer import GenerationJob, GenerationThread
from tests.helpers.factories import random_checkpoint

MODEL = NumpyLSTM(random_checkpoint())
WARM = SamplingConfig(1.0)
LONG = 10_000_000


def candidate(
    length: int = 200, seed: int = 3, stop: str = "", model: NumpyLSTM = MODEL
) -> GenerationJob:
    return GenerationJob(model, "the ", WARM, seed, length, stop)


def drawn(length: int, seed: int = 3) -> str:
    return "".join(c for c, _ in Completion(Sampler(MODEL, "the ", WARM, seed), length))


def again(made: GenerationJob) -> str:
    """Return what the record of a candidate gives."""
    draft = Completion(
        Sampler(MODEL, made.prompt, made.initial_sampling, made.seed),
        made.length,
        made.stop,
        made.changes,
    )
    return "".join(character for character, _ in draft)


def wait(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_candidate_is_what_a_draft_would_be_and_its_figures_are_those_of_the_text() -> None:
    made = candidate()
    GenerationThread([made]).join()
    reference = list(Completion(Sampler(MODEL, "the ", WARM, 3), 200))
    assert made.take_text() == "".join(each.character for each in reference)
    assert (made.count, made.length, made.changes, made.stopped) == (200, 200, (), False)
    assert made.bits == pytest.approx(-sum(np.log2([each.probability for each in reference])))
    assert made.probability == pytest.approx(sum(each.probability for each in reference))
    assert made.seconds > 0


def test_candidates_are_written_side_by_side() -> None:
    slow, stopper = candidate(LONG, 1), candidate(100, 2)
    writer = GenerationThread([slow, stopper])
    wait(lambda: stopper.count == 100)
    assert slow.count >= 84
    writer.stop()
    writer.join()
    assert stopper.take_text() == drawn(100, 2)
    text = slow.take_text()
    assert text == drawn(len(text), 1)


def test_the_text_comes_while_it_is_written() -> None:
    made = candidate(LONG)
    writer = GenerationThread([made])
    text = ""
    while len(text) < 5_000:
        text += made.take_text()
    writer.stop()
    writer.join()
    text += made.take_text()
    assert text == drawn(len(text)) and made.count == len(text)


def test_what_was_stopped_is_on_record_as_if_it_had_been_that_long() -> None:
    made = candidate(LONG)
    writer = GenerationThread([made])
    wait(lambda: made.count > 50)
    writer.stop()
    writer.join()
    assert not writer.running and writer.stopping
    text = made.take_text()
    assert made.length == len(text) == made.count and again(made) == text


def test_it_goes_on_from_where_it_was() -> None:
    made = candidate(40)
    first = GenerationThread([made])
    first.join()
    made.length = 100
    GenerationThread([made], first).join()
    assert made.take_text() == drawn(100) and made.length == 100


def test_it_may_be_gone_on_with_before_the_end_has_come() -> None:
    made = candidate(LONG)
    first = GenerationThread([made])
    wait(lambda: made.count)
    first.stop()
    made.length = 60_000
    second = GenerationThread([made], first)
    second.join()
    text = made.take_text()
    assert text == drawn(len(text)) and made.length == len(text)


def test_settings_hold_from_the_next_slice_and_are_on_record() -> None:
    made = candidate(LONG)
    writer = GenerationThread([made])
    wait(lambda: made.count > 50)
    made.sampling = SamplingConfig(3.0, 5)
    wait(lambda: made.count > 5_000)
    made.sampling = SamplingConfig(0)
    made.length = made.count + 5_000
    writer.join()
    assert [each.settings for each in made.changes] == [SamplingConfig(3.0, 5), SamplingConfig(0)]
    assert 0 < made.changes[0].position < made.changes[1].position < made.count
    assert again(made) == made.take_text()


def test_a_length_below_what_was_written_ends_it_there() -> None:
    made = candidate(LONG)
    writer = GenerationThread([made])
    wait(lambda: made.count > 50)
    made.length = 10
    writer.join()
    text = made.take_text()
    assert made.length == len(text) > 50 and again(made) == text


def test_what_its_stop_string_ended_cannot_go_on() -> None:
    whole = drawn(200)
    made = candidate(200, stop=whole[60:64])
    GenerationThread([made]).join()
    assert made.stopped and not made.can_continue
    assert made.take_text() == whole[: whole.find(whole[60:64])]
    assert made.length == 200


def test_stopped_before_the_first_character_there_is_nothing_and_it_can_begin_later() -> None:
    class Waiting(NumpyLSTM):
        def logits(self, ids: NDArray[np.int64], state: LSTMState) -> NDArray[np.float32]:
            reading.set()
            assert read.wait(20)
            return super().logits(ids, state)

    reading, read = threading.Event(), threading.Event()
    made = candidate(30, model=Waiting(random_checkpoint()))
    writer = GenerationThread([made])
    assert reading.wait(20)
    writer.stop()
    read.set()
    writer.join()
    assert (made.count, made.take_text(), writer.error) == (0, "", "")
    made.length = 30
    GenerationThread([made], writer).join()
    assert made.take_text() == drawn(30)


class Breaking(NumpyLSTM):
    """Fails at the character number ``at``."""

    at, kind = 40, ValueError

    def step(self, ids: Sequence[int] | NDArray[np.int64], state: LSTMState) -> NDArray[np.float32]:
        self.at -= 1
        if self.at < 0:
            raise self.kind("the loom broke")
        return super().step(ids, state)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (ValueError, "Generation failed (ValueError: the loom broke)."),
        (MemoryError, "Not enough memory to continue. Choose a smaller model."),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence_and_the_text_so_far_stays(
    kind: type[Exception], sentence: str
) -> None:
    model = Breaking(random_checkpoint())
    model.kind = kind  # type: ignore[assignment]
    made = candidate(200, model=model)
    writer = GenerationThread([made])
    writer.join()
    assert writer.error == sentence
    assert made.take_text() == drawn(40)
    assert made.count == made.length == 40 and again(made) == drawn(40)


def test_what_a_draft_refuses_is_told_as_it_says_it() -> None:
    made = candidate(seed=2**63)
    writer = GenerationThread([made])
    writer.join()
    assert "--seed is a whole number" in writer.error


def test_a_model_that_was_let_go_of_takes_no_memory() -> None:
    model = NumpyLSTM(random_checkpoint())
    made = candidate(20, model=model)
    GenerationThread([made]).join()
    assert made.can_continue
    made.release()
    known = weakref.ref(model)
    del model
    gc.collect()
    assert known() is None and not made.can_continue
    assert made.take_text() == drawn(20)


def test_a_process_does_not_wait_for_a_text_that_is_being_written() -> None:
    made = candidate(LONG)
    writer = GenerationThread([made])
    assert all(each.daemon for each in threading.enumerate() if each.name == "writer")
    writer.stop()
    writer.join()
