"""How a training run stands, in the few words that the app has for it."""

from core.display import one_line
from core.events import bits
from core.watch import State, Watch
from tui.plain import in_the_app

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


def ending(run: Watch) -> str:
    """Return a sentence on how a run ended, for a person who was not looking."""
    found = best(run)
    loss = f"{bits(found[1]):.2f} bits/char on held-out text" if found else "without a validation"
    step = f"step {run.finished.step:,}" if run.finished else "its last checkpoint"
    why = one_line(in_the_app(run.reason), _LONGEST_REASON)
    return {
        State.COMPLETED: f"{run.name} is done: {loss}.",
        State.PLATEAUED: f"{run.name} is done, as it no longer improved: {loss}.",
        State.STOPPED: f"{run.name} is stopped and saved at {step}.",
        State.FAILED: f"{run.name} failed: {why}",
        State.INTERRUPTED: f"{run.name} was interrupted: {why} F3 and u resume it.",
    }.get(run.state, f"{run.name} is {word(run.state)}.")
