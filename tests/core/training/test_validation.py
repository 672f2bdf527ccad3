from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from charloom.core.analysis.lanes import Mean
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training import validation
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.schedule import RunBudget, Stopwatch
from charloom.core.training.task import RunState
from charloom.core.training.validation import Validator
from tests.helpers.factories import random_checkpoint

pytestmark = pytest.mark.usefixtures("torch_as_it_was")
CPU = ComputeConfig(torch.device("cpu"), "float32", 1)


def ids(characters: int, vocab_size: int = 60) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(vocab_size, size=characters)


def validator(network: CharLSTM, held_out: NDArray[np.int64], **training: Any) -> Validator:
    budget = RunBudget(TrainConfig(**training), 9, Stopwatch(0.0))
    return Validator(network, held_out, CPU, budget, RunState())


@pytest.mark.parametrize(("vocab_size", "counted"), [(60, 24_576), (6_000, 8_192), (65_536, 2_048)])
def test_a_validation_counts_fewer_characters_with_a_large_vocabulary(
    vocab_size: int, counted: int
) -> None:
    torch.set_num_threads(1)
    network = CharLSTM(ModelConfig(vocab_size=vocab_size, embedding_dim=1, hidden_size=1))
    validated = validator(network, ids(50_000), minutes=1).validate(1, 0.1)
    assert validated.counted_characters == counted
    assert validated.standard_error


def measured(
    monkeypatch: pytest.MonkeyPatch, errors: list[float | None], **losses: Any
) -> list[validation.FinalLosses]:
    """Return the measures of a checkpoint that has ``losses``, 500,000 characters each."""

    def evaluate(_network: CharLSTM, text: NDArray[np.int64], limit: int) -> Iterator[list[Mean]]:
        assert limit == len(text) - 1
        for index, error in enumerate(errors):
            yield [Mean(2.0, error, (index + 1) * 500_000), Mean(2.1, error, (index + 1) * 500_000)]

    monkeypatch.setattr(validation, "evaluate", evaluate)
    checkpoint = random_checkpoint(losses=Losses(**losses))
    text = np.zeros(2_000_001, np.int64)
    return [*validator(CharLSTM(checkpoint.model), text, steps=9).final_losses(checkpoint)]


def test_a_run_is_measured_until_the_measure_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_, last = measured(monkeypatch, [0.001, 0.003, 0.002, 0.0019])
    assert (first.counted, first.losses, first.limit) == (0, Losses(), 2_000_000)
    assert last.counted == last.losses.carried_characters == 1_500_000
    assert (last.losses.carried, last.losses.windowed_256) == (2.0, 2.1)
    assert last.losses.carried_standard_error == 0.002


def test_all_is_read_if_it_does_not_become_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, [None, 0.1, 0.1, 0.1])[-1].counted == 2_000_000


def test_a_measure_on_more_characters_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {"carried": 1.0, "windowed_256": 1.1, "carried_characters": 1_200_000}
    _, less, *_, more = measured(monkeypatch, [0.1, 0.1, 0.1], **known)
    assert less.losses == Losses(**known)
    assert more.losses.carried == 2.0
    assert not measured(monkeypatch, [0.1], **known | {"carried_characters": 2_000_000})
