"""Losses of a model on a long text, computed with PyTorch in a child process."""

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from charloom.core.analysis.lanes import Mean
from charloom.core.analysis.scoring import Score, check_window, encoded
from charloom.core.child_process import exit_description, start_module
from charloom.core.data.spool import storing_text
from charloom.core.data.text_file import Characters
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint as files
from charloom.core.model.checkpoint import Checkpoint

LONG_CHARACTERS = 300_000
"""From here on, PyTorch is faster than NumPy, although it takes seconds to start."""


def score_long(
    checkpoint: Checkpoint,
    text: Characters,
    window: int | None = None,
    *,
    full: bool = False,
    on_progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Score:
    """Return the loss of ``text`` as :func:`core.analysis.scoring.score` does, in less time.

    The child uses a GPU, or bfloat16 where that is faster. Unless ``full``, it reads stretches that
    are spread over the text, and ends when the loss is certain or after a limit. ``on_progress`` is
    called with the characters counted and those to count at most.
    """
    if window is not None:
        check_window(window)
    with (
        encoded(checkpoint.vocab, text) as known_text,
        tempfile.TemporaryDirectory(prefix="charloom-") as name,
    ):
        folder = Path(name)
        files.save(checkpoint, folder / "checkpoint")
        with storing_text(folder.parent):
            np.save(folder / "ids.npy", known_text.ids)
            np.save(folder / "known.npy", known_text.known)
        arguments = name, str(window or 0), str(int(full))
        with (folder / "log").open("wb") as log:
            child = start_module("training.scorer", *arguments, stdout=subprocess.PIPE, stderr=log)
        assert child.stdout
        loss: Mean | None = None
        try:
            for line in child.stdout:
                *figures, limit = json.loads(line)
                loss = Mean(*figures)
                on_progress(loss.characters, limit)
            status = child.wait()
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        if status or loss is None:
            lines = (folder / "log").read_text("utf-8", "replace").strip().splitlines()
            reason = f": {lines[-1].rstrip('.')}" if lines else ""
            raise CharloomError(f"The process that scores {exit_description(status)}{reason}.")
        left_out = int(np.count_nonzero(known_text.known[1:])) - loss.characters
        unknown = known_text.unknown
    return Score(loss.characters, loss.nats, unknown, loss.standard_error, left_out)
