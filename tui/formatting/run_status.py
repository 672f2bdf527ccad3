"""Labels and messages for run states."""

from typing import Any

from charloom.core.runs.curve import DownsampledCurve
from charloom.core.runs.events import Finished, Started, ThreadsChanged, bits
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.runs.overfitting import overfit_step
from charloom.core.sanitize import single_line
from charloom.core.wording import plural
from charloom.tui.formatting.units import as_choice, bits_cell, error_note, score_note

LIVE = (RunStatus.STARTING, RunStatus.TRAINING, RunStatus.PAUSED, RunStatus.EVALUATING)
FINISHED = (RunStatus.COMPLETED, RunStatus.PLATEAUED)
RESUMABLE = (RunStatus.STOPPED, RunStatus.INTERRUPTED, RunStatus.FAILED, RunStatus.UNTRAINED)

_STYLES = {  # symbol, label, colour (each sufficient alone)
    RunStatus.STARTING: ("●", "starting", "$text-success"),
    RunStatus.TRAINING: ("●", "training", "$text-success"),
    RunStatus.EVALUATING: ("●", "evaluating", "$text-success"),
    RunStatus.PAUSED: ("‖", "paused", "$text-warning"),
    RunStatus.COMPLETED: ("✓", "completed", "$text-muted"),
    RunStatus.PLATEAUED: ("✓", "no longer improving", "$text-muted"),
    RunStatus.STOPPED: ("■", "stopped", "$text-muted"),
    RunStatus.FAILED: ("✗", "failed", "$text-error"),
    RunStatus.INTERRUPTED: ("!", "interrupted", "$text-error"),
    RunStatus.UNTRAINED: ("·", "not yet trained", "$text-muted"),
    RunStatus.IMPORTED: ("·", "imported", "$text-muted"),
}
_MAX_REASON = 200  # characters


def threads(started: Started) -> str:
    """Return ``2 threads``, or ``4 × 2 threads`` for four processes."""
    processes = started.training.get("processes", 1)
    threads = plural(started.threads, "thread")
    return f"{processes} × {threads}" if processes > 1 else threads


def threads_message(event: ThreadsChanged) -> str:
    """Return a message on a change of the number of threads."""
    return (
        f"{plural(event.threads, 'thread')} from step {event.step:,}, as other work on "
        f"this machine changed: {event.chars_per_second:,.0f} chars/s."
    )


def symbol(state: RunStatus) -> str:
    """Return the one-character symbol of a state."""
    return _STYLES[state][0]


def label(state: RunStatus) -> str:
    """Return the name of a state, in one to three words."""
    return _STYLES[state][1]


def state(run: RunMonitor) -> str:
    """Return the name of the state of a run, with the share that is done, if that is known."""
    name, evaluating = label(run.status), run.evaluating
    if run.preparing and run.status is RunStatus.STARTING:
        return f"{name} {run.preparing.fraction:.0%}"
    if evaluating and run.status is RunStatus.EVALUATING:
        return f"{name} {evaluating.counted_characters / evaluating.max_characters:.0%}"
    return name


def colour(state: RunStatus) -> str:
    """Return the colour of a state."""
    return _STYLES[state][2]


def best(run: RunMonitor) -> tuple[int, float] | None:
    """Return the step of the best validation and its loss in nats per character."""
    validated = run.validated
    return (validated.best_step, validated.best_val_loss) if validated else None


def best_note(run: RunMonitor) -> str:
    """Return a note if the best validation was measured on few characters, else ""."""
    return score_note(run.validated.counted_characters) if run.validated else ""


def best_bits(run: RunMonitor) -> str:
    """Return the best validation loss in bits per character, with its error; "" if unknown.

    The error is that of the latest validation, on the same text; it is about as large.
    """
    validated = run.validated
    if not validated:
        return ""
    return bits_cell(validated.best_val_loss, validated.standard_error, 3) + best_note(run)


def fraction(run: RunMonitor) -> float:
    """Return the completed fraction of a run, from 0 to 1."""
    return min(1.0, max(0.0, run.progress.fraction)) if run.progress else 0.0


def step(run: RunMonitor) -> int | None:
    """Return the last reported step of a run."""
    event = run.progress or run.started
    return event.step if event else None


def base(run: RunMonitor) -> str:
    """Return the checkpoint that a run started from, as NAME@STEP; "" if from scratch."""
    return run.started.base if run.started else ""


def eta_seconds(run: RunMonitor) -> float | None:
    """Return the remaining seconds of a run that is being trained."""
    if run.evaluating and run.status is RunStatus.EVALUATING:
        return run.evaluating.eta_seconds or None
    live = run.status in (RunStatus.TRAINING, RunStatus.PAUSED)
    return run.progress.eta_seconds if run.progress and live else None


def overfit_message(train: DownsampledCurve, validation: DownsampledCurve, live: bool) -> str:
    """Return a message if a run has begun to overfit; else ""."""
    step = overfit_step(train.points(), validation.points())
    if step is None:
        return ""
    if not live:
        return f"It overfitted from step {step:,.0f} on: more text or dropout would help."
    return (
        f"It overfits from step {step:,.0f} on: it memorizes its text and predicts other text "
        "worse. The best checkpoint is saved: stop here, or try more text or dropout."
    )


def best_checkpoint_message(end: Finished) -> str:
    """Return the step and the losses of the best checkpoint; "" if the run was not validated."""
    if end.val_loss is None or end.val_windowed_256 is None:
        return ""
    return (
        f"Best checkpoint: step {end.best_step:,}, on {end.measured_on} "
        f"{bits(end.val_loss):.3f} bits per character, {as_choice(bits(end.val_loss))} "
        f"({end.val_loss:.4f}{error_note(end.standard_error)} nats carried, "
        f"{end.val_windowed_256:.4f} windowed-256)."
    )


_RESUME = "Press {app.train|F3}, {train.continue|o} to resume it."


def end_message(run: RunMonitor) -> str:
    """Return a notification for a run that ended or is blocked, for :func:`with_keys`."""
    validation = best(run)
    loss = "not validated"
    if validation:
        loss = f"{bits(validation[1]):.2f} bits/char on held-out text{best_note(run)}"
    step = f"step {run.finished.step:,}" if run.finished else "its last checkpoint"
    reason = single_line(run.reason, _MAX_REASON)
    return {
        RunStatus.COMPLETED: f"{run.name} is done: {loss}.",
        RunStatus.PLATEAUED: f"{run.name} ended early, no longer improving: {loss}.",
        RunStatus.STOPPED: f"{run.name} is stopped and saved at {step}.",
        RunStatus.PAUSED: f"{run.name} is paused. {reason}",
        RunStatus.FAILED: f"{run.name} failed: {reason}",
        RunStatus.INTERRUPTED: f"{run.name} was interrupted: {reason} {_RESUME}",
    }.get(run.status, f"{run.name} is {label(run.status)}.")


def to_json(run: RunMonitor) -> dict[str, Any]:
    """Return the status of a run as JSON: null if unknown; losses in nats per character."""
    progress, validated = run.progress, run.validated
    return {
        "name": run.name,
        "state": run.status.value,
        "base": base(run) or None,
        "step": step(run),
        "fraction": progress and fraction(run),
        "eta_seconds": eta_seconds(run),
        "loss": progress and progress.loss,
        "val_loss": validated and validated.val_loss,
        "best_val_loss": validated and validated.best_val_loss,
        "best_step": validated and validated.best_step,
        "counted_characters": validated and validated.counted_characters,
        "standard_error": validated and validated.standard_error,
        "reason": run.reason or None,
    }
