"""Fixtures of the tests of Prompt."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from charloom.core.model.numpy_lstm import LSTMState, NumpyLSTM
from tests.tui.prompt.helpers import Gate, choose, weaver


@pytest.fixture
def model() -> None:
    """Save a small model, and preferences of an earlier session that used it."""
    weaver()
    choose()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Make every model pass a gate, open at first, and never end a slice early."""
    made = Gate()

    class Gated(NumpyLSTM):
        def step(
            self, ids: Sequence[int] | NDArray[np.int64], state: LSTMState
        ) -> NDArray[np.float32]:
            made.enter()
            return super().step(ids, state)

    monkeypatch.setattr("charloom.tui.services.model_cache.NumpyLSTM", Gated)
    monkeypatch.setattr("charloom.tui.services.writer._SLICE_SECONDS", float("inf"))
    yield made
    made.let()
