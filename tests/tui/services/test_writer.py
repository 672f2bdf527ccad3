"""The generation thread, compared with completions job without it."""

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
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampler
from charloom.tui.services.writer import GenerationJob, GenerationThread
from tests.helpers.factories import random_checkpoint

MODEL = NumpyLSTM(random_checkpoint())
WARM = SamplingConfig(1.0)
LONG = 10_000_000


def new_job(
    length: int = 200, seed: int = 3, stop: tuple[str, ...] = (), model: NumpyLSTM = MODEL
) -> GenerationJob:
    return GenerationJob(model, "the ", WARM, seed, length, Ending(stop))


def drawn(length: int, seed: int = 3) -> str:
    return "".join(c for c, _ in Completion(Sampler(MODEL, "the ", WARM, seed), length))


def again(job: GenerationJob) -> str:
    """Return the text that the record of a job reproduces."""
    completion = Completion(
        Sampler(MODEL, job.prompt, job.initial_sampling, job.seed),
        job.length,
        job.ending,
        job.changes,
    )
    return "".join(character for character, _ in completion)


def wait(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_job_gives_the_text_of_a_completion_and_its_figures() -> None:
    job = new_job()
    GenerationThread([job]).join()
    reference = list(Completion(Sampler(MODEL, "the ", WARM, 3), 200))
    assert job.take_text() == "".join(each.character for each in reference)
    assert (job.count, job.length, job.changes, job.stopped) == (200, 200, (), False)
    assert job.bits == pytest.approx(-sum(np.log2([each.probability for each in reference])))
    assert job.probability == pytest.approx(sum(each.probability for each in reference))
    assert job.seconds > 0


def test_candidates_are_written_side_by_side() -> None:
    slow, stopper = new_job(LONG, 1), new_job(100, 2)
    writer = GenerationThread([slow, stopper])
    wait(lambda: stopper.count == 100)
    assert slow.count >= 84
    writer.stop()
    writer.join()
    assert stopper.take_text() == drawn(100, 2)
    text = slow.take_text()
    assert text == drawn(len(text), 1)


def test_the_text_comes_while_it_is_written() -> None:
    job = new_job(LONG)
    writer = GenerationThread([job])
    text = ""
    while len(text) < 5_000:
        text += job.take_text()
    writer.stop()
    writer.join()
    text += job.take_text()
    assert text == drawn(len(text)) and job.count == len(text)


def test_what_was_stopped_is_on_record_as_if_it_had_been_that_long() -> None:
    job = new_job(LONG)
    writer = GenerationThread([job])
    wait(lambda: job.count > 50)
    writer.stop()
    writer.join()
    assert not writer.running and writer.stopping
    text = job.take_text()
    assert job.length == len(text) == job.count and again(job) == text


def test_it_continues_where_it_stopped() -> None:
    job = new_job(40)
    first = GenerationThread([job])
    first.join()
    job.length = 100
    GenerationThread([job], first).join()
    assert job.take_text() == drawn(100) and job.length == 100


def test_it_can_be_continued_before_the_end() -> None:
    job = new_job(LONG)
    first = GenerationThread([job])
    wait(lambda: job.count)
    first.stop()
    job.length = 60_000
    second = GenerationThread([job], first)
    second.join()
    text = job.take_text()
    assert text == drawn(len(text)) and job.length == len(text)


def test_settings_hold_from_the_next_slice_and_are_on_record() -> None:
    job = new_job(LONG)
    writer = GenerationThread([job])
    wait(lambda: job.count > 50)
    job.sampling = SamplingConfig(3.0, 5)
    wait(lambda: job.count > 5_000)
    job.sampling = SamplingConfig(0)
    job.length = job.count + 5_000
    writer.join()
    assert [each.config for each in job.changes] == [SamplingConfig(3.0, 5), SamplingConfig(0)]
    assert 0 < job.changes[0].position < job.changes[1].position < job.count
    assert again(job) == job.take_text()


def test_a_length_below_what_was_written_ends_it_there() -> None:
    job = new_job(LONG)
    writer = GenerationThread([job])
    wait(lambda: job.count > 50)
    job.length = 10
    writer.join()
    text = job.take_text()
    assert job.length == len(text) > 50 and again(job) == text


def test_a_text_ended_by_its_stop_string_cannot_continue() -> None:
    whole = drawn(200)
    job = new_job(200, stop=(whole[60:64],))
    GenerationThread([job]).join()
    assert job.stopped and not job.can_continue
    assert job.take_text() == whole[: whole.find(whole[60:64])]
    assert job.length == 200


def test_stopped_before_the_first_character_there_is_nothing_and_it_can_begin_later() -> None:
    class Waiting(NumpyLSTM):
        def logits(self, ids: NDArray[np.int64], state: LSTMState) -> NDArray[np.float32]:
            reading.set()
            assert read.wait(20)
            return super().logits(ids, state)

    reading, read = threading.Event(), threading.Event()
    job = new_job(30, model=Waiting(random_checkpoint()))
    writer = GenerationThread([job])
    assert reading.wait(20)
    writer.stop()
    read.set()
    writer.join()
    assert (job.count, job.take_text(), writer.error) == (0, "", "")
    job.length = 30
    GenerationThread([job], writer).join()
    assert job.take_text() == drawn(30)


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
def test_an_error_is_reported_as_a_sentence_and_keeps_the_text_so_far(
    kind: type[Exception], sentence: str
) -> None:
    model = Breaking(random_checkpoint())
    model.kind = kind  # type: ignore[assignment]
    job = new_job(200, model=model)
    writer = GenerationThread([job])
    writer.join()
    assert writer.error == sentence
    assert job.take_text() == drawn(40)
    assert job.count == job.length == 40 and again(job) == drawn(40)


def test_an_error_of_the_completion_is_reported_as_it_is() -> None:
    job = new_job(seed=2**63)
    writer = GenerationThread([job])
    writer.join()
    assert "‘seed’ is a whole number" in writer.error


def test_a_released_model_takes_no_memory() -> None:
    model = NumpyLSTM(random_checkpoint())
    job = new_job(20, model=model)
    GenerationThread([job]).join()
    assert job.can_continue
    job.release()
    known = weakref.ref(model)
    del model
    gc.collect()
    assert known() is None and not job.can_continue
    assert job.take_text() == drawn(20)


def test_a_process_does_not_wait_for_a_text_that_is_being_written() -> None:
    job = new_job(LONG)
    writer = GenerationThread([job])
    assert all(each.daemon for each in threading.enumerate() if each.name == "writer")
    writer.stop()
    writer.join()
