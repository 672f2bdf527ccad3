"""A training run as it is watched in a terminal: live when there is one, plain lines when not."""

import math
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from charloom.core.analysis.baselines import named
from charloom.core.runs.curve import DownsampledCurve
from charloom.core.runs.events import (
    Continued,
    Event,
    Paused,
    Progress,
    RateChanged,
    RunWarning,
    Sample,
    Started,
    Validated,
    bits,
    to_line,
)
from charloom.core.sanitize import sanitize
from charloom.tui.formatting.run_status import overfit_message
from charloom.tui.formatting.units import bar_parts, format_clock

_PLAIN_SECONDS = 5.0  # between lines where there is no terminal to redraw
_MEASURE = 88  # columns at most: a line that is good to read
_ECHO = 2  # columns left free: where a terminal's echo of Ctrl-C wraps, the picture slips
_BARS = "▁▂▃▄▅▆▇█"


class ProgressView(Protocol):
    """Shows a run's events as they come."""

    def __enter__(self) -> "ProgressView": ...

    def __exit__(self, *_: object) -> None: ...

    def recall(self, told: Sequence[Event]) -> None:
        """Take in what was told before anybody watched."""

    def show(self, event: Event) -> None:
        """Take in one event."""


class JsonView:
    """One object a line on stdout, for scripts."""

    def __enter__(self) -> "JsonView":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def recall(self, told: Sequence[Event]) -> None:
        """Write how the run started; what happened then is over."""
        for event in told:
            if isinstance(event, Started):
                self.show(event)

    def show(self, event: Event) -> None:
        """Write ``event``."""
        sys.stdout.write(to_line(event) + "\n")
        sys.stdout.flush()


class _Course:
    """The losses so far, and whether they have been remarked upon."""

    def __init__(self) -> None:
        self.train, self._validation = DownsampledCurve(), DownsampledCurve()
        self._remarked = False

    def take(self, event: Event) -> None:
        """Remember what ``event`` tells."""
        match event:
            case Started():  # it may go on from an earlier step
                self.train.truncate(event.step)
                self._validation.truncate(event.step)
            case Progress():
                self.train.append(event.step, event.loss)
            case Validated():
                self._validation.append(event.step, event.val_loss)

    def remark(self) -> str:
        """Return, once, that the text is being learned by heart, if it is."""
        sentence = (
            "" if self._remarked else overfit_message(self.train, self._validation, live=True)
        )
        self._remarked = self._remarked or bool(sentence)
        return sentence


class PlainView:
    """A line on stderr now and then."""

    def __init__(self) -> None:
        self._next = 0.0
        self._course = _Course()

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def recall(self, told: Sequence[Event]) -> None:
        """Write how the run stands."""
        for event in told:
            self._course.take(event)
        for event in current_state_events(told):
            self._tell(event)

    def show(self, event: Event) -> None:
        """Write ``event`` if it is time, or if it matters."""
        self._course.take(event)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        line = ""
        if isinstance(event, Progress) and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PLAIN_SECONDS
            line = (
                f"{event.fraction:4.0%}  step {event.step:,}  loss {event.loss:.3f} nats "
                f"({event.bits_per_char:.2f} bits/char)  {event.chars_per_second:,.0f} chars/s  "
                f"{format_clock(event.eta_seconds)} left"
            )
        elif isinstance(event, Validated):
            line = (
                f"      validation {event.val_loss:.3f} nats ({event.val_bits_per_char:.2f} "
                f"bits/char), best {event.best_val_loss:.3f} at step {event.best_step:,}"
            )
            if remark := self._course.remark():
                line += f"\n{remark}"
        else:
            line = event_message(event)
        if line:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


