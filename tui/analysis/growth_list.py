"""List of the checkpoints of a model with the start of each one's text."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from charloom.core.analysis.checkpoint_samples import CheckpointSample
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.units import score_note
from charloom.tui.widgets.action_bar import hidden_binding
from charloom.tui.widgets.option_list import PlainOptionList

HEADINGS = f"{'step':>9}  {'bits/char':>9}  {'':<5}  text"
_MAX_LINE = 400  # characters: more than the widest screen shows


class GrowthList(PlainOptionList):
    """Adds samples at the end; the cursor follows them while it is on the last one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden_binding("enter", "screen.talk", "Talk with it", "Use this checkpoint in Prompt"),
    ]

    @dataclass
    class Highlighted(Message):
        """Another sample is under the cursor."""

        sample: CheckpointSample

    def __init__(self) -> None:
        super().__init__()
        self._samples: list[CheckpointSample] = []

    @property
    def sample(self) -> CheckpointSample | None:
        """The sample under the cursor."""
        return None if self.highlighted is None else self._samples[self.highlighted]

    @property
    def samples(self) -> list[CheckpointSample]:
        """All samples, by step."""
        return self._samples

    @property
    def steps(self) -> set[int]:
        """The steps of the listed checkpoints."""
        return {sample.step for sample in self._samples}

    def find(self, phrase: str, by: int = 1) -> None:
        super().find(phrase, by)
        if self.sample:
            self.post_message(self.Highlighted(self.sample))  # its text is marked

    def clear(self) -> None:
        """Remove all samples."""
        self._samples = []
        self.clear_options()

    def highlight(self, sample: CheckpointSample) -> None:
        """Move the cursor to a sample."""
        self.highlighted = self._samples.index(sample)

    def add(self, sample: CheckpointSample) -> None:
        """Add a sample at the end."""
        follows = self.highlighted in (None, len(self._samples) - 1)
        self._samples.append(sample)
        self.add_option(Option(_line(sample)))
        if follows:
            self.highlighted = len(self._samples) - 1

    @on(OptionList.OptionHighlighted)
    def report_highlight(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self.sample:
            self.post_message(self.Highlighted(self.sample))


def _line(sample: CheckpointSample) -> Content:
    bits = "–" if sample.bits_per_char is None else f"{sample.bits_per_char:.2f}"
    if sample.error:
        reason = sample.error.rpartition(": ")[2]
        text = safe_content(single_line(reason, _MAX_LINE), "$text-muted")
    else:
        text = safe_content(single_line(sample.text, _MAX_LINE))
    note = score_note(sample.loss_characters).lstrip()
    measure = "train" if sample.measure == "train" else ""  # all others are of held-out text
    head = f"{sample.step:>9,}  {bits:>9}  {measure:<5}  "
    return Content.assemble(
        (head, "$text-muted"), (f"{note}  " if note else "", "$text-muted"), text
    )
