"""How a model learned to spell: one prompt and one seed, at every checkpoint that was kept."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.analysis.checkpoint_samples import CheckpointSample, sample_checkpoints
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.events import bits
from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.store.read import CheckpointInfo, find_model
from charloom.core.store.ref import CheckpointRef
from charloom.tui.analysis.growth_list import HEADINGS, GrowthList
from charloom.tui.dialogs.sampling import ask_prompt, ask_temperature, prompt_summary
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.prompt_changes import adapt_prompt
from charloom.tui.messages import OpenPrompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import default_prompt
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen

_LENGTH = 300  # characters that each checkpoint writes
_NAME = 40  # characters
_LOSSES = {
    "carried": "carried, on all the held-out text",
    "validation": "on the held-out text that the training looked at",
    "train": "on what it was trained on",
}
_ONE = (
    "This is the only checkpoint there is. A training keeps more as it goes on: "
    "then you see here how the model has learned to spell."
)
_NONE = "There is no checkpoint yet. Let the training in Train (F3) go on for a while."


class GrowthScreen(BaseScreen):
    """Shows what each checkpoint writes; of what is being trained, new ones are added."""

    TITLE = "Growth"
    CSS_PATH = "growth.tcss"
    HELP = (
        "Every checkpoint that was kept of a model goes on from the same prompt with the same "
        "seed. Read from the top: first it learns which letters are frequent, then words, then "
        "how they follow each other. Below the list stands the whole text of the highlighted one."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "talk", "Talk with it", show=False, tooltip="Use this checkpoint in Prompt"),
        Binding("p", "prompt", "Another prompt", show=False, tooltip="Let them go on from it"),
        Binding("s", "seed", "Another seed", show=False, tooltip="Let them write otherwise"),
        Binding("t", "temperature", "Temperature", show=False, tooltip="How warm they write"),
        Binding("escape,g", "back", "Back", show=False, tooltip="Back to where you were"),
    ]

    def __init__(self, services: AppServices, name: str) -> None:
        super().__init__(services)
        self._model = name
        self._prompt: str | None = None  # as it was typed; the model's own until then
        self._known = ""  # as the model is given it
        self._seed, self._settings = 0, SamplingConfig()
        self._newest = -1  # the step that was written last of what is being trained

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Lay out what is asked of them, the strip, and the whole text of one."""
        yield Static("", id="asked", markup=False)
        yield Static(HEADINGS, id="headings", markup=False)
        yield GrowthList()
        yield Static("", id="told", markup=False)
        with VerticalScroll(id="one", can_focus=False):
            yield Static("", id="about", markup=False)
            yield Static("", id="whole", markup=False)
        yield ActionBar(
            [
                ("⏎", "talk", "screen.talk"),
                ("p", "prompt", "screen.prompt"),
                ("s", "fresh seed", "screen.seed"),
                ("t", "temperature", "screen.temperature"),
                ("esc", "back", "screen.back"),
            ]
        )

    def on_mount(self) -> None:
        """Say whose growth it is."""
        self.tell_context(safe_line(self._model, _NAME))
        self.query_one(GrowthList).focus()

    def on_runs_changed(self) -> None:
        """Add what has come."""
        super().on_runs_changed()
        run = self.services.runs.get(self._model)
        newest = run.checkpoint.step if run and run.checkpoint else 0
        if newest != self._newest:
            self._newest = newest
            self.write()

    @work(exclusive=True, group="growth")
    async def write(self, *, afresh: bool = False) -> None:
        """Have every checkpoint write that has not; ``afresh``: all of them."""
        strip = self.query_one(GrowthList)
        if afresh:
            strip.clear()
        try:
            saved = (await run_in_background(lambda: find_model(self._model))).checkpoints
        except CharloomError as error:
            self._tell(safe_content(str(error), "$text-error"))
            return
        self._tell(Content(("" if saved[1:] else _ONE) if saved else _NONE))
        self._ask(next((each.card for each in reversed(saved) if each.card), None))
        left = [each for each in saved if each.step not in strip.steps]
        async for growth in self._grown(left):
            strip.add(growth)

    async def _grown(self, left: Sequence[CheckpointInfo]) -> AsyncIterator[CheckpointSample]:
        grown = sample_checkpoints(left, self._known, self._settings, self._seed, _LENGTH)
        while growth := await run_in_background(lambda: next(grown, None)):
            yield growth

    def _ask(self, card: CheckpointMetadata | None) -> None:
        """Put the prompt into characters that the model knows, and say what is asked."""
        if card is None:
            return
        prompt = default_prompt(self._model, card) if self._prompt is None else self._prompt
        self._known, changes = adapt_prompt(prompt, card.vocab)
        warm = f"temperature {self._settings.temperature:g}"
        asked = prompt_summary(prompt, changes, f"seed {self._seed}", warm)
        self.query_one("#asked", Static).update(asked)

    def _tell(self, told: Content) -> None:
        self.query_one("#told", Static).update(told)
        self.query_one("#told").display = bool(told)

    @on(GrowthList.Highlighted)
    def show(self, event: GrowthList.Highlighted) -> None:
        """Show the whole text of a checkpoint."""
        growth = event.growth
        about = [f"step {growth.step:,}"]
        if growth.loss is not None:
            about.append(f"{bits(growth.loss):.2f} bits/char {_LOSSES[growth.measure]}")
        whole = safe_content(self._known, "bold $primary") + safe_content(growth.text)
        if growth.fault:
            whole = safe_content(growth.fault, "$text-error")
        self.query_one("#about", Static).update(safe_content(" · ".join(about), "$text-muted"))
        self.query_one("#whole", Static).update(whole)
        self.query_one("#one").scroll_home(animate=False)

    def action_talk(self) -> None:
        """Talk with the checkpoint under the cursor."""
        growth = self.query_one(GrowthList).growth
        if growth and growth.fault:
            self.notify(growth.fault, severity="error")
        elif growth:
            self.post_message(OpenPrompt(CheckpointRef.at(self._model, growth.step)))

    @work
    async def action_prompt(self) -> None:
        """Ask for another prompt."""
        now = self._known if self._prompt is None else self._prompt
        typed = await ask_prompt(self.app, now)
        if typed is not None:
            self._prompt = typed
            self.write(afresh=True)

    def action_seed(self) -> None:
        """Let them write with another seed."""
        self._seed = fresh_seed()
        self.write(afresh=True)

    @work
    async def action_temperature(self) -> None:
        """Ask for another temperature."""
        settings = await ask_temperature(self.app, self._settings)
        if settings:
            self._settings = settings
            self.write(afresh=True)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
