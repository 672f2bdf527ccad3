"""The texts of the run view, except chart and sample."""

import math

from textual.content import Content

from charloom.core.runs.events import Started, bits
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.sanitize import single_line
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.units import bar_parts, format_clock, network_summary

_MAX_NAME = 24  # characters
_MAX_NATS = 99.0  # of a loss whose perplexity is shown
_MISSING = "–"


def heading(run: RunMonitor, pending: str) -> Content:
    """Return base and name, the state or the ``pending`` command, and the shape of the network."""
    color, base = run_status.colour(run.status), run_status.base(run)
    parts = [
        safe_content(f"{run_status.symbol(run.status)} ", color),
        safe_line(f"{base} → ", _MAX_NAME, "$text-muted") if base else Content(""),
        safe_line(run.name, _MAX_NAME, "bold"),
        safe_content(f"  {pending or run_status.state(run)}", color),
    ]
    if run.started:
        network = network_summary(run.started.model)
        shape = f"  {network}, {run.started.parameters:,} parameters"
        parts.append(safe_content(shape, "$text-muted"))
    return Content("").join(parts)


def progress(run: RunMonitor) -> Content:
    """Return step, epoch, learning rate and device."""
    parts = []
    if run.progress:
        parts += [_step(run.progress.step, run.started), f"epoch {run.progress.epoch:.2f}"]
        parts.append(f"rate {run.progress.lr:.2e}")
    if run.started:
        threads = run_status.threads(run.started)
        parts.append(f"{run.started.device} {run.started.precision}, {threads}")
    return safe_content(" · ".join(parts), "$text-muted")


def bar(run: RunMonitor, width: int) -> Content:
    """Return the progress bar with the completed share."""
    fraction = run_status.fraction(run)
    done, rest = bar_parts(fraction, max(0, width - 6))
    return Content.assemble((done, "$accent"), (rest, "$text-disabled"), f"{fraction:>6.0%}")


def figures(run: RunMonitor, *, brief: bool = False) -> Content:
    """Return losses, pace and durations in columns of constant width: three lines, or two."""
    progress, validated, best = run.progress, run.validated, run_status.best(run)
    pace = elapsed = left = ""
    if progress:
        pace = f"{progress.chars_per_second:,.0f} chars/s"
        elapsed = f"{format_clock(progress.elapsed_seconds)} elapsed"
    if (seconds := run_status.eta_seconds(run)) is not None:
        left = f"{format_clock(seconds)} left"
    losses = (
        ("train", progress.loss if progress else None),
        ("validation", validated.val_loss if validated else None),
        ("best", best[1] if best else None),
    )
    if brief:
        parts = [f"{name} {_MISSING if nats is None else f'{bits(nats):.3f}'}"
                 for name, nats in losses]  # fmt: skip
        durations = " · ".join(part for part in (pace, elapsed, left) if part)
        perplexity = f" · perplexity {_perplexity(best[1])}" if best else ""
        losses_line = safe_content(" · ".join(parts) + f" bits/char{perplexity}")
        return losses_line + Content("\n") + safe_content(durations, "$text-muted")
    lines = []
    for (name, nats), right in zip(losses, (pace, elapsed, left), strict=True):
        value, _, unit = right.partition(" ")
        right = f"   {value:>9} {unit}" if right else ""
        label, shown = (f"{name:<10}", "$text-muted"), _loss(nats)
        lines.append(Content.assemble(label, shown, (right, "$text-muted")))
    return Content("\n").join(lines)


def notes(run: RunMonitor) -> Content:
    """Return why the run ended, signs of overfitting, its result, threads and warnings."""
    parts = []
    if run.reason:
        parts.append(safe_content(run.reason, "$text-error"))
    overfit = run_status.overfit_message(run.train, run.validation, run.status in run_status.LIVE)
    if run.status is RunStatus.PLATEAUED and not overfit:
        overfit = "Ended early: it no longer improved."
    parts.append(safe_content(overfit))
    if few := run_status.best_note(run):
        parts.append(safe_content(f"A score{few} says little: use more text or hold out more."))
    if run.finished and run.status is not RunStatus.FAILED:
        parts.append(safe_content(run_status.best_checkpoint_message(run.finished)))
    if run.threads_changed and run.status in run_status.LIVE:
        parts.append(safe_content(run_status.threads_message(run.threads_changed), "$text-muted"))
    parts += [
        safe_content(single_line(warning, len(warning) + 1), "$text-warning")
        for warning in reversed(run.warnings)
    ]
    return Content("\n").join(part for part in parts if part.plain)


def sample_title(run: RunMonitor) -> Content:
    """Return the title of the latest sample."""
    step = f" at step {run.sample.step:,}" if run.sample else ""
    return safe_content(f"Sample{step}", "$text-muted")


def _step(step: int, started: Started | None) -> str:
    """Return the step, and the end of the run."""
    if started and started.total_steps:
        total = f"{started.total_steps:,}"
        return f"step {step:>{len(total)},} / {total}"
    minutes = started.training.get("minutes") if started else None
    return f"step {step:,}" + (f" · {minutes:g} min in all" if isinstance(minutes, float) else "")


def _loss(nats: float | None) -> str:
    if nats is None:
        return f"{_MISSING:>6} nats {_MISSING:>6} bits/char  perplexity {_MISSING:>7}"
    shown = _perplexity(nats)
    return f"{nats:>6.3f} nats {bits(nats):>6.3f} bits/char  perplexity {shown:>7}"


def _perplexity(nats: float) -> str:
    perplexity = math.exp(min(nats, _MAX_NATS))
    return f"{perplexity:.2f}" if perplexity < 10_000 else "large"
