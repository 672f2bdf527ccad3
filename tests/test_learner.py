import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from core.guard import Guard
from core.learner import Learner
from core.model import CharLSTM
from core.settings import ModelSettings, TrainSettings

MODEL = ModelSettings(vocab_size=7, embedding=4, hidden=5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def text(characters: int = 200) -> Tensor:
    return torch.randint(7, (characters,), generator=torch.Generator().manual_seed(5))


def learner(model: ModelSettings = MODEL, **training: object) -> Learner:
    settings = TrainSettings(**({"batch": 3, "window": 6} | training))  # type: ignore[arg-type]
    torch.manual_seed(0)
    return Learner(CharLSTM(model), text(), settings, "float32")


def losses(which: Learner, steps: int) -> list[float]:
    return [float(which.step(0.01).loss) for _ in range(steps)]


def test_a_step_is_adamw_on_the_clipped_gradient_of_the_mean_loss() -> None:
    made = learner(clip=0.05, weight_decay=0.1, order="shuffled")
    model = made.model
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    other = learner(clip=0.05, weight_decay=0.1, order="shuffled")
    features, labels = next(other._batches)
    logits = other.model(features)[0]
    functional.cross_entropy(logits.reshape(-1, 7), labels.reshape(-1)).backward()  # type: ignore[no-untyped-call]
    gradients = {name: p.grad for name, p in other.model.named_parameters()}
    norm = math.sqrt(sum(float((g**2).sum()) for g in gradients.values() if g is not None))
    outcome = made.step(0.01)
    assert float(outcome.gradient_norm) == pytest.approx(norm, rel=1e-4)
    assert norm > 0.05
    for name, parameter in model.named_parameters():
        gradient = gradients[name]
        assert gradient is not None
        gradient = gradient * 0.05 / norm
        # After one step the two bias-corrected means are the gradient and its square.
        decay = 0.1 if parameter.dim() > 1 else 0.0
        update = gradient / (gradient.abs() + 1e-8)
        expected = before[name] * (1 - 0.01 * decay) - 0.01 * update
        torch.testing.assert_close(parameter.detach(), expected, atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize(("reset", "carries"), [(0.0, True), (1.0, False)])
def test_a_lane_carries_its_state_on_unless_it_is_reset(reset: float, carries: bool) -> None:
    made = learner(reset=reset)
    batches = learner(reset=reset)._batches
    first, second = next(batches), next(batches)
    made.step(0.0)
    model = made.model
    state = model(first.features)[1] if carries else None
    expected = functional.cross_entropy(
        model(second.features, state)[0].reshape(-1, 7), second.labels.reshape(-1)
    )
    assert float(made.step(0.0).loss) == pytest.approx(expected.item(), rel=1e-5)


def test_shuffled_windows_start_from_the_empty_state() -> None:
    made = learner(order="shuffled")
    batches = learner(order="shuffled")._batches
    next(batches)
    second = next(batches)
    made.step(0.0)
    expected = functional.cross_entropy(
        made.model(second.features)[0].reshape(-1, 7), second.labels.reshape(-1)
    )
    assert float(made.step(0.0).loss) == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("order", ["shuffled", "contiguous"])
@pytest.mark.parametrize("pause", [1, 10, 37])
def test_going_on_from_a_snapshot_is_never_having_stopped(order: str, pause: int) -> None:
    model = ModelSettings(vocab_size=7, embedding=4, hidden=5, layers=2, dropout=0.4)
    undisturbed = learner(model, order=order, reset=0.2)
    expected = losses(undisturbed, 60)
    made = learner(model, order=order, reset=0.2)
    assert losses(made, pause) == expected[:pause]
    snapshot = made.capture()
    losses(made, 5)  # whatever happens meanwhile
    torch.manual_seed(99)
    fresh = learner(model, order=order, reset=0.2)
    fresh.restore(snapshot)
    assert fresh.step_count == pause
    assert losses(fresh, 60 - pause) == expected[pause:]
    for one, other in zip(fresh.model.parameters(), undisturbed.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_snapshot_does_not_change_while_training_goes_on() -> None:
    made = learner()
    losses(made, 3)
    snapshot = made.capture()
    kept = {name: value.clone() for name, value in snapshot.weights.items()}
    losses(made, 3)
    assert all(torch.equal(snapshot.weights[name], value) for name, value in kept.items())


def test_the_guard_takes_a_falling_noisy_loss_for_sound() -> None:
    guard = Guard(math.log(65))
    noise = torch.randn(2_000, generator=torch.Generator().manual_seed(1)).tolist()
    assert all(guard.sound(1.5 + 2.7 * 0.99**i + 0.3 * n, 1.0) for i, n in enumerate(noise))


@pytest.mark.parametrize(
    "bad", [(math.nan, 1.0), (math.inf, 1.0), (1.5, math.nan), (1.5, math.inf)]
)
def test_the_guard_notices_a_loss_or_gradient_that_is_no_number(bad: tuple[float, float]) -> None:
    guard = Guard(2.0)
    assert guard.sound(1.9, 1.0)
    assert not guard.sound(*bad)
    assert guard.sound(1.9, 1.0)


def test_the_guard_notices_a_sudden_rise_within_a_few_steps() -> None:
    guard = Guard(2.0)
    assert all(guard.sound(1.5, 1.0) for _ in range(100))
    assert not all(guard.sound(5.0, 1.0) for _ in range(5))
    assert guard.sound(1.5, 1.0)
