from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from charloom.core.config import MAX_SOFTMAX_OUTPUTS
from charloom.core.data.dataset import batches
from charloom.core.model.torch_lstm import CharLSTM, checkpoint_name
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Finished,
    Paused,
    Progress,
    RateChanged,
    RunWarning,
)
from charloom.core.training import resume
from charloom.core.training.optimizer import AdamW
from charloom.core.training.schedule import learning_rate
from charloom.core.training.step import Stepper
from charloom.core.training.task import TrainingTask
from tests.helpers.ranks import events_of_ranks
from tests.helpers.training_tasks import (
    WORDS,
    MemorySink,
    after,
    events,
    of_kind,
    same,
    small_task,
)

pytestmark = pytest.mark.usefixtures("torch_as_it_was")


def dropping_task(**training: Any) -> TrainingTask:
    task = small_task(**({"steps": 100, "state_reset_prob": 0.2} | training))
    return replace(task, model_config=replace(task.model_config, dropout=0.3, layers=2))


def trained(size: int, task: TrainingTask, **more: Any) -> MemorySink:
    sink = MemorySink()
    _, steppers = events_of_ranks(size, task, sink, **more)
    assert_equal_weights(sink, steppers)
    return sink


def assert_equal_weights(sink: MemorySink, steppers: list[Stepper]) -> None:
    """Assert that the other ranks have the saved weights, bit for bit."""
    assert sink.state
    for stepper in steppers:
        for name, parameter in stepper.network.named_parameters():
            assert torch.equal(parameter, sink.state[0].weights[checkpoint_name(name)])


def assert_close(left: MemorySink, right: MemorySink) -> None:
    assert left.state and right.state
    ours, theirs = left.state[0].tensors(), right.state[0].tensors()
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("order", "size"), [("contiguous", 2), ("contiguous", 4), ("shuffled", 3)])
def test_any_number_of_ranks_trains_as_one_process_does(order: str, size: int) -> None:
    task = dropping_task(batching=order)
    alone = MemorySink()
    events(task, alone)
    assert_close(trained(size, task), alone)  # of 4 lanes, three ranks have 1, 1 and 2


def test_ranks_compute_the_same_outputs_of_a_large_vocabulary() -> None:
    rare = "".join(map(chr, range(0x4E00, 0x4E00 + 1_200)))
    task = dropping_task(text=WORDS * 15 + rare, steps=30)
    assert task.model_config.vocab_size > MAX_SOFTMAX_OUTPUTS
    alone = MemorySink()
    events(task, alone)
    assert_close(trained(2, task), alone)


def test_the_same_ranks_train_alike_bit_for_bit() -> None:
    task = dropping_task(steps=40)
    first, second = trained(2, task), trained(2, task)
    assert same(first, second, 40)


@pytest.mark.parametrize("sizes", [(2, 2), (4, 1), (1, 2)])
def test_a_run_is_resumed_by_any_number_of_ranks(sizes: tuple[int, int], tmp_path: Path) -> None:
    task, parted = dropping_task(steps=60), MemorySink()
    events_of_ranks(sizes[0], task, parted, next_command=after(37, Command("stop")))
    assert parted.state
    resume.write_state(tmp_path / "state", *parted.state)
    state = resume.read_state(tmp_path / "state", task.model_config)
    assert state[0].step == 37
    events_of_ranks(sizes[1], task, parted, resume=state)
    whole = trained(sizes[0], task)
    assert_close(parted, whole)
    if sizes[0] == sizes[1]:
        assert same(parted, whole, 60)


def test_commands_reach_a_run_of_several_ranks() -> None:
    commands = after(
        10,
        Command("checkpoint"),
        Command("pause"),
        None,
        Command("continue"),
        Command("set-lr", 0.001),
        None,
        Command("stop"),
    )
    seen, _ = events_of_ranks(2, dropping_task(), MemorySink(), next_command=commands)
    kinds = CheckpointSaved | Paused | Continued | RateChanged | Finished
    names = [event.event for event in seen if isinstance(event, kinds)]
    assert names[:5] == ["checkpoint", "checkpoint", "paused", "continued", "rate"]
    end = seen[-1]
    assert isinstance(end, Finished) and (end.reason, end.step) == ("stopped", 11)


def test_all_ranks_return_to_before_a_divergence() -> None:
    task = small_task(hidden_size=64, steps=100, learning_rate=1.0, grad_clip=1e4, warmup=0.0)
    sink = MemorySink()
    seen, steppers = events_of_ranks(2, task, sink)
    assert of_kind(RunWarning, seen)
    assert_equal_weights(sink, steppers)


def averaged_by_hand(task: TrainingTask, size: int) -> dict[str, Tensor]:
    """Return the weights after local SGD without dropout, with shuffled windows."""
    config, ids = task.train_config, torch.from_numpy(task.train_ids)
    torch.manual_seed(config.seed)
    networks = [CharLSTM(task.model_config)]
    networks += [CharLSTM(task.model_config) for _ in range(size - 1)]
    for network in networks[1:]:
        network.load_state_dict(networks[0].state_dict())
    named = [dict(network.named_parameters()) for network in networks]
    optimizers = [AdamW(parameters, config.weight_decay) for parameters in named]
    loader = iter(batches(ids, config, epoch=0))
    for step, rate in enumerate(rates(task)):
        features, labels = next(loader)
        lanes = config.batch_size // size
        for rank, network in enumerate(networks):
            own = slice(rank * lanes, (rank + 1) * lanes)
            logits = network(features[own])[0].reshape(-1, task.model_config.vocab_size)
            functional.cross_entropy(logits, labels[own].reshape(-1)).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.grad_clip)
            optimizers[rank].step(rate)
        if (step + 1) % config.average_every == 0:
            for tensors in zip(*([*network.parameters()] for network in networks), strict=True):
                mean(tensors)
            for tensors in zip(*(optimizer.means() for optimizer in optimizers), strict=True):
                mean(tensors)
    return {checkpoint_name(name): value.detach() for name, value in named[0].items()}


def rates(task: TrainingTask) -> Iterator[float]:
    steps = task.train_config.steps or 0
    for step in range(steps):
        yield learning_rate(task.train_config, step / steps)


def mean(tensors: tuple[Tensor, ...]) -> None:
    average = torch.stack([tensor.detach() for tensor in tensors]).mean(0)
    for tensor in tensors:
        tensor.detach().copy_(average)


def test_averaging_every_k_steps_is_local_sgd_with_adamw() -> None:
    task = small_task(steps=20, batching="shuffled", average_every=5)
    sink = trained(2, task)
    assert sink.state
    for name, expected in averaged_by_hand(task, 2).items():
        torch.testing.assert_close(sink.state[0].weights[name], expected, atol=1e-5, rtol=0)


def test_a_run_that_averages_ends_and_validates_only_when_all_ranks_agree() -> None:
    task = small_task(steps=22, average_every=4)
    sink = MemorySink()
    seen, _ = events_of_ranks(2, task, sink, next_command=after(3, Command("checkpoint")))
    assert all(event.step % 4 == 0 for event in of_kind(Progress, seen))
    assert set(sink.checkpoints) >= {16, 24} and all(step % 4 == 0 for step in sink.checkpoints)
    end = seen[-1]
    assert isinstance(end, Finished) and end.step == 24
