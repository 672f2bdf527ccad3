"""Write runs side by side: networks, texts, scores, and the settings that differ."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.runs.monitor import RunMonitor
from charloom.core.runs.run import read_run_config
from charloom.core.settings import option_name
from charloom.core.store.model_dir import ModelDir
from charloom.tui.console.output import write_json, write_table
from charloom.tui.formatting import run_status
from charloom.tui.formatting.units import bits_cell, format_clock

_SHAPE = {"vocab_size": "vocabulary", "hidden_size": "hidden", "layers": "layers"}
_OPTIONS = {
    field.name: f"--{option_name(field)}" for field in (*fields(ModelConfig), *fields(TrainConfig))
}


def write_comparison(runs: Sequence[RunMonitor], as_json: bool) -> None:
    """Write a column for each of ``runs``, or its figures and all its settings as JSON."""
    if as_json:
        for run in runs:
            write_json(_to_json(run))
        return
    columns = [dict(_figures(run)) for run in runs]
    settings = [_settings(run) for run in runs]
    for name, label in _OPTIONS.items():
        values = [own.get(name) for own in settings]
        known = [value for value, own in zip(values, settings, strict=True) if own]
        if name not in _SHAPE and any(value != known[0] for value in known):
            for column, value in zip(columns, values, strict=True):
                column[label] = _cell(value)
    rows = [(label, *(column[label] for column in columns)) for label in columns[0]]
    rows = [row for row in rows if any(row[1:])]
    write_table("<" * (1 + len(runs)), ("", *(run.name for run in runs)), *rows)


def _figures(run: RunMonitor) -> Iterator[tuple[str, str]]:
    """Yield the headings of the rows and what ``run`` has there: "" if that is unknown."""
    started, progress, finished = run.started, run.progress, run.finished
    best, settings = run_status.best(run), _settings(run)
    yield "state", f"{run_status.symbol(run.status)} {run_status.state(run)}"
    yield "started from", run_status.base(run)
    yield "text", _title(run)
    characters = started and started.train_characters + started.held_out_characters
    yield "characters", _cell(characters)
    for name, label in _SHAPE.items():
        yield label, _cell(settings.get(name))
    yield "parameters", _cell(started and started.parameters)
    yield "step", _cell(run_status.step(run))
    yield "elapsed", format_clock(progress.elapsed_seconds) if progress else ""
    yield "chars/s", f"{progress.chars_per_second:,.0f}" if progress else ""
    yield "best step", _cell(best and best[0])
    yield "bits/char", run_status.best_bits(run)
    error = finished.standard_error if finished else None
    for label, loss in (
        ("carried", finished.val_loss if finished else None),
        ("windowed", finished.val_windowed_256 if finished else None),
    ):
        yield label, "" if loss is None else bits_cell(loss, error, 3)


def _to_json(run: RunMonitor) -> dict[str, Any]:
    started, progress, finished = run.started, run.progress, run.finished
    return run_status.to_json(run) | {
        "text": _title(run) or None,
        "train_characters": started and started.train_characters,
        "held_out_characters": started and started.held_out_characters,
        "parameters": started and started.parameters,
        "elapsed_seconds": progress and progress.elapsed_seconds,
        "chars_per_second": progress and progress.chars_per_second,
        "final_val_loss": finished and finished.val_loss,
        "final_windowed_256": finished and finished.val_windowed_256,
        "final_standard_error": finished and finished.standard_error,
        "settings": _settings(run),
    }


def _settings(run: RunMonitor) -> dict[str, Any]:
    """Return the settings of the network and of training, of any type if the log is damaged."""
    return {**run.started.model, **run.started.training} if run.started else {}


def _title(run: RunMonitor) -> str:
    with suppress(CharloomError):  # damaged
        return read_run_config(ModelDir.named(run.name)).title
    return ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
