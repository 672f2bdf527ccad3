import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from charloom.core.analysis import scoring
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training import evaluation
from tests.helpers.factories import random_checkpoint

CHECKPOINT = random_checkpoint(hidden_size=12)
MODEL = CharLSTM(CHECKPOINT.model)
MODEL.load(CHECKPOINT.tensors)
LASTING = CharLSTM(CHECKPOINT.model)  # with an open forget gate: what was read stays
LASTING.load(CHECKPOINT.tensors)
with torch.no_grad():
    dict(LASTING.named_parameters())["layers.0.bias_ih_l0"][12:24] = 9.0


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for so small a network a second one only waits
    yield
    torch.set_num_threads(threads)


def ids(characters: int) -> NDArray[np.int64]:
    return np.random.default_rng(characters).integers(len(CHECKPOINT.vocab), size=characters)


def in_one_pass(text: NDArray[np.int64], model: CharLSTM = MODEL) -> Tensor:
    """Return the loss of every character but the first, each predicted from all before it."""
    read = torch.from_numpy(text)
    with torch.no_grad():
        logits = model(read[None, :-1])[0][0]
    return functional.cross_entropy(logits, read[1:], reduction="none").double()


@pytest.mark.parametrize("characters", [2, 3, 257, 700, 1_200])
def test_carried_on_a_short_text_is_one_pass_over_it(characters: int) -> None:
    text = ids(characters)
    loss = evaluation.carried(LASTING, text)
    assert loss.characters == characters - 1
    assert loss.nats == pytest.approx(float(in_one_pass(text, LASTING).mean()), abs=1e-5)


def test_carried_in_lanes_counts_every_character_once_with_enough_before_it() -> None:
    text = ids(9_001)
    loss = evaluation.carried(MODEL, text)
    assert loss.characters == 9_000
    # This small network forgets within far fewer than the 1,024 characters that lanes repeat.
    assert loss.nats == pytest.approx(float(in_one_pass(text).mean()), abs=1e-5)


def test_a_lane_reads_the_thousand_characters_before_those_it_counts() -> None:
    text = ids(16 * 3 * 256 + 1)  # 16 lanes of 3 windows
    losses = []
    for first in range(0, len(text) - 1, 3 * 256):
        read = text[max(0, first - 1_024) : first + 3 * 256 + 1]
        losses.append(in_one_pass(read, LASTING)[-3 * 256 :])
    expected = float(torch.cat(losses).mean())
    assert evaluation.carried(LASTING, text).nats == pytest.approx(expected, abs=1e-5)
    assert abs(expected - float(in_one_pass(text, LASTING).mean())) > 1e-5


def test_both_measures_are_of_the_same_stretches_spread_over_the_text() -> None:
    text = ids(128 * 256 + 100)
    starts = [k * 129 // 16 * 256 for k in range(16)]
    whole = in_one_pass(text)
    stretches = torch.stack([whole[start : start + 512] for start in starts])
    windows = [in_one_pass(text[i : i + 257]) for start in starts for i in (start, start + 256)]
    *context, first, second = evaluation.evaluate(MODEL, text, limit=8_192)
    assert context == [[]] * 4
    carried, windowed = second
    assert first[0].characters == first[1].characters == 16 * 256
    assert carried.characters == windowed.characters == 16 * 512
    assert carried.nats == pytest.approx(float(stretches.mean()), abs=1e-5)
    assert windowed.nats == pytest.approx(float(torch.cat(windows).mean()), abs=1e-5)
    error = float(stretches.mean(dim=1).std() / 4)  # of the mean of 16 lanes
    assert carried.standard_error == pytest.approx(error, rel=1e-4)


def test_the_standard_error_is_the_spread_of_measures_of_other_texts() -> None:
    measured = [evaluation.windowed(MODEL, ids(4_096 + k)) for k in range(60)]
    spread = float(np.std([loss.nats for loss in measured]))
    errors = [loss.standard_error or 0.0 for loss in measured]
    assert float(np.mean(errors)) == pytest.approx(spread, rel=0.25)


def test_a_text_in_one_lane_has_no_standard_error() -> None:
    assert evaluation.carried(MODEL, ids(257)).standard_error is None
    assert evaluation.carried(MODEL, ids(258)).standard_error is not None


@pytest.mark.parametrize("limit", ["_MAX_LOGITS", "_MAX_PRODUCTS"])
def test_large_vocabularies_and_networks_are_read_in_smaller_steps(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ids(1_000)
    whole = [*evaluation.evaluate(MODEL, text)][-1]
    monkeypatch.setattr(evaluation, limit, 1)  # one character at a time
    pieces = [*evaluation.evaluate(MODEL, text)]
    assert len(pieces) == 256 * 4 + 256
    for one, other in zip(pieces[-1], whole, strict=True):
        assert one.nats == pytest.approx(other.nats, abs=1e-6)


def test_a_memory_map_of_narrow_ids_is_read(tmp_path: Path) -> None:
    text = ids(3_000)
    text.astype(np.uint8).tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", np.uint8, "r")
    assert evaluation.carried(MODEL, mapped) == evaluation.carried(MODEL, text)


def test_characters_that_are_not_known_are_read_but_not_counted() -> None:
    text = ids(1_000)
    known = np.random.default_rng(0).random(1_000) < 0.7
    losses = in_one_pass(text)[torch.from_numpy(known[1:])]
    (loss,) = [*evaluation.evaluate(MODEL, text, ("carried",), known=known)][-1]
    assert loss.characters == len(losses)
    assert loss.nats == pytest.approx(float(losses.mean()), abs=1e-5)


@settings(max_examples=40)
@given(characters=st.integers(2, 100), window=st.integers(1, 40))
def test_windowed_is_every_window_from_the_empty_state(characters: int, window: int) -> None:
    text = ids(characters)
    pieces = [in_one_pass(text[i : i + window + 1]) for i in range(0, characters - 1, window)]
    loss = evaluation.windowed(MODEL, text, window)
    assert loss.characters == characters - 1
    assert loss.nats == pytest.approx(float(torch.cat(pieces).mean()), abs=1e-5)


def test_training_and_the_score_command_measure_alike() -> None:
    text = ids(5_000)
    written = CHECKPOINT.vocab.decode(text)
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
