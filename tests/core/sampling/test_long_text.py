"""The memory that texts of any length take."""

import os
import tracemalloc
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from itertools import repeat
from pathlib import Path

import pytest

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampled
from charloom.tui.console import stream
from charloom.tui.console.stream import OutputStream
from charloom.tui.formatting.wrapping import WrappedRows
from charloom.tui.services.writer import GenerationJob
from tests.helpers.factories import random_checkpoint

FEW, MANY = 2_000, 20_000  # characters


def peak(write: Callable[[int], object], length: int) -> int:
    """Return the peak memory in bytes while so many characters were generated."""
    tracemalloc.start()
    try:
        write(length)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def passage(length: int, shown: bool) -> OutputStream:
    made = OutputStream(shown)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        assert made.write("", lambda: repeat(Sampled("x", 0.5), length)) is None
    return made


def test_a_text_that_is_only_shown_takes_the_same_memory_for_any_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "MAX_STORED_CHARACTERS", FEW)
    monkeypatch.setattr(stream, "_FRAME_SECONDS", 0.001)
    shown = partial(passage, shown=True)
    shown(100)
    few, many = peak(shown, 2 * FEW), peak(shown, 10 * MANY)
    assert many < few + 100_000


@pytest.mark.parametrize("shown", [True, False])
def test_a_text_that_is_kept_takes_a_few_bytes_for_each_character(shown: bool) -> None:
    def text(length: int) -> None:
        assert passage(length, shown).text == length * "x"

    text(100)
    assert peak(text, 10 * MANY) - peak(text, FEW) < 8 * (10 * MANY - FEW)


def test_a_candidate_keeps_nothing_of_what_was_taken() -> None:
    model = NumpyLSTM(random_checkpoint("ab", hidden_size=2, embedding_dim=2))

    def write(length: int) -> None:
        candidate = GenerationJob(model, "ab", SamplingConfig(), 0, length, Ending("abababab!"))
        candidate.read_prompt()
        while candidate.write_slice():
            candidate.take_text()
        assert candidate.count == length

    write(100)
    few, many = peak(write, FEW), peak(write, MANY)
    assert many < few + 10_000


def test_rows_take_a_few_bytes_each() -> None:
    def rows(count: int) -> None:
        broken, text = WrappedRows("", 80), ""
        for _ in range(count // 1_000):
            text += 1_000 * "\n"
            broken.grow(text)
        assert len(broken) == count + 1

    rows(1_000)
    assert peak(rows, MANY) - peak(rows, FEW) < 32 * (MANY - FEW)
