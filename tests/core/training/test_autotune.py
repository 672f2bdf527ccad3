import itertools
import json
import time
from dataclasses import replace

import pytest
import torch

from charloom.core import paths
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.files import make_folder
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training import autotune
from charloom.core.training.autotune import ComputeConfig, tune_compute
from charloom.core.training.step import Stepper

MODEL = ModelConfig(vocab_size=9, embedding_dim=4, hidden_size=8)


pytestmark = pytest.mark.usefixtures("torch_as_it_was")


def tuned(**training: object) -> ComputeConfig:
    return tune_compute(MODEL, TrainConfig(**({"batch_size": 4, "window": 8} | training)))  # type: ignore[arg-type]


def test_a_machine_is_found_that_can_train() -> None:
    compute = tuned(device="cpu")
    assert compute.device.type == "cpu"
    assert compute.precision in ("float32", "bfloat16")
    assert compute.threads >= 1
    assert compute.chars_per_second > 0
    settings = TrainConfig(batch_size=2, window=8)
    stepper = Stepper(CharLSTM(MODEL), torch.arange(90) % 9, settings, compute.precision)
    assert torch.isfinite(stepper.step(0.01).loss)


@pytest.mark.parametrize(
    ("precision", "threads"), itertools.product(["float32", "bfloat16"], [1, 2])
)
def test_what_is_fixed_is_not_up_for_choice(precision: str, threads: int) -> None:
    compute = tuned(device="cpu", precision=precision, threads=threads)
    assert (compute.precision, compute.threads) == (precision, threads)


def test_timing_leaves_the_number_of_threads_as_it_was() -> None:
    torch.set_num_threads(2)
    tuned(device="cpu")
    assert torch.get_num_threads() == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a compute without CUDA")
def test_a_device_that_is_not_there_gives_way_to_the_cpu() -> None:
    assert tuned(device="cuda", threads=1).device.type == "cpu"


# Timings are kept


@pytest.fixture
def timings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the hidden size of every network that is timed."""
    seen: list[int] = []
    real = autotune.time_steps

    def timed(model: ModelConfig, settings: TrainConfig) -> ComputeConfig:
        seen.append(model.hidden_size)
        return real(model, settings)

    monkeypatch.setattr(autotune, "time_steps", timed)
    return seen


def again(**training: object) -> ComputeConfig:
    return tuned(**({"device": "cpu", "threads": 1} | training))


def test_a_network_of_the_same_size_is_timed_once(timings: list[int]) -> None:
    first = again()
    assert again(learning_rate=0.5, seed=3) == first
    assert timings == [8]


@pytest.mark.parametrize("other", [{"batch_size": 5}, {"precision": "float32"}, {"threads": 2}])
def test_another_batch_or_choice_is_timed_by_itself(
    timings: list[int], other: dict[str, object]
) -> None:
    again()
    again(**other)
    assert timings == [8, 8]


def test_another_size_is_timed_by_itself(timings: list[int]) -> None:
    again()
    tune_compute(
        ModelConfig(9, 4, 12), TrainConfig(batch_size=4, window=8, device="cpu", threads=1)
    )
    assert timings == [8, 12]


def test_a_timing_of_yesterday_is_repeated(
    timings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    again()
    tomorrow = time.time() + 86_401
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    again()
    assert timings == [8, 8]


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"a": 1}', "[" * 99_999])
def test_a_damaged_file_is_as_good_as_none(timings: list[int], spoilt: str) -> None:
    make_folder(paths.home())
    (paths.home() / "calibration.json").write_text(spoilt)
    first = again()
    assert again() == first and timings == [8]


@pytest.mark.parametrize(
    "wrong", [{"device": "abacus"}, {"threads": "two"}, {"chars_per_second": None}, {"threads": 0}]
)
def test_an_invalid_timing_is_repeated(timings: list[int], wrong: dict[str, object]) -> None:
    again()
    file = paths.home() / "calibration.json"
    changed = {key: timing | wrong for key, timing in json.loads(file.read_text()).items()}
    file.write_text(json.dumps(changed))
    assert again().threads >= 1
    assert timings == [8, 8]


def test_without_a_file_for_timings_the_result_is_the_same(timings: list[int]) -> None:
    paths.home().touch()  # a file in place of the folder
    assert again().chars_per_second > 0
    assert again().chars_per_second > 0
    assert timings == [8, 8]


def test_a_timing_with_a_busy_core_is_not_kept(
    timings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    monkeypatch.setattr(autotune, "usable_cores", lambda: 2)
    monkeypatch.setattr(
        autotune,
        "_timed",
        lambda *given: replace(given[2], chars_per_second=9.0 / given[2].threads),
    )
    assert tuned(device="cpu").threads == tuned(device="cpu").threads == 1
    assert timings == [8, 8]


@pytest.mark.parametrize("quiet", [True, False])
def test_speeds_of_presets_timed_with_a_busy_core_are_marked(
    quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    monkeypatch.setattr(autotune, "usable_cores", lambda: 2)

    def timed(_: object, config: TrainConfig, compute: ComputeConfig) -> ComputeConfig:
        speed = 9.0 * compute.threads if quiet else 9.0 / compute.threads
        return replace(compute, chars_per_second=speed)

    monkeypatch.setattr(autotune, "_timed", timed)
    monkeypatch.setattr(autotune, "_devices", lambda _: [torch.device("cpu")])
    assert autotune.time_presets()["quiet"] == quiet
