"""One side of a comparison: a model, its temperature, its text and its score."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.analysis.scoring import Score
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.prompt_changes import adapt_prompt
from charloom.tui.formatting.units import score_note
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.services.writer import GenerationJob
from charloom.tui.widgets.action_bar import hidden_binding
from charloom.tui.widgets.keys import SCROLLING_KEYS
from charloom.tui.widgets.streaming_text import StreamingText

_MAX_REF = 80  # characters: more than there is room for


class CompareSide(VerticalScroll, can_focus=True):
    """A side; the actions of the screen apply to the focused one."""

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
        .error { margin-top: 1; padding: 0 1 0 3; color: $text-error; display: none; }
        &.-failed {
            .error { display: block; }
            StreamingText { display: none; }
        }
        StreamingText { margin-top: 1; }
        &:focus .heading { color: $accent; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *SCROLLING_KEYS,
        hidden_binding("left", "screen.side(0)", "left side"),
        hidden_binding("right", "screen.side(1)", "right side"),
    ]

    def __init__(self, ref: CheckpointRef, sampling: SamplingConfig) -> None:
        super().__init__()
        self.ref, self.sampling = ref, sampling
        self.model: LoadedModel | None = None
        """The model, once it is loaded."""
        self._text_view = StreamingText()
        self._job: GenerationJob | None = None

    def compose(self) -> ComposeResult:
        yield Static("", classes="heading", markup=False)
        yield Static("", classes="error", markup=False)
        yield self._text_view
        yield Static("", classes="score", markup=False)

    def show_error(self, error: str) -> None:
        """Show why there is no text."""
        self.model = None
        self.set_class(True, "-failed")
        self.query_one(".error", Static).update(safe_content(error))
        self._update_heading()

    def start(self, model: LoadedModel, prompt: str, seed: int, length: int) -> GenerationJob:
        """Return the job that generates the text of this side, for a generation thread."""
        self.model = model
        adapted, _ = adapt_prompt(prompt, model.network.vocab)
        self._job = GenerationJob(model.network, adapted, self.sampling, seed, length)
        old_view, self._text_view = self._text_view, StreamingText(adapted)
        self._text_view.set_caret(on=True)
        old_view.remove()
        self.mount(self._text_view)
        self.set_class(False, "-failed")
        self._update_heading()
        return self._job

    def update_text(self, *, ended: bool) -> None:
        """Show what was generated since the last call."""
        if self._job:
            self._text_view.append(self._job.take_text())
            self._text_view.set_caret(on=not ended)

    def show_score(self, score: Score | None) -> None:
        """Show the score of the model, or none."""
        content = Content("")
        if score:
            content = Content.assemble(
                (f"{score.bits_per_char:.4f}", "bold"),
                (f" bits/char{score_note(score.characters)}", "$text-muted"),
            )
        self.query_one(".score", Static).update(content)

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._update_heading()

    def _update_heading(self) -> None:
        mark = "▸ " if self.has_focus else "  "
        ref = safe_line(str(self.model.checkpoint_ref if self.model else self.ref), _MAX_REF)
        temperature = f" · temp {self.sampling.temperature:g}"
        self.query_one(".heading", Static).update(mark + ref + temperature)
