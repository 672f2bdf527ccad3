"""One side of a comparison: who writes and how warm, what comes of it, and how it is scored."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.analysis.scoring import Score
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.prompt_changes import adapt_prompt
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.services.writer import GenerationJob
from charloom.tui.widgets.streaming_text import StreamingText

_MAX_REF = 80  # characters: more than there is room for


class CompareSide(VerticalScroll, can_focus=True):
    """Has the focus while it is the one that is acted on."""

    DEFAULT_CSS = """
    CompareSide {
        width: 1fr;
        scrollbar-size-vertical: 1;
        .heading, .score {
            height: 1;
            padding: 0 1;
            background: $background;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        .heading { dock: top; color: $text-muted; }
        .score { dock: bottom; padding-left: 3; }
        .fault { margin-top: 1; padding: 0 1 0 3; color: $text-error; display: none; }
        &.-failed {
            .fault { display: block; }
            StreamingText { display: none; }
        }
        StreamingText { margin-top: 1; }
        &:focus .heading { color: $accent; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.side(0)", "the left side", show=False),
        Binding("right", "screen.side(1)", "the right side", show=False),
    ]

    def __init__(self, ref: CheckpointRef, settings: SamplingConfig) -> None:
        super().__init__()
        self.ref, self.settings = ref, settings
        self.voice: LoadedModel | None = None
        """Who writes, once it was read."""
        self._flow = StreamingText()
        self._candidate: GenerationJob | None = None

    def compose(self) -> ComposeResult:
        """Lay out the heading over the text over the score."""
        yield Static("", classes="heading", markup=False)
        yield Static("", classes="fault", markup=False)
        yield self._flow
        yield Static("", classes="score", markup=False)

    def fail(self, fault: str) -> None:
        """Show why nothing can be written."""
        self.voice = None
        self.set_class(True, "-failed")
        self.query_one(".fault", Static).update(safe_content(fault))
        self._head()

    def begin(self, voice: LoadedModel, prompt: str, seed: int, length: int) -> GenerationJob:
        """Return what is to be written from now on, for a writer."""
        self.voice = voice
        known, _ = adapt_prompt(prompt, voice.network.vocab)
        self._candidate = GenerationJob(voice.network, known, self.settings, seed, length)
        before, self._flow = self._flow, StreamingText(known)
        self._flow.set_caret(on=True)
        before.remove()
        self.mount(self._flow)
        self.set_class(False, "-failed")
        self._head()
        return self._candidate

    def take(self, *, ended: bool) -> None:
        """Show what was written meanwhile."""
        if self._candidate:
            self._flow.add(self._candidate.take_text())
            self._flow.set_caret(on=not ended)

    def show_score(self, score: Score | None) -> None:
        """Show how well this one predicts the text that both are scored on."""
        shown = Content("")
        if score:
            shown = Content.assemble(
                (f"{score.bits_per_char:.4f}", "bold"), (" bits/char", "$text-muted")
            )
        self.query_one(".score", Static).update(shown)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show which side is acted on."""
        super().watch_has_focus(has_focus)
        self._head()

    def _head(self) -> None:
        mark = "▸ " if self.has_focus else "  "
        ref = safe_line(str(self.voice.checkpoint_ref if self.voice else self.ref), _MAX_REF)
        warm = f" · temp {self.settings.temperature:g}"
        self.query_one(".heading", Static).update(mark + ref + warm)
