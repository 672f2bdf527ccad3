"""Show a training run: drawn live on a terminal, as plain lines elsewhere, or as JSON."""

import math
import statistics
import sys
import time
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from charloom.core.analysis.baselines import named
from charloom.core.runs.curve import LossCurves
from charloom.core.runs.events import (
    Continued,
    Evaluating,
    Event,
    Paused,
    Preparing,
    Progress,
    RateChanged,
    RunWarning,
    Sample,
    Started,
    ThreadsChanged,
    Validated,
    bits,
    to_line,
)
from charloom.core.sanitize import sanitize
from charloom.core.wording import plural
from charloom.tui.formatting.run_status import overfit_message, threads, threads_message
from charloom.tui.formatting.units import (
    bar_parts,
    error_note,
    format_clock,
    network_summary,
    score_note,
)

_PLAIN_INTERVAL = 5.0  # seconds between progress lines when stderr is not a terminal
_MAX_WIDTH = 88  # columns, for readable lines
_CTRL_C_COLUMNS = 2  # left free: if the terminal's echo of Ctrl-C wraps, the redraw is off by a row
_BARS = "▁▂▃▄▅▆▇█"


class ProgressView:
    """Shows the events of a run as they arrive."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def replay(self, past_events: Sequence[Event]) -> None:
        """Show the current state of a run, given the events before this view was opened."""

    def show(self, event: Event) -> None:
        """Show one new event."""


class JsonView(ProgressView):
    """Writes every event to stdout as one line of JSON."""

    def replay(self, past_events: Sequence[Event]) -> None:
        """Write how the run started; other past events are left out."""
        for event in past_events:
            if isinstance(event, Started):
                self.show(event)

    def show(self, event: Event) -> None:
        sys.stdout.write(to_line(event) + "\n")
        sys.stdout.flush()


class _CurveView(ProgressView):
    """A view for a reader: it collects the losses, to warn once when the run overfits."""

    def __init__(self) -> None:
        self._curves = LossCurves()
        self._warned = False

    def replay(self, past_events: Sequence[Event]) -> None:
        for event in past_events:
            self._collect(event)
        for event in current_state_events(past_events):
            self._show(event)

    def show(self, event: Event) -> None:
        self._collect(event)
        self._show(event)

    def _collect(self, event: Event) -> None:
        self._curves.add(event)

    @abstractmethod
    def _show(self, event: Event) -> None: ...

    def _overfit_warning(self) -> str:
        """Return a warning the first time that the run is found to overfit, else ""."""
        if self._warned:
            return ""
        message = overfit_message(self._curves.train, self._curves.validation, live=True)
        self._warned = bool(message)
        return message


class PlainView(_CurveView):
    """Writes a line to stderr every few seconds, and one for every important event."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def _show(self, event: Event) -> None:
        line = ""
        if isinstance(event, Preparing | Progress | Evaluating):
            if isinstance(event, Evaluating) and event.eta_seconds < 1:
                return  # it is over sooner than read
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + _PLAIN_INTERVAL
        if isinstance(event, Preparing):
            line = _preparation_line(event)
        elif isinstance(event, Evaluating):
            line = _evaluation_line(event)
        elif isinstance(event, Progress):
            line = (
                f"{event.fraction:4.0%}  step {event.step:,}  loss {event.loss:.3f} nats "
                f"({event.bits_per_char:.2f} bits/char)  {event.chars_per_second:,.0f} chars/s  "
                f"{format_clock(event.eta_seconds)} left"
            )
        elif isinstance(event, Validated):
            error = error_note(event.standard_error, 3)
            line = (
                f"      validation {event.val_loss:.3f}{error} nats ({event.val_bits_per_char:.2f} "
                f"bits/char){score_note(event.counted_characters)}, "
                f"best {event.best_val_loss:.3f} at step {event.best_step:,}"
            )
            if warning := self._overfit_warning():
                line += f"\n{warning}"
        else:
            line = event_message(event)
        if line:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


