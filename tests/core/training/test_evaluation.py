import math
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from charloom.core.analysis import scoring
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training import evaluation
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.schedule import RunBudget, Stopwatch
from charloom.core.training.task import RunState
from tests.helpers.factories import random_checkpoint

CHECKPOINT = random_checkpoint(hidden_size=12)
MODEL = CharLSTM(CHECKPOINT.model)
MODEL.load(CHECKPOINT.tensors)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for so small a network a second one only waits
    yield
    torch.set_num_threads(threads)


def ids(characters: int) -> Tensor:
    source = torch.Generator().manual_seed(characters)
    return torch.randint(len(CHECKPOINT.vocab), (characters,), generator=source)


def in_one_pass(text: Tensor) -> Tensor:
    """Return the loss of every character but the first, each predicted from all before it."""
    with torch.no_grad():
        logits = MODEL(text[None, :-1])[0][0]
    return functional.cross_entropy(logits, text[1:], reduction="none").double()


@pytest.mark.parametrize("characters", [2, 3, 257, 700, 3_000])
def test_carried_on_a_short_text_is_one_pass_over_it(characters: int) -> None:
    text = ids(characters)
    loss = evaluation.carried(MODEL, text)
    assert loss.counted == characters - 1
    assert loss.nats == pytest.approx(float(in_one_pass(text).mean()), abs=1e-5)


def test_carried_in_lanes_counts_every_character_once_with_enough_before_it() -> None:
    text = ids(9_001)
    loss = evaluation.carried(MODEL, text)
    assert loss.counted == 9_000
    assert loss.read == 4 * (2_250 + scoring.CONTEXT)
    assert loss.read + 9_000 <= evaluation.max_characters_read(9_000)
    # This small network forgets within far fewer than the 1,000 characters that lanes repeat.
    assert loss.nats == pytest.approx(float(in_one_pass(text).mean()), abs=1e-5)


def test_a_lane_reads_the_thousand_characters_before_those_it_counts() -> None:
    lasting = {n: t.copy() for n, t in CHECKPOINT.tensors.items()}
    lasting["lstm.bias_ih_l0"][12:24] = 9.0  # an open forget gate: what was read stays
    model = CharLSTM(CHECKPOINT.model)
    model.load(lasting)
    text = ids(8_001)
    losses = []
    for first in (0, 2_000, 4_000, 6_000):
        with torch.no_grad():
            read = text[max(0, first - 1_000) : first + 2_001]
            logits = model(read[None, :-1])[0][0]
        losses.append(functional.cross_entropy(logits[-2_000:], read[-2_000:]))
    expected = torch.stack(losses).double().mean()
    assert evaluation.carried(model, text).nats == pytest.approx(float(expected), abs=1e-5)


def test_carried_with_a_limit_counts_stretches_spread_over_the_text() -> None:
    text = ids(30_001)
    loss = evaluation.carried(MODEL, text, limit=8_000)
    assert loss.counted == 8_000
    losses = in_one_pass(text)
    stretches = [losses[k * 30_000 // 4 : k * 30_000 // 4 + 2_000] for k in range(4)]
    assert loss.nats == pytest.approx(float(torch.cat(stretches).mean()), abs=1e-5)


@settings(max_examples=40)
@given(characters=st.integers(2, 100), window=st.integers(1, 40))
def test_windowed_is_every_window_from_the_empty_state(characters: int, window: int) -> None:
    text = ids(characters)
    pieces = [in_one_pass(text[i : i + window + 1]) for i in range(0, characters - 1, window)]
    loss = evaluation.windowed(MODEL, text, window)
    assert loss.counted == characters - 1
    assert loss.nats == pytest.approx(float(torch.cat(pieces).mean()), abs=1e-5)


def test_training_and_the_score_command_measure_alike() -> None:
    text = ids(5_000)
    written = CHECKPOINT.vocab.decode(text.numpy())
    model = NumpyLSTM(CHECKPOINT)
    carried, windowed = scoring.carried(model, written), scoring.windowed(model, written, 256)
    assert evaluation.carried(MODEL, text).nats == pytest.approx(carried.nats_per_char, abs=1e-4)
    assert evaluation.windowed(MODEL, text).nats == pytest.approx(windowed.nats_per_char, abs=1e-4)


def test_a_network_that_knows_nothing_is_at_chance() -> None:
    blank = CharLSTM(CHECKPOINT.model)
    with torch.no_grad():
        blank.head.weight.zero_()
    chance = math.log(len(CHECKPOINT.vocab))
    assert evaluation.carried(blank, ids(500)).nats == pytest.approx(chance)


def test_evaluation_leaves_the_network_in_training() -> None:
    MODEL.train()
    evaluation.carried(MODEL, ids(50))
    assert MODEL.training


@pytest.mark.parametrize(("vocab_size", "counted"), [(60, 24_000), (6_000, 8_000), (65_536, 2_000)])
def test_a_validation_counts_fewer_characters_with_a_large_vocabulary(
    vocab_size: int, counted: int
) -> None:
    network = CharLSTM(ModelConfig(vocab_size=vocab_size, embedding_dim=1, hidden_size=1))
    compute = ComputeConfig(torch.device("cpu"), "float32", 1)
    budget = RunBudget(TrainConfig(minutes=1), 9, Stopwatch(0.0))
    validator = evaluation.Validator(network, ids(50_000), compute, budget, RunState())
    assert validator.validate(1, 0.1).counted_characters == pytest.approx(counted, abs=16)
