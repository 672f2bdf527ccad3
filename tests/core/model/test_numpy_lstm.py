import dataclasses
import threading

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint, from_bytes, to_bytes
from charloom.core.model.numpy_lstm import NumpyLSTM
from tests.helpers.factories import random_checkpoint


class Textbook(nn.Module):
    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        model = checkpoint.model
        self.embedding = nn.Embedding(model.vocab_size, model.embedding_dim)
        self.lstm = nn.LSTM(model.embedding_dim, model.hidden_size, model.layers, batch_first=True)
        self.head = nn.Linear(model.hidden_size, model.vocab_size)
        tensors = {n: torch.tensor(t.astype(np.float32)) for n, t in checkpoint.tensors.items()}
        if model.tie_weights:
            tensors["head.weight"] = tensors["embedding.weight"]
        self.load_state_dict(tensors)

    @torch.no_grad()
    def forward(self, ids: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # more threads only slow such small networks down
        try:
            hidden, state = self.lstm(self.embedding(ids))
            return self.head(hidden), state
        finally:
            torch.set_num_threads(threads)


def some_ids(checkpoint: Checkpoint, streams: int, length: int) -> NDArray[np.int64]:
    random = np.random.default_rng(1)
    return random.integers(0, checkpoint.model.vocab_size, (streams, length))


@pytest.mark.parametrize("streams", [1, 5])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("half", [False, True])
def test_logits_and_state_are_those_of_torch(layers: int, streams: int, half: bool) -> None:
    checkpoint = random_checkpoint(layers=layers, hidden_size=24, embedding_dim=7, seed=layers)
    checkpoint = from_bytes(to_bytes(checkpoint, half), "a test")
    model = NumpyLSTM(checkpoint)
    ids = some_ids(checkpoint, streams, 40)
    truth, (h, c) = Textbook(checkpoint)(torch.from_numpy(ids))
    state = model.start(streams)
    logits = model.logits(ids, state)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, truth.numpy(), atol=1e-4)
    np.testing.assert_allclose(state.h, h.numpy(), atol=1e-4)
    np.testing.assert_allclose(state.c, c.numpy(), atol=1e-4)


def test_logits_with_tied_weights_are_those_of_torch() -> None:
    checkpoint = random_checkpoint(layers=2, hidden_size=16, embedding_dim=16, tie_weights=True)
    ids = some_ids(checkpoint, 2, 30)
    model = NumpyLSTM(checkpoint)
    truth, _ = Textbook(checkpoint)(torch.from_numpy(ids))
    np.testing.assert_allclose(model.logits(ids, model.start(2)), truth.numpy(), atol=1e-4)


@pytest.mark.parametrize("streams", [1, 3])
def test_step_by_step_gives_what_reading_at_once_gives(streams: int) -> None:
    checkpoint = random_checkpoint(layers=2, hidden_size=12)
    model = NumpyLSTM(checkpoint)
    ids = some_ids(checkpoint, streams, 20)
    at_once = model.logits(ids, model.start(streams))
    state = model.start(streams)
    for t in range(ids.shape[1]):
        logits = model.step(ids[:, t], state)
        assert logits.shape == (streams, checkpoint.model.vocab_size)
        np.testing.assert_allclose(logits, at_once[:, t], atol=1e-5)


def test_a_text_may_be_read_in_pieces() -> None:
    checkpoint = random_checkpoint(layers=3)
    model = NumpyLSTM(checkpoint)
    ids = some_ids(checkpoint, 2, 25)
    state = model.start(2)
    pieces = [model.logits(ids[:, a:b], state) for a, b in ((0, 1), (1, 18), (18, 25))]
    at_once = model.logits(ids, model.start(2))
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), at_once, atol=1e-6)


def test_the_empty_state_is_zero_and_has_a_row_per_layer_and_stream() -> None:
    state = NumpyLSTM(random_checkpoint(layers=2, hidden_size=6)).start(3)
    assert state.h.shape == state.c.shape == (2, 3, 6)
    assert not state.h.any()
    assert not state.c.any()


@pytest.mark.parametrize("streams", [1, 4])
def test_a_copied_state_goes_on_independently_of_the_first(streams: int) -> None:
    checkpoint = random_checkpoint(layers=2)
    model = NumpyLSTM(checkpoint)
    ids = some_ids(checkpoint, streams, 10)
    state = model.start(streams)
    model.logits(ids, state)
    branch = state.copy()
    expected = model.step(ids[:, 0], state).copy()
    model.logits(ids, state)  # the copy must not change
    np.testing.assert_array_equal(model.step(ids[:, 0], branch), expected)


@pytest.mark.parametrize("streams", [1, 4])
def test_what_is_written_into_a_state_is_what_the_network_goes_on_from(streams: int) -> None:
    checkpoint = random_checkpoint(layers=2)
    model = NumpyLSTM(checkpoint)
    ids = some_ids(checkpoint, streams, 10)
    read, written = model.start(streams), model.start(streams)
    model.logits(ids, read)
    written.h[:], written.c[:] = read.h, read.c
    np.testing.assert_array_equal(model.step(ids[:, 0], written), model.step(ids[:, 0], read))


def test_one_model_serves_several_threads_at_once() -> None:
    checkpoint = random_checkpoint(layers=2, hidden_size=32)
    model = NumpyLSTM(checkpoint)
    ids = some_ids(checkpoint, 1, 400)
    expected = model.logits(ids, model.start())
    results: list[NDArray[np.float32]] = []
    threads = [
        threading.Thread(target=lambda: results.append(model.logits(ids, model.start())))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    "name", ["embedding.weight", "lstm.weight_hh_l0", "lstm.bias_hh_l1", "head.weight"]
)
def test_weights_that_would_overflow_are_refused(name: str) -> None:
    checkpoint = random_checkpoint(layers=2)
    huge = {name: np.full_like(checkpoint.tensors[name], 3e38)}
    wild = dataclasses.replace(checkpoint, tensors={**checkpoint.tensors, **huge})
    with pytest.raises(CharloomError, match="too large"):
        NumpyLSTM(wild)


def test_large_weights_that_cannot_overflow_are_computed_without_a_warning() -> None:
    checkpoint = random_checkpoint(layers=2)
    large = {n: t * np.float32(1e17) for n, t in checkpoint.tensors.items()}
    model = NumpyLSTM(dataclasses.replace(checkpoint, tensors=large))
    logits = model.logits(some_ids(checkpoint, 1, 50), model.start())
    assert np.isfinite(logits).all()
