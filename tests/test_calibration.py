import itertools
from collections.abc import Iterator

import pytest
import torch

from core.calibration import Machine, calibrate
from core.learner import Learner
from core.model import CharLSTM
from core.settings import ModelSettings, TrainSettings

MODEL = ModelSettings(vocab_size=9, embedding=4, hidden=8)
no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")


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
    assert 1 <= machine.threads <= (torch.get_num_threads() or 1)
    assert machine.chars_per_second > 0
    learner = Learner(CharLSTM(MODEL), torch.arange(90) % 9, TrainSettings(batch=2, window=8),
                      machine.precision)  # fmt: skip
    assert torch.isfinite(learner.step(0.01).loss)


@pytest.mark.parametrize(
    ("precision", "threads"), itertools.product(["float32", "bfloat16"], [1, 2])
)
def test_what_is_fixed_is_not_up_for_choice(precision: str, threads: int) -> None:
    machine = calibrated(device="cpu", precision=precision, threads=threads)
    assert (machine.precision, machine.threads) == (precision, threads)


@no_cuda
def test_a_device_that_is_not_there_gives_way_to_the_cpu() -> None:
    assert calibrated(device="cuda", threads=1).device.type == "cpu"


@no_cuda
def test_timing_leaves_the_settings_as_they_are() -> None:
    settings = TrainSettings(batch=4, window=8, threads=1)
    before = settings.to_json()
    calibrate(MODEL, settings)
    assert settings.to_json() == before
