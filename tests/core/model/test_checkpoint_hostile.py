import dataclasses
import hashlib
import json
import math
import os
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import UnreadableError
from charloom.core.model.metadata import Losses
from tests.helpers.factories import assert_equal, random_checkpoint
from tests.helpers.marks import needs_posix

SMALL = random_checkpoint("ab\n", hidden_size=2, embedding_dim=2, losses=Losses(carried=1.5))
SMALL_FILE = checkpoint.to_bytes(SMALL)


def split_file(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return a file's header, its metadata, and its tensors."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    return header, json.loads(header["__metadata__"]["metadata"]), data[end:]


def join_file(header: dict[str, Any] | str, metadata: object, numbers: bytes) -> bytes:
    """Return a file whose digests are right, even if something else is wrong."""
    if isinstance(header, dict):
        if isinstance(header.get("__metadata__"), dict) and metadata is not None:
            text = metadata if isinstance(metadata, str) else json.dumps(metadata)
            digest = hashlib.sha256(numbers).hexdigest()
            header["__metadata__"] |= {
                "metadata": text,
                "metadata_sha256": hashlib.sha256((text + digest).encode()).hexdigest(),
                "data_sha256": digest,
            }
        header = json.dumps(header)
    return len(header.encode()).to_bytes(8, "little") + header.encode() + numbers


def refusal(data: bytes) -> str:
    with pytest.raises(CharloomError) as caught:
        checkpoint.from_bytes(data, "x.safetensors")
    message = str(caught.value)
    assert message.startswith("The checkpoint 'x.safetensors' cannot be used: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 3_000
    return message


def test_a_file_cut_anywhere_is_refused() -> None:
    for length in range(len(SMALL_FILE)):
        refusal(SMALL_FILE[:length])


def test_a_list_of_words_that_is_cut_or_altered_is_refused() -> None:
    data = checkpoint.to_bytes(dataclasses.replace(SMALL, words=b"some words"))
    assert checkpoint.from_bytes(data, "x").words == b"some words"
    for size in range(1, 11):
        assert "or it is truncated" in refusal(data[:-size])
        assert "weights are damaged" in refusal(data[:-size] + b"x" * size)


def test_a_file_with_something_after_its_end_is_refused() -> None:
    assert "or it is truncated" in refusal(SMALL_FILE + b"\0")


def test_a_flipped_bit_anywhere_is_refused() -> None:
    for position in range(len(SMALL_FILE)):
        damaged = bytearray(SMALL_FILE)
        damaged[position] ^= 1 << position % 8
        refusal(bytes(damaged))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.integers(0, len(SMALL_FILE)))
def test_other_bytes_are_refused_or_mean_the_same(noise: bytes, position: int) -> None:
    refusal(noise)
    altered = SMALL_FILE[:position] + noise + SMALL_FILE[position + len(noise) :]
    try:
        read = checkpoint.from_bytes(altered, "altered")
    except CharloomError:
        return
    assert_equal(read, SMALL)  # e.g. a line end instead of a space in the header's JSON


def in_header(change: Callable[[dict[str, Any]], object]) -> bytes:
    header, metadata, numbers = split_file(SMALL_FILE)
    change(header)
    return join_file(header, metadata, numbers)


def in_metadata(**changes: object) -> bytes:
    header, _, numbers = split_file(SMALL_FILE)
    header["__metadata__"] |= changes
    return join_file(header, None, numbers)


def test_metadata_before_the_weights_of_another_are_refused() -> None:
    other = random_checkpoint("ab\n", hidden_size=2, embedding_dim=2, seed=1, step=101)
    other_file = checkpoint.to_bytes(other)
    for at in range(len(SMALL_FILE)):
        mixed = other_file[:at] + SMALL_FILE[at:]
        if mixed not in (SMALL_FILE, other_file):
            refusal(mixed)


def in_metadata_json(**changes: object) -> bytes:
    header, metadata, numbers = split_file(SMALL_FILE)
    for path, value in changes.items():
        *parents, name = path.split("__")
        part = metadata
        for each in parents:
            part = part[each]
        part[name] = value
    return join_file(header, metadata, numbers)


def raw_metadata(text: str) -> bytes:
    header, _, numbers = split_file(SMALL_FILE)
    return join_file(header, text, numbers)


def with_numbers(value: float) -> bytes:
    header, metadata, numbers = split_file(SMALL_FILE)
    return join_file(header, metadata, numbers[:-4] + np.float32(value).tobytes())


HUGE = json.loads("1" + "0" * 400)


def test_the_helpers_of_these_tests_make_good_files() -> None:
    for data in (in_header(dict), in_metadata(), in_metadata_json(), with_numbers(0.5)):
        checkpoint.from_bytes(data, "x")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a safetensors file"),
        (pickle.dumps({"weights": [1.0] * 100}), "not a safetensors file"),
        (b"\xff" * 100, "not a safetensors file"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "not a safetensors file"),
        ((5 << 20).to_bytes(8, "little") + b" " * (6 << 20), "larger than 4 MiB"),
        (join_file("[" * 100_000, None, b""), "header is not valid JSON"),
        (join_file('{"a":' * 100_000, None, b""), "header is not valid JSON"),
        (join_file('{"a": 1, "a": 1}', None, b""), "header is not valid JSON"),
        (join_file('{"a": NaN}', None, b""), "header is not valid JSON"),
        (join_file('{"a": 1e999}', None, b""), "header is not valid JSON"),
        (join_file('{"a": ' + "1" * 5_000 + "}", None, b""), "header is not valid JSON"),
        (join_file("[]", None, b""), "header is not a JSON object"),
        (join_file("{}", None, b""), "not a Charloom checkpoint"),
        (b"\2\0\0\0\0\0\0\0\xff\xff", "header is not valid JSON"),
        ((4).to_bytes(8, "little") + "{}".encode("utf-16-le"), "header is not valid JSON"),
        (safetensors.numpy.save({"weight": np.zeros(3)}), "not a Charloom checkpoint"),
        (safetensors.numpy.save({}, {"format": "pt"}), "not a Charloom checkpoint"),
        (in_header(lambda h: h.update(__metadata__=[])), "not a Charloom checkpoint"),
        (in_metadata(version="3"), "update Charloom"),
        (in_metadata(version=1), "metadata are not those"),
        (in_metadata(version="one"), "metadata are not those"),
        (in_metadata(metadata={}), "metadata are not those"),
        (in_metadata(extra="x"), "metadata are not those"),
        (in_metadata(metadata="{}"), "metadata are damaged"),
        (in_metadata(metadata="\ud800"), "metadata are damaged"),
        (in_metadata(data_sha256="0" * 64), "metadata are damaged"),
        (in_metadata(data_sha256="\ud800"), "metadata are damaged"),
        (SMALL_FILE[:-1] + b"\x7f", "weights are damaged"),
        (raw_metadata("[" * 100_000), "metadata is not valid JSON"),
        (raw_metadata("[]"), "metadata is not a JSON object"),
        (raw_metadata("{}"), "are incomplete"),
        (raw_metadata('{"step": 1, "step": 1}'), "metadata is not valid JSON"),
        (in_metadata_json(model=[]), "wrong type"),
        (in_metadata_json(model__hidden_size=[]), "wrong type"),
        (in_metadata_json(model__hidden_size=-1), "setting hidden_size is a whole number from 1"),
        (in_metadata_json(model__hidden_size=2.0), "setting hidden_size is a whole number"),
        (in_metadata_json(model__hidden_size=True), "setting hidden_size is a whole number"),
        (in_metadata_json(model__hidden_size=HUGE), "metadata is not valid JSON"),
        (in_metadata_json(model__hidden_size=4096), "tensors do not fit its settings"),
        (in_metadata_json(model__vocab_size=2), "vocabulary does not have the size"),
        (in_metadata_json(model__pickle="x"), "no setting called"),
        (in_metadata_json(model__self=1), "no setting called"),
        (in_metadata_json(model={}), "settings are incomplete"),
        (in_metadata_json(training__batching="x" * 10_000), "wrong type"),
        (in_metadata_json(training__batching="sideways"), "setting batching is one of"),
        (in_metadata_json(training__learning_rate=math.nan), "metadata is not valid JSON"),
        (in_metadata_json(training__learning_rate=math.inf), "metadata is not valid JSON"),
        (in_metadata_json(vocab="ab\n"), "vocabulary is not a list"),
        (in_metadata_json(vocab=["\n", "a"]), "vocabulary does not have the size"),
        (in_metadata_json(vocab=["\n", "a", "a"]), "contains each character once"),
        (in_metadata_json(vocab=["\n", "a", "bc"]), "single characters"),
        (in_metadata_json(vocab=["\n", "a", 98]), "single characters"),
        (in_metadata_json(vocab=["\n", "a", ["b"]]), "single characters"),
        (in_metadata_json(vocab=["a"] * 65_537), "1 to 65,536 characters"),
        (in_metadata_json(step=-1), "step is not a whole number"),
        (in_metadata_json(step=1.0), "step is not a whole number"),
        (in_metadata_json(step=True), "step is not a whole number"),
        (in_metadata_json(step=10**12 + 1), "step is not a whole number"),
        (in_metadata_json(losses__carried=-0.1), "carried loss is not"),
        (in_metadata_json(losses__carried="low"), "carried loss is not"),
        (in_metadata_json(losses__carried=HUGE), "metadata is not valid JSON"),
        (in_metadata_json(losses__other=1.0), "have an unknown entry"),
        (in_metadata_json(corpus__title=None), "title is not a string"),
        (in_metadata_json(corpus__opening="x" * 1_001), "wrong type"),
        (in_metadata_json(corpus__characters="many"), "number of characters is not"),
        (in_metadata_json(note="x" * 100_001), "note is not a string"),
        (in_metadata_json(note=None), "note is not a string"),
        (in_metadata_json(created="yesterday"), "not an ISO 8601 time"),
        (in_metadata_json(created="2025-01-02T03:04:05"), "not an ISO 8601 time"),
        (in_metadata_json(created="0001-01-01T00:00:00+14:00"), "not an ISO 8601 time"),
        (in_metadata_json(created=5), "time of creation is not a string"),
        (in_metadata_json(tensors={}), "have an unknown entry"),
        (in_header(lambda h: h.pop("head.bias")), "tensors do not fit"),
        (in_header(lambda h: h.update(extra=h["head.bias"])), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(dtype="F64")), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(dtype=[])), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(shape=[1, 3])), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(shape=[1 << 62] * 2)), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(shape=None)), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(shape=[-3])), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(data_offsets=[-12, 0])), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(data_offsets=[0, 12])), "tensors do not fit"),
        (in_header(lambda h: h["head.bias"].update(more=1)), "tensors do not fit"),
        (in_header(lambda h: h.update({"head.bias": 5})), "tensors do not fit"),
        (with_numbers(math.nan), "Not all numbers in lstm.weight_ih_l0 are finite"),
        (with_numbers(-math.inf), "Not all numbers in lstm.weight_ih_l0 are finite"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_a_hostile_file_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    assert reason in refusal(data)


def test_a_file_in_the_former_format_is_refused_and_says_what_to_do() -> None:
    header, metadata, numbers = split_file(SMALL_FILE)
    names = {"embedding_dim": "embedding", "hidden_size": "hidden", "tie_weights": "tied"}
    names |= {"batch_size": "batch", "learning_rate": "rate", "state_reset_prob": "reset"}
    names |= {"grad_clip": "clip", "batching": "order"}
    for part in ("model", "training"):
        metadata[part] = {names.get(name, name): value for name, value in metadata[part].items()}
    text, digest = json.dumps(metadata), hashlib.sha256(numbers).hexdigest()
    header["__metadata__"] = {
        "format": "charloom",
        "version": "1",
        "card": text,
        "card_sha256": hashlib.sha256((text + digest).encode()).hexdigest(),
        "data_sha256": digest,
    }
    former = join_file(header, None, numbers)
    assert "older than this Charloom reads (version 2); train the model again" in refusal(former)
    with pytest.raises(UnreadableError):  # not damaged: a model store leaves it alone
        checkpoint.from_bytes(former, "x.safetensors")


def test_settings_of_a_huge_network_allocate_nothing() -> None:
    data = in_metadata_json(model__hidden_size=4096, model__embedding_dim=4096, model__layers=4)
    tracemalloc.start()
    refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


@needs_posix("named pipes")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, reason in (
        (tmp_path / "missing", "No such file"),
        (tmp_path, "It is not a file"),
        (tmp_path / "pipe", "It is not a file"),
        (Path(os.devnull), "It is not a file"),
        (tmp_path / "loop", "cannot be read"),
        (tmp_path / ("x" * 1_000), "cannot be read"),
        (tmp_path / "a\0b", "name is invalid"),
    ):
        for read in (checkpoint.load, checkpoint.read_metadata):
            with pytest.raises(CharloomError, match=reason) as caught:
                read(path)
            assert repr(str(path)) in str(caught.value)


def test_a_file_of_more_than_2_gib_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate((2 << 30) + 1)
    with pytest.raises(CharloomError, match="larger than 2 GiB"):
        checkpoint.load(path)
