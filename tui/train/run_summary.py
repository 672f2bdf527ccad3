"""What there is to say of a run, line by line: everything but its curve and its sample."""

import math
from collections.abc import Mapping
from typing import Any

from textual.content import Content

from charloom.core.runs.events import Progress, Started, bits
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.sanitize import single_line
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import in_the_app, safe_content, safe_line
from charloom.tui.formatting.units import bar_parts, format_clock

_NAME = 24  # characters
_MOST_NATS = 99.0  # beyond which no perplexity is worth a figure
_NONE = "–"


def heading(run: RunMonitor, asked: str) -> Content:
    """Return the name, how the run stands or what it was ``asked`` for, and what is trained."""
    told = [
        safe_content(f"{run_status.symbol(run.state)} ", run_status.colour(run.state)),
        safe_line(run.name, _NAME, "bold"),
        safe_content(f"  {asked or run_status.label(run.state)}", run_status.colour(run.state)),
    ]
    if run.started:
        told.append(safe_content(f"  {_shape(run.started)}", "$text-muted"))
    return Content("").join(told)


def place(run: RunMonitor) -> Content:
    """Return how far the run has come, and what computes it."""
    told = []
    if run.progress:
        told += [_step(run.progress.step, run.started), f"epoch {run.progress.epoch:.2f}"]
        told.append(f"rate {run.progress.lr:.2e}")
    if run.started:
        threads = f"{run.started.threads} thread" + "s" * (run.started.threads != 1)
        told.append(f"{run.started.device} {run.started.precision}, {threads}")
    return safe_content(" · ".join(told), "$text-muted")


def bar(run: RunMonitor, width: int) -> Content:
    """Return how much is done: a thin line, and a figure at its end."""
    fraction = run_status.fraction(run)
    done, rest = bar_parts(fraction, max(0, width - 6))
    return Content.assemble((done, "$accent"), (rest, "$text-disabled"), f"{fraction:>6.0%}")


def figures(run: RunMonitor) -> Content:
    """Return three lines of figures that stay where they are while they change."""
    now, seen = run.progress, run.validated
    best = run_status.best(run)
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


def notes(run: RunMonitor) -> Content:
    """Return what the person should know: why it ended, what it came to, what it warned of."""
    told = []
    if run.reason:
        told.append(safe_content(in_the_app(run.reason), "$text-error"))
    turning = run_status.overfit_message(run.train, run.validation, run.state in run_status.LIVE)
    if run.state is RunStatus.PLATEAUED and not turning:
        turning = "Ended early: it no longer improved."
    told.append(safe_content(turning))
    if run.finished and run.state is not RunStatus.FAILED:
        told.append(safe_content(run_status.best_checkpoint_message(run.finished)))
    told += [
        safe_content(in_the_app(single_line(warning, len(warning) + 1)), "$text-warning")
        for warning in reversed(run.warnings)
    ]
    return Content("\n").join(each for each in told if each.plain)


def sample_title(run: RunMonitor) -> Content:
    """Return when the sample was written."""
    when = f" at step {run.sample.step:,}" if run.sample else ""
    return safe_content(f"What it writes{when}", "$text-muted")


def _shape(started: Started) -> str:
    model = started.model
    layers = model.get("layers")
    return (
        f"H {_number(model, 'hidden_size')} · E {_number(model, 'embedding_dim')} · "
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
    return f"{format_clock(now.elapsed_seconds):>9} elapsed" if now else ""


def _left(run: RunMonitor) -> str:
    live = run.state in (RunStatus.TRAINING, RunStatus.PAUSED)
    return f"{format_clock(run.progress.eta_seconds):>9} left" if run.progress and live else ""
