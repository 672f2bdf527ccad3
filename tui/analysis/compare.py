"""Screen that compares two models, or one at two temperatures: their texts and their scores."""

import threading
from collections.abc import Iterator
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from charloom.core.analysis.comparison import EvalText, compare, held_out_text, hotter
from charloom.core.analysis.scoring import Score
from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.store.ref import CheckpointRef
from charloom.tui.analysis.compare_side import CompareSide
from charloom.tui.dialogs.basic import InputDialog, ask_until_done
from charloom.tui.dialogs.sampling import ask_prompt, ask_temperature, prompt_summary
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.prompt_changes import adapt_prompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel, load_model
from charloom.tui.services.text_source import TextKind, TextSource
from charloom.tui.services.writer import GenerationThread
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.finding import FINDING_KEYS, FindableTexts
from charloom.tui.widgets.keys import key_binding

_LENGTH = 300  # characters of each side's text
_FRAME_SECONDS = 1 / 25
_MAX_SCORED_CHARACTERS = 200_000  # more would take too long to wait for
_CHOOSE_TEXT = "Press {compare.text|w} to choose a text."
_EVAL_TEXT_HINT = "A file or a catalog name. Leave empty to use the left model's held-out text."


class CompareScreen(FindableTexts, BaseScreen):
    """Begins with the checkpoint ``ref`` on both sides, the right one at a higher temperature."""

    TITLE = "Compare"
    CSS_PATH = "compare.tcss"
    HELP = (
        "Both sides continue the same prompt with the same seed. The score below each side is the "
        "carried loss in bits per character on one text that neither model should have been "
        "trained on; lower is better. Characters that one of the models does not know are left "
        "out for both. The temperature changes the text, not the score."
    )
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("compare.previous", "Left side", "Change the left side", action="side(0)"),
        key_binding("compare.next", "Right side", "Change the right", action="side(1)"),
        key_binding("compare.model", "Model", "Choose the model of this side"),
        key_binding("compare.temperature", "Temperature", "Set the temperature of this side"),
        key_binding("compare.prompt", "Another prompt", "Change the prompt"),
        key_binding("compare.again", "New seed", "Use a new seed", action="seed"),
        key_binding("compare.text", "Text to score", "Choose the text that both are scored on"),
        key_binding("compare.write", "Write again", "Start both texts again", keys="enter"),
        *FINDING_KEYS,
        key_binding("compare.back", "Back", "Back to the models", keys="escape"),
        key_binding("compare.compare", "Back", action="back"),
    ]

    def __init__(self, services: AppServices, ref: CheckpointRef) -> None:
        super().__init__(services)
        sampling = SamplingConfig()
        self._sides = (CompareSide(ref, sampling), CompareSide(ref, hotter(sampling)))
        self._prompt: str | None = None  # as typed; None: the left model's default
        self._seed = 0
        self._eval_text: EvalText | None = None  # None: the left model's held-out text
        self._eval_name = ""  # as typed
        self._thread: GenerationThread | None = None
        self._frames: Timer | None = None
        self._scored_inputs: object = None  # of the score that is shown or being computed
        self._scores: dict[tuple[str, str], Score] = {}  # by checkpoint and text

    def body(self) -> Iterator:  # type: ignore[type-arg]
        yield Static("", id="prompt", markup=False)
        with Horizontal(id="sides"):
            yield from self._sides
        yield Static("", id="verdict", markup=False)
        side = {"side(0)": ("←→", "side", "other_side")}
        labels = {
            "side": "",
            "find_next": "",
            "temperature": "temp",
            "prompt": "prompt",
            "text": "text",
        }
        yield ActionBar(key_hints(self, **side, **labels, write="again"))

    def on_mount(self) -> None:
        self._sides[1].focus()
        self.action_write()

    def on_unmount(self) -> None:
        if self._thread:
            self._thread.stop()

    @work(exclusive=True, group="writing")
    async def action_write(self) -> None:
        self._stop_writing()
        models = [(side, await self._load(side)) for side in self._sides]
        loaded = [(side, model) for side, model in models if model]
        if not loaded:
            return
        first = loaded[0][1]
        prompt = first.default_prompt if self._prompt is None else self._prompt
        _, changes = adapt_prompt(prompt, first.network.vocab)
        self.query_one("#prompt", Static).update(
            prompt_summary(prompt, changes, f"seed {self._seed}")
        )
        jobs = [side.start(model, prompt, self._seed, _LENGTH) for side, model in loaded]
        self._thread = GenerationThread(jobs, self._thread)
        self._frames = self.set_interval(_FRAME_SECONDS, self.update_texts)
        self.score()

    async def _load(self, side: CompareSide) -> LoadedModel | None:
        """Return the model of a side; on failure, show the error there."""
        try:
            model = await run_in_background(lambda: load_model(side.ref))
        except CharloomError as error:
            side.show_error(str(error))
            return None
        if model.warning:
            self.notify(model.warning, severity="warning")
        return model

    def _stop_writing(self) -> None:
        if self._thread:
            self._thread.stop()
        if self._frames:
            self._frames.stop()
            self._frames = None

    def update_texts(self) -> None:
        """Show what was generated since the last frame."""
        ended = self._thread is None or not self._thread.running
        for side in self._sides:
            side.update_text(ended=ended)
        if ended:
            self._stop_writing()
            if self._thread and self._thread.error:
                self.notify(self._thread.error, severity="error")

    def score(self) -> None:
        """Score both sides, unless their scores are shown, or being computed, already."""
        left, right = (side.model for side in self._sides)
        inputs = (left and left.sha256, right and right.sha256, self._eval_text)
        if inputs != self._scored_inputs:
            self._scored_inputs = inputs
            self._compute_scores(left, right)

    @work(exclusive=True, group="scoring")
    async def _compute_scores(self, left: LoadedModel | None, right: LoadedModel | None) -> None:
        for side in self._sides:
            side.show_score(None)
        if left is None or right is None:
            self._show_verdict(Content(""))
            return
        self._show_verdict(safe_content("scoring both sides on one text …", "$text-muted"))
        text, cancelled = self._eval_text, threading.Event()
        try:
            if text is None:
                text = await run_in_background(
                    lambda: held_out_text(left.checkpoint_ref, right.checkpoint_ref)
                )
            result = await run_in_background(
                lambda: compare(
                    left, right, text, _MAX_SCORED_CHARACTERS, self._scores, cancelled.is_set
                )
            )
        except CharloomError as error:
            message = f"No score: {error} {with_keys(self.app, _CHOOSE_TEXT)}"
            self._show_verdict(safe_content(message, "$text-muted"))
            return
        finally:
            cancelled.set()  # otherwise the thread would continue after a cancellation
        for side, score in zip(self._sides, (result.left, result.right), strict=True):
            side.show_score(score)
        lines = [
            safe_content(result.verdict, "bold"),
            safe_content(result.summary, "$text-muted"),
            safe_content(text.warning, "$text-warning"),
        ]
        self._show_verdict(Content("\n").join(line for line in lines if line))

    def _show_verdict(self, content: Content) -> None:
        self.query_one("#verdict", Static).update(content)

    @property
    def _side(self) -> CompareSide:
        """The side that actions apply to."""
        return self._sides[1] if self._sides[1].has_focus else self._sides[0]

    def action_side(self, number: int) -> None:
        self._sides[number].focus()

    def action_other_side(self) -> None:
        self.action_side(int(self._side is self._sides[0]))

    @work
    async def action_model(self) -> None:
        from charloom.tui.dialogs.model_picker import ModelPicker

        side, live = self._side, [run.name for run in self.services.runs.live]
        if ref := await self.app.push_screen_wait(ModelPicker(side.ref, live)):
            side.ref = ref
            self.action_write()

    @work
    async def action_temperature(self) -> None:
        side = self._side
        if sampling := await ask_temperature(self.app, side.sampling):
            side.sampling = sampling
            self.action_write()

    @work
    async def action_prompt(self) -> None:
        model = self._sides[0].model
        prompt = self._prompt
        if prompt is None:
            prompt = model.default_prompt if model else ""
        typed = await ask_prompt(self.app, prompt)
        if typed is not None:
            self._prompt = typed
            self.action_write()

    def action_seed(self) -> None:
        self._seed = fresh_seed()
        self.action_write()

    @work
    async def action_text(self) -> None:
        def dialog(typed: str) -> InputDialog:
            return InputDialog("Text to score both models on:", typed, detail=_EVAL_TEXT_HINT)

        async def use(typed: str) -> None:
            name = typed.strip()
            self._eval_text = await run_in_background(lambda: _open_text(name)) if name else None
            self._eval_name = typed
            self.score()

        await ask_until_done(self.app, dialog, self._eval_name, use)

    def action_back(self) -> None:
        self.dismiss()


def _open_text(name: str) -> EvalText:
    """Return a catalog text or the text of a file. Raises :class:`CharloomError`."""
    is_known = name in {entry.name for entry in catalog.ENTRIES}
    corpus = TextSource(TextKind.KNOWN if is_known else TextKind.FILE, name).open(short=True)
    return EvalText(corpus.title, corpus.stored)