class LiveView(_CurveView):
    """Draws the run on stderr, redrawn in place."""

    def __init__(self, name: str, console: Console) -> None:
        super().__init__()
        self._name = name
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._progress: Progress | None = None
        self._validated: Validated | None = None
        self._evaluating: Evaluating | None = None
        self._sample = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _collect(self, event: Event) -> None:
        super()._collect(event)
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, Validated):
            self._validated = event
        elif isinstance(event, Evaluating):
            self._evaluating = event
        elif isinstance(event, Sample):
            self._sample = event.text

    def _show(self, event: Event) -> None:
        if isinstance(event, Preparing | Started):
            line = _preparation_line(event) if isinstance(event, Preparing) else ""
            self._live.update(Text(line, "dim"), refresh=True)
        if line := event_message(event):
            is_problem = isinstance(event, RunWarning) or (
                isinstance(event, Paused) and event.message
            )
            self._console.print(Text(line, "yellow" if is_problem else "dim"))
            return
        if isinstance(event, Validated) and (warning := self._overfit_warning()):
            self._console.print(Text(warning, "yellow"))
        if self._progress:
            self._live.update(self._draw(self._progress), refresh=True)

    def _draw(self, progress: Progress) -> RenderableType:
        width = max(1, min(_MAX_WIDTH, self._console.width - _CTRL_C_COLUMNS))
        losses = [loss for _, loss in self._curves.train.points()]
        grid = Table.grid()
        grid.add_column(width=width)
        grid.add_row(self._heading(progress))
        grid.add_row(_bar(progress.fraction, width))
        grid.add_row(self._figures(progress))
        if self._evaluating:
            grid.add_row(_evaluation_line(self._evaluating))
        grid.add_row(Text(sparkline(losses, width), "cyan", no_wrap=True))
        grid.add_row()
        sample = Text(sanitize(self._sample.strip()), "italic", overflow="fold")
        grid.add_row(Padding(sample, (0, 2)))
        return grid

    def _heading(self, progress: Progress) -> RenderableType:
        heading = Table.grid(expand=True)
        heading.add_column()
        heading.add_column(justify="right")
        step = f"  step {progress.step:,}  epoch {progress.epoch:.2f}"
        left = f"{progress.fraction:.0%}  {format_clock(progress.eta_seconds):>5} left"
        heading.add_row(Text.assemble((self._name, "bold"), step), Text(left))
        return heading

    def _figures(self, progress: Progress) -> RenderableType:
        figures = Table.grid(padding=(0, 2))
        speed = f"{progress.chars_per_second:>9,.0f} chars/s"
        figures.add_row(*_loss_cells("training", progress.loss), speed)
        if validated := self._validated:
            best = f"     best {validated.best_val_loss:.3f} at step {validated.best_step:,}"
            note = score_note(validated.counted_characters)
            figures.add_row(*_loss_cells("held out", validated.val_loss), best + note)
        return figures


def _preparation_line(event: Preparing) -> str:
    return f"Reading the text: {event.fraction:.0%}"


def _evaluation_line(event: Evaluating) -> str:
    return (
        f"Evaluating step {event.step:,}: {event.counted_characters:,} of at most "
        f"{event.max_characters:,} held-out characters, {format_clock(event.eta_seconds)} left"
    )


def _loss_cells(name: str, nats: float) -> tuple[str, str, str]:
    return name, f"{nats:.3f} nats", f"{bits(nats):.2f} bits/char"


def _bar(fraction: float, width: int) -> RenderableType:
    done, rest = bar_parts(fraction, width)
    return Text.assemble((done, "cyan"), (rest, "dim"))


def sparkline(values: Sequence[float], width: int) -> str:
    """Return ``values``, averaged down to at most ``width``, as a row of block characters."""
    size = max(1, math.ceil(len(values) / width))
    means = [statistics.fmean(values[i : i + size]) for i in range(0, len(values), size)]
    low, high = min(means), max(means)
    return "".join(_BARS[round((m - low) / (high - low or 1) * (len(_BARS) - 1))] for m in means)


def current_state_events(past_events: Iterable[Event]) -> list[Event]:
    """Return the past events that describe the present: all warnings, the last of each other kind.

    A pause that has ended is left out.
    """
    current: dict[object, Event] = {}
    for event in past_events:
        key = event if isinstance(event, RunWarning) else type(event)
        current.pop(key, None)  # so that the latest comes last
        if isinstance(event, Continued):
            current.pop(Paused, None)
        else:
            current[key] = event
    return list(current.values())


def event_message(event: Event) -> str:
    """Return ``event`` as text, or "" if it is shown as figures instead."""
    match event:
        case Started():
            losses = ", ".join(f"{name} {bits(nats):.2f}" for name, nats in named(event))
            return f"{config_line(event)}\nBaselines, in bits/char: {losses}"
        case RunWarning():
            return sanitize(event.message)
        case Paused():
            reason = sanitize(event.message) or "Everything is saved."
            return f"Paused at step {event.step:,}. {reason}"
        case Continued():
            return f"Continued from step {event.step:,}."
        case RateChanged():
            return f"Learning rate {event.lr:g} from step {event.step:,}."
        case ThreadsChanged():
            return threads_message(event)
    return ""


def config_line(event: Started) -> str:
    """Return the network, the training settings and the machine of a run, on one line."""
    training = event.training
    bound = (
        plural(event.total_steps, "step") if event.total_steps else f"{training['minutes']:g} min"
    )
    base = f"from {event.base}: " if event.base else ""
    return (
        f"{base}{network_summary(event.model)}, {event.parameters:,} parameters; "
        f"B {training['batch_size']}, T {training['window']}, "
        f"{training['batching']}; {event.train_characters:,} characters, "
        f"{event.held_out_characters:,} held out; {event.device}, {event.precision}, "
        f"{threads(event)}; {bound}"
    )
