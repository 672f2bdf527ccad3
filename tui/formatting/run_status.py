"""How a training run stands, in the few words that Charloom has for it."""

import shlex
from typing import Any

from charloom.core.runs.curve import Series
from charloom.core.runs.events import bits
from charloom.core.runs.monitor import State, Watch
from charloom.core.runs.overfitting import turned
from charloom.core.sanitize import one_line

LIVE = (State.STARTING, State.TRAINING, State.PAUSED)
RESUMABLE = (State.STOPPED, State.INTERRUPTED, State.FAILED, State.UNTRAINED)

_LOOKS = {  # a mark, a word, a colour: any one of them would do
    State.STARTING: ("●", "starting", "$text-success"),
    State.TRAINING: ("●", "training", "$text-success"),
    State.PAUSED: ("‖", "paused", "$text-warning"),
    State.COMPLETED: ("✓", "completed", "$text-muted"),
    State.PLATEAUED: ("✓", "no longer improving", "$text-muted"),
    State.STOPPED: ("■", "stopped", "$text-muted"),
    State.FAILED: ("✗", "failed", "$text-error"),
    State.INTERRUPTED: ("!", "interrupted", "$text-error"),
    State.UNTRAINED: ("·", "not yet trained", "$text-muted"),
    State.IMPORTED: ("·", "imported", "$text-muted"),
}
_LONGEST_REASON = 200


def mark(state: State) -> str:
    """Return one character that tells a state."""
    return _LOOKS[state][0]


def word(state: State) -> str:
    """Return a state in a word or three."""
    return _LOOKS[state][1]


def colour(state: State) -> str:
    """Return the colour that goes with a state."""
    return _LOOKS[state][2]


def best(run: Watch) -> tuple[int, float] | None:
    """Return the step of the best validation and its loss in nats per character."""
    seen = run.validated
    return (seen.best_step, seen.best_val_loss) if seen else None


def fraction(run: Watch) -> float:
    """Return how much of a run is done, from 0 to 1."""
    return min(1.0, max(0.0, run.progress.fraction)) if run.progress else 0.0


def step(run: Watch) -> int | None:
    """Return the step that a run has come to, as far as it was told."""
    told = run.progress or run.started
    return told.step if told else None


def left(run: Watch) -> float | None:
    """Return how many seconds a run that is being trained still has to go."""
    live = run.state in (State.TRAINING, State.PAUSED)
    return run.progress.eta_seconds if run.progress and live else None


def turning(train: Series, validation: Series, live: bool) -> str:
    """Return a sentence on a run that has begun to learn its text by heart; "" if it has not."""
    step = turned(train.points(), validation.points())
    if step is None:
        return ""
    if not live:
        return f"From step {step:,.0f} on it learned by heart: more text or dropout would help."
    return (
        f"From step {step:,.0f} on it learns its text by heart and predicts other text worse. "
        "Its best checkpoint is kept: stop here, or try more text or dropout."
    )


def ending(run: Watch) -> str:
    """Return a sentence on how a run ended, or why it waits, for who was not looking."""
    from charloom.tui.formatting.content import in_the_app

    found = best(run)
    loss = f"{bits(found[1]):.2f} bits/char on held-out text" if found else "without a validation"
    step = f"step {run.finished.step:,}" if run.finished else "its last checkpoint"
    why = one_line(in_the_app(run.reason), _LONGEST_REASON)
    return {
        State.COMPLETED: f"{run.name} is done: {loss}.",
        State.PLATEAUED: f"{run.name} is done, as it no longer improved: {loss}.",
        State.STOPPED: f"{run.name} is stopped and saved at {step}.",
        State.PAUSED: f"{run.name} is paused. {why}",
        State.FAILED: f"{run.name} failed: {why}",
        State.INTERRUPTED: f"{run.name} was interrupted: {why} F3 and u resume it.",
    }.get(run.state, f"{run.name} is {word(run.state)}.")


def idle(run: Watch) -> str:
    """Return a sentence on why a run is not being trained, and what to do on the command line."""
    name = shlex.quote(run.name)
    resume = f"`charloom resume {name}` goes on with it."
    why = run.reason.rstrip(".")
    rest = {
        State.STOPPED: f": it was stopped; {resume}",
        State.FAILED: f": {why}; {resume}",
        State.INTERRUPTED: f": {why}; {resume}",
        State.UNTRAINED: f" yet; `charloom resume {name}` begins.",
        State.IMPORTED: ": it has no run here; `charloom runs` lists those there are.",
    }.get(run.state, f": it is done; `charloom generate --model {name}` lets it write.")
    return f"{run.name!r} is not being trained{rest}"


def record(run: Watch) -> dict[str, Any]:
    """Return how a run stands, for scripts: None is what is not known. Losses are in nats."""
    now, seen = run.progress, run.validated
    return {
        "name": run.name,
        "state": run.state.value,
        "step": step(run),
        "fraction": now and fraction(run),
        "eta_seconds": left(run),
        "loss": now and now.loss,
        "val_loss": seen and seen.val_loss,
        "best_val_loss": seen and seen.best_val_loss,
        "best_step": seen and seen.best_step,
        "reason": run.reason or None,
    }
