"""How a training run stands, in the few words that Charloom has for it."""

import shlex
from typing import Any

from charloom.core.runs.curve import DownsampledCurve
from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.runs.overfitting import overfit_step
from charloom.core.sanitize import single_line

LIVE = (RunStatus.STARTING, RunStatus.TRAINING, RunStatus.PAUSED)
RESUMABLE = (RunStatus.STOPPED, RunStatus.INTERRUPTED, RunStatus.FAILED, RunStatus.UNTRAINED)

_LOOKS = {  # a mark, a word, a colour: any one of them would do
    RunStatus.STARTING: ("●", "starting", "$text-success"),
    RunStatus.TRAINING: ("●", "training", "$text-success"),
    RunStatus.PAUSED: ("‖", "paused", "$text-warning"),
    RunStatus.COMPLETED: ("✓", "completed", "$text-muted"),
    RunStatus.PLATEAUED: ("✓", "no longer improving", "$text-muted"),
    RunStatus.STOPPED: ("■", "stopped", "$text-muted"),
    RunStatus.FAILED: ("✗", "failed", "$text-error"),
    RunStatus.INTERRUPTED: ("!", "interrupted", "$text-error"),
    RunStatus.UNTRAINED: ("·", "not yet trained", "$text-muted"),
    RunStatus.IMPORTED: ("·", "imported", "$text-muted"),
}
_LONGEST_REASON = 200


def symbol(state: RunStatus) -> str:
    """Return one character that tells a state."""
    return _LOOKS[state][0]


def label(state: RunStatus) -> str:
    """Return a state in a word or three."""
    return _LOOKS[state][1]


def colour(state: RunStatus) -> str:
    """Return the colour that goes with a state."""
    return _LOOKS[state][2]


def best(run: RunMonitor) -> tuple[int, float] | None:
    """Return the step of the best validation and its loss in nats per character."""
    seen = run.validated
    return (seen.best_step, seen.best_val_loss) if seen else None


def fraction(run: RunMonitor) -> float:
    """Return how much of a run is done, from 0 to 1."""
    return min(1.0, max(0.0, run.progress.fraction)) if run.progress else 0.0


def step(run: RunMonitor) -> int | None:
    """Return the step that a run has come to, as far as it was told."""
    told = run.progress or run.started
    return told.step if told else None


def eta_seconds(run: RunMonitor) -> float | None:
    """Return how many seconds a run that is being trained still has to go."""
    live = run.state in (RunStatus.TRAINING, RunStatus.PAUSED)
    return run.progress.eta_seconds if run.progress and live else None


def overfit_message(train: DownsampledCurve, validation: DownsampledCurve, live: bool) -> str:
    """Return a sentence on a run that has begun to learn its text by heart; "" if it has not."""
    step = overfit_step(train.points(), validation.points())
    if step is None:
        return ""
    if not live:
        return f"From step {step:,.0f} on it learned by heart: more text or dropout would help."
    return (
        f"From step {step:,.0f} on it learns its text by heart and predicts other text worse. "
        "Its best checkpoint is kept: stop here, or try more text or dropout."
    )


def end_message(run: RunMonitor) -> str:
    """Return a sentence on how a run ended, or why it waits, for who was not looking."""
    from charloom.tui.formatting.content import in_the_app

    found = best(run)
    loss = f"{bits(found[1]):.2f} bits/char on held-out text" if found else "without a validation"
    step = f"step {run.finished.step:,}" if run.finished else "its last checkpoint"
    why = single_line(in_the_app(run.reason), _LONGEST_REASON)
    return {
        RunStatus.COMPLETED: f"{run.name} is done: {loss}.",
        RunStatus.PLATEAUED: f"{run.name} is done, as it no longer improved: {loss}.",
        RunStatus.STOPPED: f"{run.name} is stopped and saved at {step}.",
        RunStatus.PAUSED: f"{run.name} is paused. {why}",
        RunStatus.FAILED: f"{run.name} failed: {why}",
        RunStatus.INTERRUPTED: f"{run.name} was interrupted: {why} F3 and u resume it.",
    }.get(run.state, f"{run.name} is {label(run.state)}.")


def not_training_message(run: RunMonitor) -> str:
    """Return a sentence on why a run is not being trained, and what to do on the command line."""
    name = shlex.quote(run.name)
    resume = f"`charloom resume {name}` goes on with it."
    why = run.reason.rstrip(".")
    rest = {
        RunStatus.STOPPED: f": it was stopped; {resume}",
        RunStatus.FAILED: f": {why}; {resume}",
        RunStatus.INTERRUPTED: f": {why}; {resume}",
        RunStatus.UNTRAINED: f" yet; `charloom resume {name}` begins.",
        RunStatus.IMPORTED: ": it has no run here; `charloom runs` lists those there are.",
    }.get(run.state, f": it is done; `charloom generate --model {name}` lets it write.")
    return f"{run.name!r} is not being trained{rest}"


def to_json(run: RunMonitor) -> dict[str, Any]:
    """Return how a run stands, for scripts: None is what is not known. Losses are in nats."""
    now, seen = run.progress, run.validated
    return {
        "name": run.name,
        "state": run.state.value,
        "step": step(run),
        "fraction": now and fraction(run),
        "eta_seconds": eta_seconds(run),
        "loss": now and now.loss,
        "val_loss": seen and seen.val_loss,
        "best_val_loss": seen and seen.best_val_loss,
        "best_step": seen and seen.best_step,
        "reason": run.reason or None,
    }
