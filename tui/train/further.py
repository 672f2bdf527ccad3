"""Train a finished run further: a new run from its best checkpoint, on the same text."""

import asyncio
from typing import Any

from textual.app import App

from charloom.core.errors import CharloomError
from charloom.core.runs.presets import DEFAULT_MINUTES, validate_overrides
from charloom.core.runs.run import create_run
from charloom.core.runs.training_text import find_training_text
from charloom.core.sanitize import quoted, single_line
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import next_name
from charloom.tui.dialogs.basic import InputDialog, ask_until_done
from charloom.tui.formatting.key_text import with_keys

_MAX_NAME = 40  # characters
_DETAIL = (
    "A new run starts from its best checkpoint, on the same text. For another text, press "
    "{train.add|a} and start from a model."
)


async def create_next_run(app: App[Any], name: str) -> ModelDir | None:
    """Ask for the minutes and create a run from ``name``; return None if that is cancelled."""
    question = f"Minutes to train {single_line(name, _MAX_NAME)} further"

    def dialog(minutes: str) -> InputDialog:
        return InputDialog(question, minutes, detail=with_keys(app, _DETAIL), check=_minutes)

    async def create(typed: str) -> ModelDir:
        return await asyncio.to_thread(_create, name, _minutes(typed))

    return await ask_until_done(app, dialog, f"{DEFAULT_MINUTES:g}", create)


def _create(name: str, minutes: float) -> ModelDir:
    best = CheckpointRef(name, "best")
    text = find_training_text(name, load_checkpoint(best).checkpoint)
    overrides = {"minutes": minutes}
    return create_run(next_name(name), text.corpus, "auto", overrides, text.min_count, str(best))


def _minutes(typed: str) -> float:
    try:
        minutes = float(typed)
    except ValueError as error:
        raise CharloomError(f"{quoted(typed)} is not a number of minutes.") from error
    validate_overrides("auto", {"minutes": minutes})
    return minutes