class LiveView:
    """A picture of the run that is redrawn in place on stderr."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._now: Progress | None = None
        self._course = _Course()
        self._validated: Validated | None = None
        self._sample = ""

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def recall(self, told: Sequence[Event]) -> None:
        """Draw the run as it stands, with its course so far."""
        for event in told:
            self.take(event)
        for event in current_state_events(told):
            self._draw(event)

    def show(self, event: Event) -> None:
        """Redraw with what ``event`` tells."""
        self.take(event)
        self._draw(event)

    def _draw(self, event: Event) -> None:
        if line := event_message(event):
            bad = isinstance(event, RunWarning) or (isinstance(event, Paused) and event.message)
            self._console.print(Text(line, "yellow" if bad else "dim"))
            return
        if isinstance(event, Validated) and (remark := self._course.remark()):
            self._console.print(Text(remark, "yellow"))
        if self._now:
            self._live.update(self.picture(self._now), refresh=True)

    def take(self, event: Event) -> None:
        """Remember what ``event`` tells, for the next picture."""
        self._course.take(event)
        if isinstance(event, Progress):
            self._now = event
        elif isinstance(event, Validated):
            self._validated = event
        elif isinstance(event, Sample):
            self._sample = event.text

    def picture(self, now: Progress) -> RenderableType:
        """Return what there is to see at ``now``."""
        width = max(1, min(_MEASURE, self._console.width - _ECHO))
        picture = Table.grid()
        picture.add_column(width=width)
        for row in (self._heading(now), _bar(now.fraction, width), self._figures(now)):
            picture.add_row(row)
        losses = [loss for _, loss in self._course.train.points()]
        picture.add_row(Text(sparkline(losses, width), "cyan", no_wrap=True))
        picture.add_row()
        picture.add_row(
            Padding(Text(sanitize(self._sample.strip()), "italic", overflow="fold"), (0, 2))
        )
        return picture

    def _heading(self, now: Progress) -> RenderableType:
        heading = Table.grid(expand=True)
        heading.add_column()
        heading.add_column(justify="right")
        heading.add_row(
            Text.assemble((self._name, "bold"), f"  step {now.step:,}  epoch {now.epoch:.2f}"),
            Text(f"{now.fraction:.0%}  {format_clock(now.eta_seconds):>5} left"),
        )
        return heading

    def _figures(self, now: Progress) -> RenderableType:
        figures = Table.grid(padding=(0, 2))
        figures.add_row(*_loss("training", now.loss), f"{now.chars_per_second:>9,.0f} chars/s")
        if seen := self._validated:
            best = f"     best {seen.best_val_loss:.3f} at step {seen.best_step:,}"
            figures.add_row(*_loss("held out", seen.val_loss), best)
        return figures


def _loss(name: str, nats: float) -> tuple[str, str, str]:
    return name, f"{nats:.3f} nats", f"{bits(nats):.2f} bits/char"


def _bar(fraction: float, width: int) -> RenderableType:
    done, rest = bar_parts(fraction, width)
    return Text.assemble((done, "cyan"), (rest, "dim"))


def sparkline(values: Sequence[float], width: int) -> str:
    """Return ``values`` as at most ``width`` bars, the highest for the largest value."""
    size = max(1, math.ceil(len(values) / width))
    means = [statistics.fmean(values[i : i + size]) for i in range(0, len(values), size)]
    low, high = min(means), max(means)
    return "".join(_BARS[round((m - low) / (high - low or 1) * (len(_BARS) - 1))] for m in means)


def current_state_events(told: Iterable[Event]) -> list[Event]:
    """Return what of the events ``told`` before still holds: all warnings, the last of the others.

    A pause that is over does not.
    """
    kept: dict[object, Event] = {}
    for event in told:
        kind = event if isinstance(event, RunWarning) else type(event)
        kept.pop(kind, None)  # so that it stands where it was last told
        if isinstance(event, Continued):
            kept.pop(Paused, None)
        else:
            kept[kind] = event
    return list(kept.values())


def event_message(event: Event) -> str:
    """Return what is said in words about ``event``; nothing if it is shown in figures."""
    match event:
        case Started():
            return f"{config_line(event)}\n{baseline_line(event)}"
        case RunWarning():
            return sanitize(event.message)
        case Paused():
            if event.message:
                return f"Paused at step {event.step:,}. {sanitize(event.message)}"
            return f"Paused at step {event.step:,}; all is saved."
        case Continued():
            return f"On from step {event.step:,}."
        case RateChanged():
            return f"Learning rate {event.lr:g} from step {event.step:,} on."
    return ""


def baseline_line(event: Started) -> str:
    """Return what the losses are to be compared with, on one line."""
    told = (f"{name} {bits(nats):.2f}" for name, nats in named(event))
    return f"To beat, in bits/char: {', '.join(told)}"


def config_line(event: Started) -> str:
    """Return what is being trained and how, on one line."""
    model, training = event.model, event.training
    bound = f"{event.total_steps:,} steps" if event.total_steps else f"{training['minutes']:g} min"
    layers = f"{model['layers']}×" if model["layers"] > 1 else ""
    return (
        f"H {layers}{model['hidden']}, E {model['embedding']}, V {model['vocab_size']}, "
        f"{event.parameters:,} parameters; B {training['batch']}, T {training['window']}, "
        f"{training['order']}; {event.train_characters:,} characters, "
        f"{event.held_out_characters:,} held out; {event.device}, {event.precision}, "
        f"{event.threads} threads; {bound}"
    )
