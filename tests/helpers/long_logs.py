"""Logs like those of runs of days: made in a moment, and as irregular as real ones."""

import math
from collections.abc import Iterator

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.runs import events
from charloom.core.runs.events import CheckpointSaved, Event, RunWarning, Started, Validated

_PROGRESS = (
    '{"event": "progress", "step": %d, "epoch": %.15f, "loss": %.15f, "bits_per_char": %.15f, '
    '"lr": 0.0035123, "chars_per_second": 51204.56, "elapsed_seconds": %.1f, '
    '"eta_seconds": %.1f, "fraction": %.6f}'
)
_REPORT_STEPS = 5  # between reports
_ROLLBACK_STEPS = 40
_RISE = 0.1  # nats, of the loss in the steps that are rolled back


def loss_at(step: int, total: int) -> float:
    """Return the reported loss at a step: it falls, with some noise."""
    return 1.4 + 2 * math.exp(-6 * step / total) + 0.05 * math.sin(1.7 * step)


def long_log(lines: int, resumed: int = 3, jumps: int = 20) -> bytes:
    """Return a log of about so many ``lines``, without an end.

    The run was ``resumed`` some times, each time from an earlier step, with a warning; and some
    times its loss ``jumps``, and it is rolled back.
    """
    return b"".join(line.encode() + b"\n" for line in _lines(lines, resumed, jumps))


def _lines(lines: int, resumed: int, jumps: int) -> Iterator[str]:
    total = lines * _REPORT_STEPS
    step, session, jump = 0, lines // (resumed + 1), lines // (jumps + 1)
    for number in range(lines):
        if number % session == 0:
            step = max(0, step - number // 50 * _REPORT_STEPS)
            yield events.to_line(_started(step, total))
            yield events.to_line(RunWarning(f"It is resumed at {step}."))
        elif number % jump == jump - 1:
            for lost in range(step + 1, step + _ROLLBACK_STEPS):
                yield _progress(lost, total, loss_at(lost, total) + _RISE)
            yield events.to_line(RunWarning(f"The loss jumped at {step}."))
            step = max(0, step - _ROLLBACK_STEPS)
        elif number % 10 == 5:
            yield events.to_line(_validated(step, total))
        elif number % 20 == 7:
            yield events.to_line(CheckpointSaved(step, f"step-{step:08d}.safetensors"))
        else:
            step += _REPORT_STEPS
            yield _progress(step, total, loss_at(step, total))


def _progress(step: int, total: int, loss: float) -> str:
    seconds = step / 10
    figures = (step, step / 1_300, loss, events.bits(loss), seconds, total / 10 - seconds)
    return _PROGRESS % (*figures, step / total)


def _validated(step: int, total: int) -> Event:
    loss = loss_at(step, total) + 0.1
    return Validated(step, loss, events.bits(loss), loss, step, 24_000, 0.1)


def _started(step: int, total: int) -> Event:
    model, training = ModelConfig(80), TrainConfig(steps=total)
    fields = (step, "cpu", "float32", 2, model.parameters, 900_000, 100_000, total)
    return Started(*fields, 4.38, 3.1, 2.45, 1.6, 1.7, model.to_json(), training.to_json())
