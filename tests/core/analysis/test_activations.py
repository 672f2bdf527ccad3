import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from charloom.core.analysis import scoring
from charloom.core.analysis.activations import MAX_CHARACTERS, Trace, UnitSignal, trace
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from tests.helpers.factories import random_checkpoint

LETTERS = "\n abcdefghijklmnopqrstuvwxyz"
TEXT = "the wind was low\nand the loom was still; nobody spoke of the letter"


class Truth(NamedTuple):
    """Torch's results: h, c and the gates ``[T, H]`` of each layer, bits ``[T - 1]``."""

    h: list[NDArray[np.float32]]
    c: list[NDArray[np.float32]]
    gates: list[dict[UnitSignal, NDArray[np.float32]]]
    bits: NDArray[np.float32]


@torch.no_grad()
def textbook(checkpoint: Checkpoint, ids: NDArray[np.int64]) -> Truth:
    """Read ``ids`` with ``nn.LSTMCell``, a character and a layer at a time."""
    model = checkpoint.model
    tensors = {n: torch.tensor(t.astype(np.float32)) for n, t in checkpoint.tensors.items()}
    inputs = list(tensors["embedding.weight"][torch.from_numpy(ids)])
    truth = Truth([], [], [], np.array(0))
    for layer in range(model.layers):
        cell = nn.LSTMCell(inputs[0].numel(), model.hidden_size)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cell.load_state_dict({name: tensors[f"lstm.{name}_l{layer}"] for name in names})
        h = c = torch.zeros(model.hidden_size)
        hs, cs, gates = [], [], []
        for x in inputs:
            both = cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ h + cell.bias_hh
            i, f, _, o = both.chunk(4)
            gates.append(torch.stack([i, f, o]).sigmoid())
            h, c = cell(x, (h, c))
            hs.append(h)
            cs.append(c)
        named = torch.stack(gates, dim=1).numpy()
        truth.h.append(torch.stack(hs).numpy())
        truth.c.append(torch.stack(cs).numpy())
        truth.gates.append(
            dict(zip((UnitSignal.INPUT, UnitSignal.FORGET, UnitSignal.OUTPUT), named, strict=True))
        )
        inputs = hs
    logits = torch.stack(inputs) @ tensors["head.weight"].T + tensors["head.bias"]
    nats = nn.functional.cross_entropy(logits[:-1], torch.from_numpy(ids[1:]), reduction="none")
    return truth._replace(bits=(nats / math.log(2)).numpy())


def read(text: str = TEXT, **over: object) -> Trace:
    return trace(NumpyLSTM(random_checkpoint(LETTERS + ";", **over)), text)  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_states_gates_and_surprise_are_those_of_torch_s_lstm_cell(layers: int) -> None:
    checkpoint = random_checkpoint(
        LETTERS + ";", layers=layers, hidden_size=24, embedding_dim=7, seed=3
    )
    result = trace(NumpyLSTM(checkpoint), TEXT)
    truth = textbook(checkpoint, checkpoint.vocab.encode(TEXT))
    np.testing.assert_allclose(result.hidden, truth.h, atol=1e-4)
    np.testing.assert_allclose(result.cell, truth.c, atol=1e-4)
    np.testing.assert_allclose(result.bits[1:], truth.bits, atol=1e-4)
    for layer in range(layers):
        for unit in (0, 7, 23):
            cell = result.signal(UnitSignal.CELL, layer, unit)
            np.testing.assert_allclose(cell, np.tanh(truth.c[layer][:, unit]), atol=1e-4)
            for gate in (UnitSignal.INPUT, UnitSignal.FORGET, UnitSignal.OUTPUT):
                seen = result.signal(gate, layer, unit)
                np.testing.assert_allclose(seen, truth.gates[layer][gate][:, unit], atol=1e-4)


@pytest.mark.parametrize("text", [TEXT, TEXT * 40, "The Wind, was LOW; 7 times", "aé" * 30])
@pytest.mark.parametrize("vocab", [LETTERS + ";", LETTERS + PLACEHOLDER])
def test_surprise_sums_to_the_score(text: str, vocab: str) -> None:
    model = NumpyLSTM(random_checkpoint(vocab, hidden_size=16))
    result, score = trace(model, text), scoring.carried(model, text)
    assert result.predicted == score.characters
    assert result.bits_per_char == pytest.approx(score.bits_per_char, rel=1e-6)


def test_characters_that_are_not_predicted_have_no_surprise() -> None:
    result = read("?ab?c")
    assert np.isnan(result.bits).tolist() == [True, True, False, True, False]
    assert result.alternatives(0, 3) == result.alternatives(1, 3) == []
    cell = result.signal(UnitSignal.CELL, 0, 2)
    assert np.isnan(cell[0])
    assert cell[3] == cell[2] != cell[1]
    folded = trace(NumpyLSTM(random_checkpoint(LETTERS + PLACEHOLDER)), "?ab?c")
    assert np.isnan(folded.bits).tolist() == [True, False, False, True, False]


def test_alternatives_are_the_likeliest_next_characters() -> None:
    model = NumpyLSTM(random_checkpoint(LETTERS + ";", layers=2))
    result = trace(model, TEXT)
    for position in (1, 2, 30, len(TEXT) - 1):
        logits = model.logits(model.vocab.encode(TEXT[:position])[None], model.start())[0, -1]
        probabilities = torch.tensor(logits.astype(np.float64)).softmax(0)
        likeliest = result.alternatives(position, 5)
        best = probabilities.topk(5)
        assert [each.character for each in likeliest] == [model.vocab.chars[i] for i in best[1]]
        assert [each.probability for each in likeliest] == pytest.approx(best[0].tolist(), rel=1e-4)
        everything = result.alternatives(position, 1_000)
        assert len(everything) == len(model.vocab)
        probability = {each.character: each.probability for each in everything}[TEXT[position]]
        assert result.bits[position] == pytest.approx(-math.log2(probability), abs=1e-4)


def test_a_branch_continues_from_the_state_of_the_text() -> None:
    result = read(layers=2)
    branch = Sampler(result.network, TEXT[:30] + "z", SamplingConfig(), seed=1)
    np.testing.assert_array_equal(branch.state.h[:, 0], result.hidden[:, 29])
    np.testing.assert_array_equal(branch.state.c[:, 0], result.cell[:, 29])
    assert result.network.vocab.chars[branch.last_id] == "z"


def test_a_long_text_is_read_up_to_a_bound() -> None:
    result = read("ab" * 6_000)
    assert len(result.text) == len(result.bits) == MAX_CHARACTERS
    assert result.bits_per_char == pytest.approx(
        scoring.carried(result.network, "ab" * 5_000).bits_per_char, rel=1e-6
    )


@pytest.mark.parametrize("text", ["", "a", "???", "?a?"])
def test_a_text_without_any_prediction_is_refused(text: str) -> None:
    with pytest.raises(CharloomError, match="too short to inspect"):
        read(text)


@pytest.mark.parametrize(("layer", "unit"), [(1, 0), (-1, 0), (0, 8), (0, -1)])
def test_a_unit_that_does_not_exist_is_refused(layer: int, unit: int) -> None:
    with pytest.raises(CharloomError, match="layers 1 to 1 with units 1 to 8"):
        read().signal(UnitSignal.FORGET, layer, unit)


def test_a_trace_can_be_cancelled() -> None:
    calls = []

    def cancelled() -> bool:
        calls.append(True)
        return len(calls) > 2

    with pytest.raises(CharloomError, match="cancelled"):
        trace(NumpyLSTM(random_checkpoint()), "ab" * 2_000, cancelled)
    assert len(calls) == 3
