"""What a step does on an accelerator, for which the device ``meta`` stands: it has no data."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training.step import Stepper

META = torch.device("meta")


class Crossings(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the operations that take or give tensors of two devices, or a number."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
        if len({tensor.device for tensor in tensors}) > 1 or "local_scalar" in str(func):
            self.seen.append(str(func))
        return result


@pytest.mark.parametrize(
    ("order", "ids_type", "vocab_size"),
    [("contiguous", torch.uint8, 7), ("shuffled", torch.int16, 1_500)],
)
def test_a_step_copies_nothing_to_the_device_and_waits_for_nothing(
    order: str, ids_type: torch.dtype, vocab_size: int
) -> None:
    config = TrainConfig(batch_size=4, window=2, batching=order, state_reset_prob=0.5)
    network = CharLSTM(ModelConfig(vocab_size, 4, 8)).to(META)
    ids = torch.zeros(40_000, dtype=ids_type, device=META)
    stepper = Stepper(network, ids, config, "float32")
    stepper.step(0.01)
    stepper.step(0.01)  # these prepare for hundreds
    with Crossings() as crossings:
        for _ in range(4):
            stepper.step(0.01)
    assert crossings.seen == []
    with Crossings() as crossings:
        ids[torch.tensor([1])]  # which a step did once
    assert crossings.seen == ["aten.index.Tensor"]
