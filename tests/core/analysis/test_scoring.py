import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from charloom.core import paths
from charloom.core.analysis.scoring import Score, carried, windowed
from charloom.core.data import spool, text_file
from charloom.core.data.text_file import TextFile
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import Cancelled, CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from tests.core.model.test_numpy_lstm import Textbook
from tests.helpers.factories import random_checkpoint

LETTERS = "\n abcdefghijklmnopqrstuvwxyz"


def some_text(length: int, chars: str = LETTERS) -> str:
    return "".join(np.random.default_rng(0).choice(list(chars), length))


def losses(checkpoint: Checkpoint, text: str) -> NDArray[np.float64]:
    """Return the loss of each character but the first, in one pass of torch."""
    ids = torch.from_numpy(checkpoint.vocab.encode(text))
    logits, _ = Textbook(checkpoint)(ids[None, :-1])
    nats = functional.cross_entropy(logits[0].double(), ids[1:], reduction="none")
    return np.asarray(nats.numpy(), np.float64)


@pytest.mark.parametrize("length", [2, 3, 700])
def test_the_carried_loss_of_a_short_text_is_that_of_one_pass_of_torch(length: int) -> None:
    checkpoint = random_checkpoint(layers=2, hidden_size=16)
    text = some_text(length)
    score = carried(NumpyLSTM(checkpoint), text)
    assert score.characters == length - 1
    assert score.unknown == 0
    assert score.nats_per_char == pytest.approx(losses(checkpoint, text).mean(), abs=1e-4)


