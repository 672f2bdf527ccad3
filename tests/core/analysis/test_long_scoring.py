import sys
from pathlib import Path
from subprocess import Popen
from typing import Any

import numpy as np
import pytest

from charloom.core.analysis import lanes, long_scoring, scoring
from charloom.core.analysis.long_scoring import score_long
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint, save
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.training import scorer
from tests.helpers.factories import random_checkpoint

TEXT = "".join(np.random.default_rng(0).choice(list("the loom\n☃"), 30_000))


@pytest.mark.parametrize(("window", "more"), [(None, ""), (100, PLACEHOLDER)])
def test_the_child_process_measures_as_numpy_does(window: int | None, more: str) -> None:
    checkpoint = random_checkpoint("the lom\n" + more, hidden_size=16)
    expected = scoring.score(NumpyLSTM(checkpoint), TEXT, window)
    progress: list[tuple[int, int]] = []
    score = score_long(
        checkpoint, TEXT, window, on_progress=lambda done, total: progress.append((done, total))
    )
    assert (score.characters, score.unknown) == (expected.characters, expected.unknown)
    assert score.nats_per_char == pytest.approx(expected.nats_per_char, abs=1e-3)
    assert score.standard_error == pytest.approx(expected.standard_error, rel=0.05)
    assert score.left_out == 0
    assert progress[-1][0] == score.characters


def scored(
    checkpoint: Checkpoint, folder: Path, full: bool, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return the last line of the child process, run in this one."""
    save(checkpoint, folder / "checkpoint")
    ids = np.random.default_rng(0).integers(2, size=100_001).astype(np.uint16)
    np.save(folder / "ids.npy", ids)
    np.save(folder / "known.npy", np.ones(len(ids), np.bool_))
    scorer.main(str(folder), 0, full)
    return capsys.readouterr().out.splitlines()[-1]


@pytest.mark.usefixtures("torch_as_it_was")
def test_reading_ends_when_the_loss_is_certain_unless_all_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = random_checkpoint("ab", hidden_size=2, embedding_dim=2)
    monkeypatch.setattr(lanes, "MIN_CHARACTERS", 10_000)
    monkeypatch.setattr(lanes, "MAX_STANDARD_ERROR", 1.0)
    assert scored(checkpoint, tmp_path, False, capsys).endswith(", 12288, 100000]")
    assert scored(checkpoint, tmp_path, True, capsys).endswith(", 100000, 100000]")
    monkeypatch.setattr(lanes, "MAX_STANDARD_ERROR", 0.0)
    monkeypatch.setattr(scorer, "MAX_CHARACTERS", 20_000)
    assert scored(checkpoint, tmp_path, False, capsys).endswith(", 20480, 20000]")


def test_a_child_process_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: str, **options: Any) -> Popen[bytes]:
        code = "import sys; sys.exit('There is no room.')"
        return Popen([sys.executable, "-c", code], **options)

    monkeypatch.setattr(long_scoring, "start_module", start)
    with pytest.raises(CharloomError, match=r"failed \(exit 1\): There is no room\.$"):
        score_long(random_checkpoint(), "the loom")
