"""What there is to say of a run, line by line: everything but its curve and its sample."""

import math
from collections.abc import Mapping
from typing import Any

from textual.content import Content

from charloom.core.runs.events import Finished, Progress, Started, bits
from charloom.core.runs.monitor import State, Watch
from charloom.core.sanitize import one_line
from charloom.tui.formatting import run_status as standing
from charloom.tui.formatting.content import in_the_app, plain, plain_line
from charloom.tui.formatting.durations import clock

_NAME = 24  # characters
_MOST_NATS = 99.0  # beyond which no perplexity is worth a figure
_NONE = "–"


def heading(run: Watch, asked: str) -> Content:
    """Return the name, how the run stands or what it was ``asked`` for, and what is trained."""
    told = [
        plain(f"{standing.mark(run.state)} ", standing.colour(run.state)),
        plain_line(run.name, _NAME, "bold"),
        plain(f"  {asked or standing.word(run.state)}", standing.colour(run.state)),
    ]
    if run.started:
        told.append(plain(f"  {_shape(run.started)}", "$text-muted"))
    return Content("").join(told)


def place(run: Watch) -> Content:
    """Return how far the run has come, and what computes it."""
    told = []
    if run.progress:
        told += [_step(run.progress.step, run.started), f"epoch {run.progress.epoch:.2f}"]
        told.append(f"rate {run.progress.lr:.2e}")
    if run.started:
        threads = f"{run.started.threads} thread" + "s" * (run.started.threads != 1)
        told.append(f"{run.started.device} {run.started.precision}, {threads}")
    return plain(" · ".join(told), "$text-muted")


def bar(run: Watch, width: int) -> Content:
    """Return how much is done: a thin line, and a figure at its end."""
    done = standing.fraction(run)
    room = max(0, width - 6)
    full = round(done * room)
    return Content.assemble(
        ("━" * full, "$accent"), ("─" * (room - full), "$text-disabled"), f"{done:>6.0%}"
    )


def figures(run: Watch) -> Content:
    """Return three lines of figures that stay where they are while they change."""
    now, seen = run.progress, run.validated
    best = standing.best(run)
    rows = (
        ("train", now.loss if now else None, _pace(now)),
        ("validation", seen.val_loss if seen else None, _elapsed(now)),
        ("best", best[1] if best else None, _left(run)),
    )
    lines = [
        Content.assemble((f"{name:<10}", "$text-muted"), _loss(nats), "   ", (right, "$text-muted"))
        for name, nats, right in rows
    ]
    return Content("\n").join(lines)


def notes(run: Watch) -> Content:
    """Return what the person should know: why it ended, what it came to, what it warned of."""
    told = []
    if run.reason:
        told.append(plain(in_the_app(run.reason), "$text-error"))
    turning = standing.turning(run.train, run.validation, run.state in standing.LIVE)
    if run.state is State.PLATEAUED and not turning:
        turning = "Ended early: it no longer improved."
    told.append(plain(turning))
    if run.finished and run.state is not State.FAILED:
        told.append(_outcome(run.finished))
    told += [
        plain(in_the_app(one_line(warning, len(warning) + 1)), "$text-warning")
        for warning in reversed(run.warnings)
    ]
    return Content("\n").join(each for each in told if each.plain)


def sample_title(run: Watch) -> Content:
    """Return when the sample was written."""
    when = f" at step {run.sample.step:,}" if run.sample else ""
    return plain(f"What it writes{when}", "$text-muted")


def _shape(started: Started) -> str:
    model = started.model
    layers = model.get("layers")
    return (
        f"H {_number(model, 'hidden')} · E {_number(model, 'embedding')} · "
        f"{layers} layer{'s' * (layers != 1)} · {started.parameters:,} parameters"
    )


def _number(settings: Mapping[str, Any], name: str) -> str:
    """Return a setting as it stands in a file that anybody may have written."""
    return str(settings.get(name, _NONE))[:8]


def _step(step: int, started: Started | None) -> str:
    """Return the step, and where the run is to end."""
    if started and started.total_steps:
        total = f"{started.total_steps:,}"
        return f"step {step:>{len(total)},} / {total}"
    minutes = started.training.get("minutes") if started else None
    return f"step {step:,}" + (f" · {minutes:g} min in all" if isinstance(minutes, float) else "")


def _loss(nats: float | None) -> str:
    if nats is None:
        return f"{_NONE:>6} nats {_NONE:>6} bits/char  perplexity {_NONE:>7}"
    perplexity = math.exp(min(nats, _MOST_NATS))
    figure = f"{perplexity:.2f}" if perplexity < 10_000 else "large"
    return f"{nats:>6.3f} nats {bits(nats):>6.3f} bits/char  perplexity {figure:>7}"


def _pace(now: Progress | None) -> str:
    return f"{now.chars_per_second:>9,.0f} chars/s" if now else ""


def _elapsed(now: Progress | None) -> str:
    return f"{clock(now.elapsed_seconds):>9} elapsed" if now else ""


def _left(run: Watch) -> str:
    live = run.state in (State.TRAINING, State.PAUSED)
    return f"{clock(run.progress.eta_seconds):>9} left" if run.progress and live else ""


def _outcome(end: Finished) -> Content:
    if end.val_loss is None or end.val_windowed_256 is None:
        return Content("")
    return plain(
        f"Best checkpoint: step {end.best_step:,}, on {end.measured_on} {end.val_loss:.4f} nats "
        f"({bits(end.val_loss):.3f} bits) per character carried, "
        f"{end.val_windowed_256:.4f} windowed-256."
    )
