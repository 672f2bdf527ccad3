"""AdamW, compared with the one that torch has."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from charloom.core.training.optimizer import AdamW

RATES = [0.01, 0.02, 0.005, 0.001]
pytestmark = pytest.mark.usefixtures("torch_as_it_was")


@pytest.fixture
def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(5, 3)


def learn(layer: nn.Linear, step: Callable[[float], object], rates: list[float]) -> list[Tensor]:
    """Take a step at each of the rates, towards zero, and return the weights."""
    inputs = torch.linspace(-1, 1, 20).view(4, 5)
    for rate in rates:
        layer.zero_grad()
        layer(inputs).square().mean().backward()
        step(rate)
    return [p.detach().clone() for p in layer.parameters()]


def test_its_steps_are_those_of_torch(layer: nn.Linear) -> None:
    start = {name: value.clone() for name, value in layer.state_dict().items()}
    ours = learn(layer, AdamW(dict(layer.named_parameters()), 0.1).step, RATES)
    layer.load_state_dict(start)
    groups = [
        {"params": [layer.weight], "weight_decay": 0.1},
        {"params": [layer.bias], "weight_decay": 0.0},
    ]
    theirs = torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)

    def step(rate: float) -> None:
        for group in theirs.param_groups:
            group["lr"] = rate
        theirs.step()

    for left, right in zip(ours, learn(layer, step, RATES), strict=True):
        assert torch.equal(left, right)


def test_linear_learns_three_times_as_fast_as_the_other_layers(layer: nn.Linear) -> None:
    start = {name: value.clone() for name, value in layer.state_dict().items()}
    named = {f"head.{name}": parameter for name, parameter in layer.named_parameters()}
    ours = learn(layer, AdamW(named, 0.1).step, RATES)
    layer.load_state_dict(start)
    others = learn(layer, AdamW(dict(layer.named_parameters()), 0.1).step, [3 * r for r in RATES])
    for left, right in zip(ours, others, strict=True):
        assert torch.equal(left, right)


def test_gradients_are_used_up(layer: nn.Linear) -> None:
    learn(layer, AdamW(dict(layer.named_parameters()), 0.1).step, RATES)
    assert all(p.grad is None for p in layer.parameters())


def test_it_goes_on_as_if_it_had_never_stopped(layer: nn.Linear) -> None:
    optimizer = AdamW(dict(layer.named_parameters()), 0.1)
    half = learn(layer, optimizer.step, RATES[:2])
    moments = optimizer.capture()
    whole = learn(layer, optimizer.step, RATES[2:])
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), half, strict=True):
            parameter.copy_(value)
    other = AdamW(dict(layer.named_parameters()), 0.1)
    other.restore(moments)
    for left, right in zip(whole, learn(layer, other.step, RATES[2:]), strict=True):
        assert torch.equal(left, right)


def test_without_moments_they_are_zero(layer: nn.Linear) -> None:
    optimizer = AdamW(dict(layer.named_parameters()), 0.1)
    learn(layer, optimizer.step, RATES)
    optimizer.restore({})
    assert all(not value.any() for value in optimizer.capture().values())