@pytest.mark.parametrize("known", [LETTERS, LETTERS + PLACEHOLDER, "\n abcdefg"])
def test_a_text_that_is_read_in_pieces_has_the_same_score(
    known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = NumpyLSTM(random_checkpoint(known))
    text = some_text(500, LETTERS + "é")
    expected = carried(model, text)
    monkeypatch.setattr(text_file, "PIECE_CHARACTERS", 7)
    assert carried(model, TextFile.of([text])) == carried(model, text) == expected
    monkeypatch.setattr(spool, "MAX_MEMORY_BYTES", 64)  # beyond that, the ids are on disk
    files = set(paths.models_dir().glob("*"))
    assert carried(model, text) == expected
    assert set(paths.models_dir().glob("*")) == files
    with pytest.raises(Cancelled) as error:
        carried(model, text, cancelled=lambda: True)
    assert error and set(paths.models_dir().glob("*")) == files


def test_lanes_that_overlap_find_what_a_single_pass_finds() -> None:
    checkpoint = random_checkpoint(hidden_size=16)
    text = some_text(22_017)  # enough for two lanes
    score = carried(NumpyLSTM(checkpoint), text)
    assert score.characters == len(text) - 1
    assert score.nats_per_char == pytest.approx(losses(checkpoint, text).mean(), abs=1e-5)


def test_a_lane_reads_the_thousand_characters_before_its_own_and_no_more() -> None:
    checkpoint = random_checkpoint(hidden_size=4)
    remembers = np.repeat([-7.0, 50.0, 0.0, 0.0], 4)  # forgets nothing, takes in a little
    checkpoint.tensors["lstm.bias_ih_l0"][:] += remembers.astype(np.float32)
    text = some_text(20_001)
    bounds = [k * 79 // 16 * 256 for k in range(16)] + [20_000]  # 79 windows in 16 lanes
    lanes = [
        losses(checkpoint, text[max(0, first - 1_024) : last + 1])[first - last :]
        for first, last in itertools.pairwise(bounds)
    ]
    expected = np.concatenate(lanes)
    assert len(expected) == 20_000
    score = carried(NumpyLSTM(checkpoint), text)
    assert score.nats_per_char == pytest.approx(expected.mean(), abs=1e-5)
    assert abs(losses(checkpoint, text).mean() - expected.mean()) > 1e-4
    sums = np.array([lane.sum() - expected.mean() * len(lane) for lane in lanes])
    error = math.sqrt(float(np.square(sums).sum()) * 16 / 15) / 20_000
    assert score.standard_error == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize("window", [1, 7, 256, 1_000])
def test_the_windowed_loss_is_that_of_torch_on_each_window_alone(window: int) -> None:
    checkpoint = random_checkpoint(hidden_size=16)
    text = some_text(600)
    starts = range(0, len(text) - 1, window)
    expected = np.concatenate([losses(checkpoint, text[s : s + window + 1]) for s in starts])
    assert len(expected) == len(text) - 1
    score = windowed(NumpyLSTM(checkpoint), text, window)
    assert score.characters == len(text) - 1
    assert score.nats_per_char == pytest.approx(expected.mean(), abs=1e-5)


def test_with_a_limit_stretches_spread_over_the_text_are_scored() -> None:
    checkpoint = random_checkpoint(hidden_size=4)
    text = some_text(20_000)
    starts = [k * 79 // 4 * 256 for k in range(4)]
    every = [losses(checkpoint, text[max(0, s - 1_024) : s + 257])[-256:] for s in starts]
    score = carried(NumpyLSTM(checkpoint), text, limit=1_000)
    assert (score.characters, score.left_out) == (1_024, 19_999 - 1_024)
    assert score.nats_per_char == pytest.approx(np.concatenate(every).mean(), abs=1e-5)


def test_both_measures_have_the_standard_error_of_the_same_lanes() -> None:
    checkpoint = random_checkpoint("ab", hidden_size=2, embedding_dim=2)
    checkpoint.tensors["lstm.weight_hh_l0"][:] = 0  # it forgets all but the last character
    checkpoint.tensors["lstm.bias_ih_l0"][2:4] = -50
    model, text = NumpyLSTM(checkpoint), some_text(9_000, "ab")
    one, other = carried(model, text), windowed(model, text)
    assert one.standard_error == pytest.approx(other.standard_error, rel=1e-3)
    assert carried(model, text[:200]).standard_error is None


def test_a_window_has_256_characters_by_default() -> None:
    model = NumpyLSTM(random_checkpoint())
    assert windowed(model, some_text(900)) == windowed(model, some_text(900), 256)


def test_bits_are_nats_over_the_logarithm_of_two() -> None:
    checkpoint = random_checkpoint("abcd")
    for name in ("head.weight", "head.bias"):
        checkpoint.tensors[name][:] = 0
    score = carried(NumpyLSTM(checkpoint), "abcdabcd")
    assert score.nats_per_char == pytest.approx(math.log(4))
    assert score.bits_per_char == pytest.approx(2)


def test_logits_far_apart_neither_overflow_nor_vanish() -> None:
    checkpoint = random_checkpoint("ab")
    checkpoint.tensors["head.weight"][:] = 0
    checkpoint.tensors["head.bias"][:] = [5e4, -5e4]
    assert carried(NumpyLSTM(checkpoint), "aab").nats_per_char == pytest.approx(1e5 / 2)


def test_unknown_characters_are_counted_and_left_out_when_there_is_no_placeholder() -> None:
    model = NumpyLSTM(random_checkpoint())
    score = carried(model, "☃the w☃☃arp")
    assert score.unknown == 3
    assert score.characters == len("the warp") - 1
    assert score.nats_per_char == pytest.approx(carried(model, "the warp").nats_per_char)


@pytest.mark.parametrize("measure", [carried, windowed])
def test_the_placeholder_is_read_for_an_unknown_character_which_is_not_predicted(
    measure: Callable[[NumpyLSTM, str], Score],
) -> None:
    checkpoint = random_checkpoint(LETTERS + PLACEHOLDER)
    text = "☃the w☃☃arp"
    every = losses(checkpoint, text.replace("☃", PLACEHOLDER))
    known = [loss for loss, c in zip(every, text[1:], strict=True) if c != "☃"]
    score = measure(NumpyLSTM(checkpoint), text)
    assert score.unknown == 3
    assert score.characters == len(known) == 8
    assert score.nats_per_char == pytest.approx(np.mean(known), abs=1e-5)


@pytest.mark.parametrize("text", ["", "a", "☃☃☃", "a☃", "☃a"])
@pytest.mark.parametrize("chars", ["ab", "ab" + PLACEHOLDER])
def test_a_text_with_nothing_to_predict_is_refused(text: str, chars: str) -> None:
    model = NumpyLSTM(random_checkpoint(chars))
    if text == "☃a" and PLACEHOLDER in chars:
        assert carried(model, text).characters == 1
        return
    for measure in (carried, windowed):
        with pytest.raises(CharloomError, match="too short to score"):
            measure(model, text)


@pytest.mark.parametrize("window", [0, -3])
def test_a_window_without_characters_is_refused(window: int) -> None:
    with pytest.raises(CharloomError, match="one character or more"):
        windowed(NumpyLSTM(random_checkpoint()), "some text", window)


def test_more_windows_than_are_read_at_a_time_are_all_counted() -> None:
    checkpoint = random_checkpoint("ab", hidden_size=2, embedding_dim=2)
    text = some_text(3_001, "ab")
    once = NumpyLSTM(checkpoint).logits(np.array([[0], [1]]), NumpyLSTM(checkpoint).start(2))[:, 0]
    nats = np.log(np.exp(once).sum(axis=1, keepdims=True)) - once
    ids = checkpoint.vocab.encode(text)
    expected = nats[ids[:-1], ids[1:]].mean()
    assert windowed(NumpyLSTM(checkpoint), text, 1).nats_per_char == pytest.approx(
        expected, rel=1e-5
    )
