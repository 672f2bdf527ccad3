import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from charloom.core.config import ModelConfig
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.model.torch_lstm import (
    CharLSTM,
    cross_entropy,
    dropout_masks,
    sampled_cross_entropy,
)
from tests.helpers.factories import random_checkpoint


def network(layers: int = 1, tied: bool = False, dropout: float = 0.0) -> CharLSTM:
    torch.manual_seed(0)
    size = 6 if tied else 4
    return CharLSTM(ModelConfig(11, size, 6, layers, dropout, tied))


def textbook(model: CharLSTM, ids: Tensor) -> Tensor:
    """Return the logits of one stacked ``nn.LSTM`` with the same weights."""
    settings = model.config
    lstm = nn.LSTM(settings.embedding_dim, settings.hidden_size, settings.layers, batch_first=True)
    weights = {name: torch.from_numpy(value) for name, value in model.tensors().items()}
    prefix = "lstm."
    lstm.load_state_dict({n.removeprefix(prefix): w for n, w in weights.items() if prefix in n})
    hidden, _ = lstm(weights["embedding.weight"][ids])
    head: Tensor = weights.get("head.weight", weights["embedding.weight"])
    logits: Tensor = hidden @ head.T + weights["head.bias"]
    return logits


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("tied", [False, True])
def test_logits_are_those_of_embedding_lstm_and_linear(layers: int, tied: bool) -> None:
    model = network(layers, tied)
    ids = torch.randint(11, (3, 7))
    logits, state = model(ids)
    assert logits.shape == (3, 7, 11)
    assert [(h.shape, c.shape) for h, c in state] == [((1, 3, 6), (1, 3, 6))] * layers
    torch.testing.assert_close(logits, textbook(model, ids))


def test_two_windows_with_carried_state_are_one_long_window() -> None:
    model = network(2)
    ids = torch.randint(11, (3, 10))
    whole, _ = model(ids)
    first, state = model(ids[:, :4])
    second, _ = model(ids[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)


def test_the_forget_gate_starts_open_and_recurrent_weights_orthogonal() -> None:
    tensors = network(2).tensors()
    for layer in range(2):
        bias = tensors[f"lstm.bias_ih_l{layer}"] + tensors[f"lstm.bias_hh_l{layer}"]
        np.testing.assert_array_equal(bias, [0] * 6 + [1] * 6 + [0] * 12)
        for gate in np.split(tensors[f"lstm.weight_hh_l{layer}"], 4):
            np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-5)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_the_settings_know_how_many_parameters_there_are(layers: int, tied: bool) -> None:
    model = network(layers, tied)
    assert sum(p.numel() for p in model.parameters()) == model.config.parameters


def test_tied_weights_are_one_matrix_that_a_checkpoint_holds_once() -> None:
    model = network(tied=True)
    assert model.head.weight is model.embedding.weight
    assert "head.weight" not in model.tensors()
    assert "head.weight" in network().tensors()


def test_dropout_silences_the_same_units_at_every_character_and_none_without_masks() -> None:
    model = network(dropout=0.5)
    with torch.no_grad():
        model.head.weight.copy_(torch.eye(11, 6))  # the logits are the hidden units
        model.head.bias.zero_()
        ids = torch.randint(11, (40, 9))
        masks = dropout_masks(model.config, 40, torch.Generator().manual_seed(1))
        units = model(ids, dropout=masks)[0][..., :6]
        whole = model(ids)[0][..., :6]
    silent = (units == 0).all(1, keepdim=True).expand_as(units)
    assert 0.3 < float(silent.float().mean()) < 0.7
    assert bool((whole != 0).all())
    torch.testing.assert_close(units[~silent], whole[~silent] * 2)  # the others are scaled up


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_torch_and_numpy_agree_on_a_checkpoint(layers: int) -> None:
    checkpoint = random_checkpoint(layers=layers, hidden_size=16)
    model = CharLSTM(checkpoint.model)
    model.load(checkpoint.tensors)
    ids = np.random.default_rng(1).integers(len(checkpoint.vocab), size=(2, 30))
    numpy = NumpyLSTM(checkpoint)
    expected = model(torch.from_numpy(ids))[0].detach().numpy()
    np.testing.assert_allclose(numpy.logits(ids, numpy.start(2)), expected, atol=1e-4)
    for name, tensor in model.tensors().items():
        np.testing.assert_array_equal(tensor, checkpoint.tensors[name])


def test_the_loss_is_the_mean_of_what_each_label_costs() -> None:
    logits = torch.tensor([[[0.0, math.log(3)], [math.log(4), 0.0]]])  # probabilities 1/4 3/4, 4/5
    labels = torch.tensor([[1, 0]])
    worked = -(math.log(3 / 4) + math.log(4 / 5)) / 2
    assert float(cross_entropy(logits, labels)) == pytest.approx(worked)


def test_the_loss_flattens_batch_and_time_without_mixing_them() -> None:
    logits, labels = torch.randn(3, 5, 7), torch.randint(7, (3, 5))
    each = [-torch.log_softmax(logits[b, t], 0)[labels[b, t]] for b in range(3) for t in range(5)]
    torch.testing.assert_close(cross_entropy(logits, labels), torch.stack(each).mean())


def large_head() -> tuple[nn.Linear, Tensor, Tensor]:
    """Return a Linear with 300 outputs, its input and labels, of which 12 are distinct at most."""
    torch.manual_seed(3)
    head = nn.Linear(5, 300)
    nn.init.normal_(head.weight)
    hidden, labels = torch.randn(4, 6, 5, requires_grad=True), torch.randint(12, (4, 6)) * 25
    return head, hidden, labels


@pytest.mark.parametrize("distinct", [12, 300])
def test_the_sampled_loss_with_all_outputs_is_the_full_one(distinct: int) -> None:
    head, hidden, labels = large_head()
    batch_labels = torch.cat([labels, torch.arange(distinct)[:, None].expand(-1, 6)])
    exact = cross_entropy(head(hidden), labels)
    loss = sampled_cross_entropy(head, hidden, labels, batch_labels, torch.Generator(), 300)
    torch.testing.assert_close(loss, exact)
    inputs = (hidden, head.weight, head.bias)
    for ours, full in zip(
        torch.autograd.grad(loss, inputs), torch.autograd.grad(exact, inputs), strict=True
    ):
        torch.testing.assert_close(ours, full)


@torch.no_grad()
def test_the_sampled_sum_of_exponentials_is_that_of_all_outputs_in_the_mean() -> None:
    head, hidden, labels = large_head()
    hidden, labels = hidden[:1, :1].detach(), labels[:1, :1]
    own = float(head(hidden)[0, 0, labels[0, 0]])
    random = torch.Generator().manual_seed(1)
    losses = [
        float(sampled_cross_entropy(head, hidden, labels, labels, random, 30)) for _ in range(2_000)
    ]
    sums = torch.tensor(losses, dtype=torch.float64).add(own).exp()
    error = float(sums.std()) / math.sqrt(len(sums))
    exact = float(head(hidden).double().exp().sum())
    assert 0 < error < 0.05 * exact
    assert float(sums.mean()) == pytest.approx(exact, abs=4 * error)
    assert sum(losses) / len(losses) < math.log(exact) - own  # the logarithm is concave
