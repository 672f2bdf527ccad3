import dataclasses
import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.metadata import CorpusInfo, Losses
from tests.helpers.factories import METADATA_FIELDS, assert_equal, random_checkpoint

SMALL = random_checkpoint("ab\n", hidden_size=2, embedding_dim=2, losses=Losses(carried=1.5))
SMALL_FILE = checkpoint.to_bytes(SMALL)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("words", [b"", b"\0a list of words"])
def test_a_checkpoint_comes_back_as_it_was(
    tmp_path: Path, layers: int, tied: bool, words: bytes
) -> None:
    original = random_checkpoint(
        'né "\\\u2028\ud800😀',
        layers=layers,
        hidden_size=6,
        embedding_dim=6,
        tie_weights=tied,
        step=10**12,
        losses=Losses(0.0, 1.125, 1.25, 1.5),
        corpus=CorpusInfo("Ödipus\n", "f" * 64, 12, 'n"\ud800'),
        training=TrainConfig(minutes=2.5, seed=2**63 - 1),
        note="second try\n",
        words=words,
    )
    path = tmp_path / "a.safetensors"
    sha256 = checkpoint.save(original, path)
    loaded = checkpoint.load(path)
    assert_equal(loaded.checkpoint, original)
    assert loaded.sha256 == sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert_equal(checkpoint.from_bytes(path.read_bytes(), "bytes"), original)
    assert loaded.checkpoint.words == words
    assert all(t.dtype == np.float32 for t in loaded.checkpoint.tensors.values())


def test_half_precision_rounds_each_number_and_halves_the_file() -> None:
    original = random_checkpoint(hidden_size=32)
    data = checkpoint.to_bytes(original, half=True)
    loaded = checkpoint.from_bytes(data, "half")
    for name, tensor in original.tensors.items():
        assert loaded.tensors[name].dtype == np.float16
        np.testing.assert_array_equal(loaded.tensors[name], tensor.astype(np.float16))
    numbers = original.model.parameters
    assert len(checkpoint.to_bytes(original)) - len(data) == pytest.approx(2 * numbers, abs=100)
    assert_equal(checkpoint.from_bytes(checkpoint.to_bytes(loaded), "whole again"), loaded)


def test_weights_too_large_for_half_precision_are_refused() -> None:
    tensors = {n: np.full_like(t, 70_000) for n, t in SMALL.tensors.items()}
    large = dataclasses.replace(SMALL, tensors=tensors)
    with pytest.raises(CharloomError, match="too large for half precision"):
        checkpoint.to_bytes(large, half=True)


@pytest.mark.parametrize("half", [False, True])
def test_the_safetensors_library_reads_the_same_numbers(half: bool) -> None:
    original = random_checkpoint(layers=2)
    read = safetensors.numpy.load(checkpoint.to_bytes(original, half))
    assert read.keys() == original.tensors.keys()
    for name, tensor in original.tensors.items():
        expected = tensor.astype(np.float16) if half else tensor
        assert read[name].dtype == expected.dtype
        np.testing.assert_array_equal(read[name], expected)


def test_the_safetensors_library_reads_the_words_as_bytes() -> None:
    data = checkpoint.to_bytes(dataclasses.replace(SMALL, words=b"some words"), half=True)
    read = safetensors.numpy.load(data)
    assert read.pop("words").tobytes() == b"some words"
    assert read.keys() == SMALL.tensors.keys()
    assert checkpoint.from_bytes(data, "x").words == b"some words"


def test_a_list_of_words_has_a_largest_size() -> None:
    with pytest.raises(CharloomError, match="list of words is too large"):
        dataclasses.replace(SMALL, words=bytes((1 << 20) + 1))


def test_a_file_written_by_the_safetensors_library_is_read() -> None:
    header = json.loads(SMALL_FILE[8 : 8 + int.from_bytes(SMALL_FILE[:8], "little")])
    data = safetensors.numpy.save(dict(SMALL.tensors), header["__metadata__"])
    assert_equal(checkpoint.from_bytes(data, "theirs"), SMALL)


def test_equal_checkpoints_are_equal_files() -> None:
    backwards = dict(reversed(list(SMALL.tensors.items())))
    again = dataclasses.replace(SMALL, tensors=backwards)
    assert checkpoint.to_bytes(again) == SMALL_FILE


def test_loaded_weights_cannot_be_changed() -> None:
    loaded = checkpoint.from_bytes(SMALL_FILE, "x")
    with pytest.raises(ValueError, match="read-only"):
        loaded.tensors["head.bias"][0] = 1


def test_the_card_is_read_without_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    header_end = 8 + int.from_bytes(SMALL_FILE[:8], "little")
    path.write_bytes(SMALL_FILE[:header_end] + bytes(len(SMALL_FILE) - header_end))
    metadata = checkpoint.read_metadata(path)
    assert [getattr(metadata, n) for n in METADATA_FIELDS] == [
        getattr(SMALL, n) for n in METADATA_FIELDS
    ]
    with pytest.raises(CharloomError, match="weights are damaged"):
        checkpoint.load(path)


def test_tensors_are_named_and_shaped_as_torch_does() -> None:
    model = ModelConfig(vocab_size=7, embedding_dim=3, hidden_size=5, layers=3)
    network = torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Embedding(model.vocab_size, model.embedding_dim),
            "lstm": torch.nn.LSTM(model.embedding_dim, model.hidden_size, model.layers),
            "head": torch.nn.Linear(model.hidden_size, model.vocab_size),
        }
    )
    shapes = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    assert checkpoint.tensor_shapes(model) == shapes
    tied = dataclasses.replace(model, embedding_dim=5, tie_weights=True)
    assert checkpoint.tensor_shapes(tied).keys() == shapes.keys() - {"head.weight"}
    for each in (model, tied):
        sizes = [math.prod(shape) for shape in checkpoint.tensor_shapes(each).values()]
        assert sum(sizes) == each.parameters


def test_a_checkpoint_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(CharloomError, match="cannot be written"):
        checkpoint.save(SMALL, tmp_path / "missing" / "a.safetensors")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CharloomError, match="cannot be written"):
        checkpoint.save(SMALL, tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    "over",
    [
        {"vocab": Vocab.from_text("abc!")},
        {"step": -1},
        {"step": np.float64(1)},
        {"created": "now"},
        {"note": "x" * 100_001},
        {"tensors": {}},
        {"tensors": {n: t[:1] for n, t in SMALL.tensors.items()}},
        {"tensors": {n: t.astype(np.float64) for n, t in SMALL.tensors.items()}},
        {"tensors": {n: t * np.float32(math.nan) for n, t in SMALL.tensors.items()}},
    ],
)
def test_a_checkpoint_that_could_not_be_read_cannot_be_made(over: dict[str, Any]) -> None:
    with pytest.raises(CharloomError):
        dataclasses.replace(SMALL, **over)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -1.0, True, "1"])
def test_a_loss_is_finite(loss: Any) -> None:
    with pytest.raises(CharloomError, match="carried loss"):
        Losses(carried=loss)


def test_checkpoints_need_neither_torch_nor_the_safetensors_library() -> None:
    code = (
        "import sys; from charloom.core.model.checkpoint import load\n"
        "assert not {'torch', 'safetensors', 'textual'} & set(sys.modules)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
