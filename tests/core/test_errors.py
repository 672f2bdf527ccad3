"""A lack of memory, wherever it is found, is a sentence that names what was too large."""

from collections.abc import Callable

import pytest
import torch

from charloom.core.analysis.activations import trace
from charloom.core.analysis.memorization import CorpusIndex
from charloom.core.analysis.scoring import carried
from charloom.core.data import corpus
from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.store.read import load_network
from charloom.core.training.step import memory_for_training
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.training_tasks import small_task


def read() -> object:
    return corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")


@pytest.mark.parametrize(
    ("large", "use", "named"),
    [
        ("charloom.core.data.text_file._split_utf8", read, "'sea.txt'; use a part of it"),
        (
            "charloom.core.model.checkpoint._sha256",
            lambda: load_network("weaver"),
            r"safetensors' cannot be used: There is not enough memory for it",
        ),
        (
            "charloom.core.model.numpy_lstm._reorder_gates",
            lambda: load_network("weaver"),
            "a network of 812 parameters; choose a smaller model",
        ),
        (
            "charloom.core.analysis.scoring.losses",
            lambda: carried(NumpyLSTM(random_checkpoint()), "the sea"),
            "scoring with a network of 812 parameters; choose a smaller one",
        ),
        (
            "charloom.core.model.numpy_lstm.NumpyLSTM.trace",
            lambda: trace(NumpyLSTM(random_checkpoint(hidden_size=16)), "the sea"),
            "the states of 1 × 16 units at 7 characters; use a shorter text or a smaller model",
        ),
        (
            "charloom.core.analysis.memorization._prefix_hashes",
            lambda: CorpusIndex("the sea"),
            "searching a training text of 7 characters; close other programs",
        ),
    ],
)
def test_the_object_that_was_too_large_is_named(
    large: str, use: Callable[[], object], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    path = save_model("weaver", random_checkpoint())
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(large, fail)
        with pytest.raises(CharloomError, match=rf"{named}\.$") as error:
            use()
    assert "There is not enough memory for " in str(error.value)
    assert path.read_bytes() == before  # not taken for a damaged one
    use()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_network_too_large_to_train_is_named_with_its_batch(error: Exception) -> None:
    task = small_task(batch_size=4, window=8)
    with (
        pytest.raises(CharloomError, match=r"memory for a network of [\d,]+ parameters and") as e,
        memory_for_training(task.model_config, task.train_config),
    ):
        raise error
    assert "4 windows of 8 at a time; use a smaller hidden size or batch." in str(e.value)


def test_other_errors_of_torch_stay_what_they_are() -> None:
    task = small_task()
    with (
        pytest.raises(RuntimeError, match="shape"),
        memory_for_training(task.model_config, task.train_config),
    ):
        raise RuntimeError("shape")
