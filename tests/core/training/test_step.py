import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.model.torch_lstm import CharLSTM, cross_entropy
from charloom.core.training.step import Stepper

MODEL = ModelConfig(vocab_size=7, embedding_dim=4, hidden_size=5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def text(characters: int = 200) -> Tensor:
    return torch.randint(7, (characters,), generator=torch.Generator().manual_seed(5))


def make_stepper(model: ModelConfig = MODEL, **training: object) -> Stepper:
    settings = TrainConfig(**({"batch_size": 3, "window": 6} | training))  # type: ignore[arg-type]
    torch.manual_seed(0)
    return Stepper(CharLSTM(model), text(), settings, "float32")


def losses(stepper: Stepper, steps: int) -> list[float]:
    return [float(stepper.step(0.01).loss) for _ in range(steps)]


def test_steps_are_adamw_on_the_clipped_gradient_of_the_mean_loss() -> None:
    # Loshchilov & Hutter 2019, algorithm 2, worked out here tensor by tensor.
    rate, decay, clip, (beta1, beta2) = 0.01, 0.1, 0.05, (0.9, 0.99)
    stepper = make_stepper(grad_clip=clip, weight_decay=decay, batching="shuffled")
    by_hand = make_stepper(grad_clip=clip, weight_decay=decay, batching="shuffled")
    parameters = dict(by_hand.network.named_parameters())
    means = {name: torch.zeros_like(p) for name, p in parameters.items()}
    squares = {name: torch.zeros_like(p) for name, p in parameters.items()}
    for step in range(1, 9):
        features, labels = next(by_hand._batches)
        loss = functional.cross_entropy(
            by_hand.network(features)[0].reshape(-1, 7), labels.reshape(-1)
        )
        gradients = dict(
            zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True)
        )
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
        assert norm > clip
        result = stepper.step(rate)
        assert float(result.loss) == pytest.approx(loss.item(), rel=1e-4)
        assert float(result.gradient_norm) == pytest.approx(norm, rel=1e-3)
        for name, parameter in parameters.items():
            gradient = gradients[name] * clip / norm
            means[name] = beta1 * means[name] + (1 - beta1) * gradient
            squares[name] = beta2 * squares[name] + (1 - beta2) * gradient**2
            mean = means[name] / (1 - beta1**step)
            square = squares[name] / (1 - beta2**step)
            own_rate = rate * (3 if name.startswith("head") else 1)
            shrunk = 1 - own_rate * (decay if parameter.dim() > 1 else 0.0)  # biases do not decay
            with torch.no_grad():
                parameter.mul_(shrunk).sub_(own_rate * mean / (square.sqrt() + 1e-8))
        for name, parameter in stepper.network.named_parameters():
            torch.testing.assert_close(parameter, parameters[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("reset", "carries"), [(0.0, True), (1.0, False)])
def test_a_lane_carries_its_state_on_unless_it_is_reset(reset: float, carries: bool) -> None:
    stepper = make_stepper(state_reset_prob=reset)
    batches = make_stepper(state_reset_prob=reset)._batches
    first, second = next(batches), next(batches)
    stepper.step(0.0)
    network = stepper.network
    state = network(first.features)[1] if carries else None
    expected = functional.cross_entropy(
        network(second.features, state)[0].reshape(-1, 7), second.labels.reshape(-1)
    )
    assert float(stepper.step(0.0).loss) == pytest.approx(expected.item(), rel=1e-5)


def test_shuffled_windows_start_from_the_empty_state() -> None:
    stepper = make_stepper(batching="shuffled")
    batches = make_stepper(batching="shuffled")._batches
    next(batches)
    second = next(batches)
    stepper.step(0.0)
    expected = functional.cross_entropy(
        stepper.network(second.features)[0].reshape(-1, 7), second.labels.reshape(-1)
    )
    assert float(stepper.step(0.0).loss) == pytest.approx(expected.item(), rel=1e-5)


def test_in_a_new_epoch_every_lane_starts_from_the_empty_state() -> None:
    stepper = make_stepper(state_reset_prob=0.0)
    batches = make_stepper(state_reset_prob=0.0)._batches
    for _ in range(stepper.steps_per_epoch):
        stepper.step(0.0)
        next(batches)
    assert stepper.epoch == 1.0
    features, labels = next(batches)
    expected = functional.cross_entropy(
        stepper.network(features)[0].reshape(-1, 7), labels.reshape(-1)
    )
    assert float(stepper.step(0.0).loss) == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("order", "vocab_size"), [("shuffled", 7), ("contiguous", 7), ("contiguous", 1_500)]
)
@pytest.mark.parametrize("pause", [1, 10, 37])
def test_going_on_from_a_snapshot_is_never_having_stopped(
    order: str, pause: int, vocab_size: int
) -> None:
    model = ModelConfig(vocab_size, embedding_dim=4, hidden_size=5, layers=2, dropout=0.4)
    undisturbed = make_stepper(model, batching=order, state_reset_prob=0.2)
    expected = losses(undisturbed, 60)
    stepper = make_stepper(model, batching=order, state_reset_prob=0.2)
    assert losses(stepper, pause) == expected[:pause]
    snapshot = stepper.capture()
    losses(stepper, 5)  # what happens in between does not matter
    torch.manual_seed(99)
    fresh = make_stepper(model, batching=order, state_reset_prob=0.2)
    fresh.restore(snapshot)
    assert fresh.step_count == pause
    assert losses(fresh, 60 - pause) == expected[pause:]
    for left, right in zip(
        fresh.network.parameters(), undisturbed.network.parameters(), strict=True
    ):
        assert torch.equal(left, right)


def test_a_step_draws_the_same_dropout_masks_whatever_was_drawn_before() -> None:
    model = ModelConfig(vocab_size=7, embedding_dim=4, hidden_size=5, layers=2, dropout=0.4)
    expected = losses(make_stepper(model), 4)
    assert losses(make_stepper(replace(model, dropout=0.0)), 4) != expected
    stepper = make_stepper(model)
    torch.rand(3)  # the process's own source
    assert losses(stepper, 4) == expected


def test_a_snapshot_does_not_change_while_training_goes_on() -> None:
    stepper = make_stepper()
    losses(stepper, 3)
    snapshot = stepper.capture()
    before = {name: value.clone() for name, value in snapshot.weights.items()}
    losses(stepper, 3)
    assert all(torch.equal(snapshot.weights[name], value) for name, value in before.items())


def test_a_large_vocabulary_is_learned_from_some_outputs_as_from_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size, random = 1_500, torch.Generator().manual_seed(2)
    ids = (torch.rand(30_000, generator=random) * math.log(size)).exp().long() - 1  # Zipf's law
    ids[::2] = 0

    def held_out_loss() -> float:
        torch.manual_seed(0)
        network = CharLSTM(ModelConfig(size, embedding_dim=8, hidden_size=16))
        config = TrainConfig(batch_size=16, window=16)
        stepper = Stepper(network, ids[:-4_000], config, "float32")
        losses(stepper, 400)
        with torch.no_grad():
            return float(cross_entropy(network(ids[None, -4_000:-1])[0], ids[None, -3_999:]))

    sampled = held_out_loss()
    monkeypatch.setattr("charloom.core.training.step.MAX_SOFTMAX_OUTPUTS", size)
    full = held_out_loss()
    assert full < 3 < math.log(size)
    assert sampled == pytest.approx(full, abs=0.03)  # 0.07 without the factor for others
