import random
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from charloom.core.analysis.scoring import carried
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import BaseInfo
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.commands import Command
from charloom.core.runs.events import Finished, RunWarning, bits
from charloom.core.training.task import TrainingTask
from tests.helpers.training_tasks import MemorySink, after, events, of_kind, same, small_task

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

BASE = BaseInfo("words", 600, "0" * 64)
WORDS = re.findall(
    r"\w+", "sea wind loom grey was the and of letter low still spoke nobody night ship"
)


def text(seed: int, words: int) -> str:
    """Return other words of the same language for every seed."""
    return " ".join(random.Random(seed).choices(WORDS, k=words)) + " "


@pytest.fixture(scope="module")
def base() -> Checkpoint:
    sink = MemorySink()
    training = {"steps": 600, "batch_size": 16, "learning_rate": 0.0018}
    events(small_task(text(1, 1_500), hidden_size=24, **training), sink)
    return sink.checkpoints[600]


def tuning(base: Checkpoint, text: str, held_out: float = 0.3, **bound: float) -> TrainingTask:
    """Return the task to continue on so little text that the base is soon left behind."""
    settings = {"learning_rate": 0.02, "warmup": 0.0, "held_out": held_out, "patience": 1.0} | bound
    task = small_task(text, hidden_size=24, **settings)
    assert set(task.vocab.chars) == set(base.vocab.chars)
    return replace(task, start=base.tensors, base=BASE)


def mean(
    old: Mapping[str, NDArray[np.floating]], new: Mapping[str, NDArray[np.floating]], share: float
) -> dict[str, NDArray[np.float32]]:
    return {
        name: ((1 - share) * old[name].astype(float) + share * new[name]).astype(np.float32)
        for name in new
    }


def test_the_average_that_predicts_the_held_out_text_best_is_the_best_checkpoint(
    base: Checkpoint,
) -> None:
    ours = text(2, 80)
    stopped, sink = MemorySink(), MemorySink()
    events(tuning(base, ours, steps=60), stopped, next_command=after(40, Command("stop")))
    seen = events(tuning(base, ours, steps=60), sink)
    end = seen[-1]
    assert isinstance(end, Finished) and end.best_step == 30
    trained, best = stopped.checkpoints[30], sink.checkpoints[30]
    losses = {}
    for share in (0.3, 0.5, 0.7, 1.0):
        network = NumpyLSTM(replace(trained, tensors=mean(base.tensors, trained.tensors, share)))
        held_out = ours[round(0.7 * len(ours)) :]
        losses[share] = carried(network, held_out).nats_per_char
    share = min(losses, key=losses.__getitem__)
    assert share < 1 and best.base == replace(BASE, share=1 - share)
    for name, weights in mean(base.tensors, trained.tensors, share).items():
        np.testing.assert_allclose(best.tensors[name], weights, atol=1e-6)
    assert end.best_val_loss == best.losses.validation == pytest.approx(losses[share], abs=1e-4)
    assert end.val_loss == best.losses.carried
    (warning,) = of_kind(RunWarning, seen)
    assert warning.message == (
        f"Averaged with the weights of words: with {share:.0%} of the new ones, the held-out text "
        f"takes {bits(losses[share]):.3f} bits/char instead of {bits(losses[1]):.3f}."
    )


def test_trained_weights_that_predict_better_than_an_average_are_kept(base: Checkpoint) -> None:
    reversed_words = text(3, 400)[::-1]
    sink = MemorySink()
    seen = events(tuning(base, reversed_words, steps=300), sink)
    end = seen[-1]
    assert isinstance(end, Finished) and end.best_step > 0
    assert sink.checkpoints[end.best_step].base == BASE and not of_kind(RunWarning, seen)


def test_a_run_from_a_base_that_is_stopped_and_resumed_ends_bit_for_bit_alike(
    base: Checkpoint,
) -> None:
    task = tuning(base, text(2, 80), steps=60)
    undisturbed, sink = MemorySink(), MemorySink()
    events(task, undisturbed)
    events(task, sink, next_command=after(40, Command("stop")))
    best = sink.checkpoints[30]
    assert best.base == BASE  # not averaged yet
    events(task, sink, resume=sink.state)
    for step in (30, 60):
        assert same(sink, undisturbed, step)
        assert sink.checkpoints[step].base == undisturbed.checkpoints[step].base
    assert sink.checkpoints[30].base != BASE


def test_a_run_of_minutes_averages_also_when_it_is_stopped_and_only_once(base: Checkpoint) -> None:
    task, sink = tuning(base, text(2, 80), minutes=60), MemorySink()
    (warning,) = of_kind(RunWarning, events(task, sink, next_command=after(30, Command("stop"))))
    assert warning.message.startswith("Averaged with the weights of words")
    first = MemorySink()
    first.checkpoints.update(sink.checkpoints)
    assert first.checkpoints[30].base != BASE
    resumed = events(task, sink, resume=sink.state, next_command=after(0, Command("stop")))
    assert not of_kind(RunWarning, resumed) and same(sink, first, 30)


def test_where_nothing_is_held_out_nothing_is_averaged(base: Checkpoint) -> None:
    sink = MemorySink()
    seen = events(tuning(base, text(2, 80), held_out=0.0, steps=60), sink)
    assert sink.checkpoints[60].base == BASE and not of_kind(RunWarning, seen)
