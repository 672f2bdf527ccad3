"""Growth as a film: the text of each checkpoint rewrites the one before it.

A film is played in frames. Each sample takes ``_PERIOD`` of them: first its text is rewritten while
the mark on the curve moves to its step, then both rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from charloom.core.analysis.checkpoint_samples import CheckpointSample
from charloom.core.runs.monitor import RunMonitor
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import sanitize
from charloom.tui.charts.axes import Ink
from charloom.tui.charts.curves import ChartData, chart_data
from charloom.tui.charts.loss_plot import draw
from charloom.tui.formatting.content import fit_line
from charloom.tui.formatting.shell_commands import growth_command
from charloom.tui.formatting.wrapping import prompted_rows

FRAMES_PER_SECOND = 12
TOO_SHORT = "A film needs two checkpoints with a text. Training saves more as it continues."
STYLES: dict[str | int, str] = {
    "prompt": "bold $primary",
    "text": "$foreground",
    "old": "$text-disabled",
    "caret": "$accent",
    "label": "$text-muted",
    Ink.PAPER: "$foreground",
    Ink.LABEL: "$text-muted",
    Ink.AXIS: "$text-disabled",
    Ink.TRAIN: "$secondary",
    Ink.VALIDATION: "bold $accent",
    Ink.BEST: "bold $success",
    Ink.MARK: "bold $cursor-1",
}
"""The styles of the roles in a row, in colours of a theme."""

Spans = Sequence[tuple[str, str | int]]
"""A row: texts, each with its role."""

_REWRITING, _PERIOD = 18, 36  # frames
_MAX_PROMPT, _MAX_TEXT, _MAX_WIDTH = 200, 1_000, 88  # characters that are shown, and columns
_MIN_SPACIOUS = 10  # rows
_MEASURES = {"carried": "held-out", "validation": "validation", "train": "training"}


class Moment(NamedTuple):
    """The number of a sample, from 0, and how much of it has been written, from 0 to 1."""

    sample: int
    written: float


@dataclass(frozen=True, slots=True)
class Film:
    """The texts of the checkpoints of a model for one prompt, with its loss curve."""

    model: str
    prompt: str
    samples: Sequence[CheckpointSample]  # with a text, by step
    data: ChartData
    sampling: SamplingConfig
    seed: int

    @classmethod
    def of(
        cls,
        model: str,
        prompt: str,
        samples: Sequence[CheckpointSample],
        run: RunMonitor | None,
        sampling: SamplingConfig,
        seed: int,
    ) -> "Film":
        """Return the film of the samples that have a text.

        The curve is that of ``run`` or, if it has no losses, of the checkpoints.
        """
        samples = [sample for sample in samples if not sample.error]
        data = replace(chart_data(run), baselines=()) if run else ChartData()
        if not len(data.marked_line.x):
            data = ChartData(validation=[(s.step, s.loss) for s in samples if s.loss is not None])
        return cls(model, prompt, samples, data, sampling, seed)

    @property
    def frames(self) -> int:
        """The length of the film."""
        return len(self.samples) * _PERIOD

    @property
    def facts(self) -> list[str]:
        """The settings, in words."""
        steps = f"steps {self.samples[0].step:,} to {self.samples[-1].step:,}"
        return [f"seed {self.seed}", f"temperature {self.sampling.temperature:g}", steps]

    @property
    def command(self) -> str:
        """The command that writes the texts again; "" if there is none."""
        length = max(len(sample.text) for sample in self.samples)
        return growth_command(self.model, self.prompt, self.sampling, self.seed, length)

    def at(self, frame: int) -> Moment:
        """Return the moment of a frame, counted from 0."""
        index = min(frame // _PERIOD, len(self.samples) - 1)
        return Moment(index, min(1.0, (frame - index * _PERIOD) / _REWRITING))

    def caption(self, index: int) -> str:
        """Return the number, the step and the loss of a sample."""
        sample = self.samples[index]
        caption = f"{index + 1} of {len(self.samples)} · step {sample.step:,}"
        if sample.bits_per_char is None:
            return caption
        return f"{caption} · {sample.bits_per_char:.2f} bits/char {_MEASURES[sample.measure]}"

    def step(self, moment: Moment) -> float:
        """Return the step of the mark, which moves while a text is rewritten."""
        before = self.samples[moment.sample - 1].step if moment.sample else 0
        return before + moment.written * (self.samples[moment.sample].step - before)

    def screen(self, moment: Moment, width: int, height: int) -> list[Spans]:
        """Return up to ``height`` rows: the curve, a caption and the text."""
        chart = draw(self.data, width, max(1, height * 9 // 20), mark=self.step(moment)).canvas
        caption = fit_line(self.caption(moment.sample), width)
        gap: list[Spans] = [[]] if height >= _MIN_SPACIOUS else []
        rows = [*map(chart.spans, range(chart.height)), *gap, [(caption, "label")], *gap]
        rows += self.spans(moment, min(width, _MAX_WIDTH), max(1, height - len(rows)))
        return rows[:height]

    def spans(self, moment: Moment, width: int, height: int) -> list[Spans]:
        """Return the rows of the text: written up to the caret, below it the text before."""
        new = self.rows(moment.sample, width, height)
        left = round(moment.written * sum(len(text) for _, text in new))
        rows: list[Spans] = []
        for prompt, text in new:
            rows.append([(prompt, "prompt"), (text[:left], "text")])
            left -= len(text)
            if left < 0:
                break
        if moment.written < 1:
            rows[-1] = [*rows[-1], ("▌", "caret")]
            old = self.rows(moment.sample - 1, width, height) if moment.sample else []
            rows += [[(prompt, "prompt"), (text, "old")] for prompt, text in old[len(rows) :]]
        return rows

    def rows(self, index: int, width: int, height: int) -> list[tuple[str, str]]:
        """Return up to ``height`` rows of a sample: their parts of the prompt and of the text.

        They begin with the last line of the prompt, and are sanitized.
        """
        start = max(self.prompt.rstrip("\n").rfind("\n") + 1, len(self.prompt) - _MAX_PROMPT)
        prompt = "…" * bool(start) + sanitize(self.prompt[start:])
        text = sanitize(self.samples[index].text[:_MAX_TEXT])
        rows = prompted_rows(prompt, text, width)
        return rows if len(rows) <= height else [*rows[: height - 1], ("", "…")]


def frame_of(moment: Moment) -> float:
    """Return the frame of a moment."""
    return moment.sample * _PERIOD + moment.written * _REWRITING
