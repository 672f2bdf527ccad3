import itertools
from collections.abc import Iterator

import pytest
import torch

from core.calibration import Machine, calibrate
from core.learner import Learner
from core.model import CharLSTM
from core.settings import ModelSettings, TrainSettings

MODEL = ModelSettings(vocab_size=9, embedding=4, hidden=8)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def calibrated(**training: object) -> Machine:
    return calibrate(MODEL, TrainSettings(**({"batch": 4, "window": 8} | training)))  # type: ignore[arg-type]


def test_a_machine_is_found_that_can_train() -> None:
    machine = calibrated(device="cpu")
    assert machine.device.type == "cpu"
    assert machine.precision in ("float32", "bfloat16")
    assert machine.threads >= 1
    assert machine.chars_per_second > 0
    settings = TrainSettings(batch=2, window=8)
    learner = Learner(CharLSTM(MODEL), torch.arange(90) % 9, settings, machine.precision)
    assert torch.isfinite(learner.step(0.01).loss)


@pytest.mark.parametrize(
    ("precision", "threads"), itertools.product(["float32", "bfloat16"], [1, 2])
)
def test_what_is_fixed_is_not_up_for_choice(precision: str, threads: int) -> None:
    machine = calibrated(device="cpu", precision=precision, threads=threads)
    assert (machine.precision, machine.threads) == (precision, threads)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_gives_way_to_the_cpu() -> None:
    assert calibrated(device="cuda", threads=1).device.type == "cpu"
