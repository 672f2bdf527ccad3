"""Screen that shows a text from every checkpoint of a model, for one prompt and one seed."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.analysis.checkpoint_samples import (
    CheckpointSample,
    newest_metadata,
    sample_checkpoints,
)
from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.store.read import CheckpointInfo, find_model
from charloom.core.store.ref import CheckpointRef
from charloom.tui.analysis.film_view import FilmView
from charloom.tui.analysis.growth_list import HEADINGS, GrowthList
from charloom.tui.charts.film import TOO_SHORT, Film, Moment
from charloom.tui.dialogs.sampling import ask_prompt, ask_temperature, prompt_summary
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.prompt_changes import adapt_prompt
from charloom.tui.formatting.units import score_note
from charloom.tui.messages import OpenPrompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import default_prompt
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.finding import phrase_pattern
from charloom.tui.widgets.keys import key_binding
from charloom.tui.widgets.untrusted_text import UntrustedText

_LENGTH = 300  # characters of each text
_MAX_NAME = 40  # characters
_MEASURES = {
    "carried": "carried, on the held-out text",
    "validation": "on the held-out text used during training",
    "train": "on the training text",
}
_ONLY_ONE = (
    "This is the only checkpoint so far. A training run saves more as it continues; this screen "
    "then shows how the model learns to spell."
)
_NONE = (
    "There is no checkpoint yet. Let the training in Train ({app.train|F3}) continue for a while."
)


class GrowthScreen(BaseScreen):
    """Shows the text of each checkpoint, and adds those that a training run saves."""

    TITLE = "Growth"
    CSS_PATH = "growth.tcss"
    HELP = (
        "Every stored checkpoint of a model continues the same prompt with the same seed. Read "
        "from the top: first the model learns which letters are frequent, then words, then how "
        "words follow each other. Below the list is the whole text of the highlighted checkpoint. "
        "{growth.play|Space} plays this as a film: the text rewrites itself from checkpoint to "
        "checkpoint, and a mark moves along the loss. `{growth.export|x}` saves the film."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "growth.play", "Play", "Play the checkpoints as a film, or pause", keys="space"
        ),
        key_binding("growth.earlier", "Earlier", "Step back", action="step(-1)", keys="left"),
        key_binding("growth.later", "Later", "Step on", action="step(1)", keys="right"),
        key_binding("growth.export", "Export", "Save the film"),
        key_binding("growth.talk", "Talk with it", "Use this checkpoint in Prompt"),
        key_binding("growth.prompt", "Another prompt", "Change the prompt"),
        key_binding("growth.again", "New seed", "Use a new seed", action="seed"),
        key_binding("growth.temperature", "Temperature", "Change the temperature"),
        key_binding("growth.back", "Back", "Back to the previous screen", keys="escape"),
        key_binding("growth.growth", "Back", action="back"),
    ]

    def __init__(self, services: AppServices, name: str) -> None:
        super().__init__(services)
        self._model_name = name
        self._prompt: str | None = None  # as typed; None: the model's default
        self._adapted_prompt = ""  # in characters of the model
        self._seed, self._sampling = 0, SamplingConfig()
        self._newest_step = -1  # of the run in training, when the list was last updated

    def body(self) -> Iterator:  # type: ignore[type-arg]
        yield Static("", id="prompt", markup=False)
        yield Static(HEADINGS, id="headings", markup=False)
        yield GrowthList()
        yield Static("", id="message", markup=False)
        with VerticalScroll(id="sample", can_focus=False):
            yield Static("", id="figures", markup=False)
            yield UntrustedText(id="text")
        yield FilmView()
        yield ActionBar()

    def on_mount(self) -> None:
        self.show_context(safe_line(self._model_name, _MAX_NAME))
        self.query_one(GrowthList).focus()
        self.show_hints()

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        run = self.services.runs.get(self._model_name)
        newest_step = run.checkpoint.step if run and run.checkpoint else 0
        if newest_step != self._newest_step:
            self._newest_step = newest_step
            self.generate()
        self._update_film()

    @work(exclusive=True, group="growth")
    async def generate(self, *, restart: bool = False) -> None:
        """Generate the texts of all new checkpoints, or with ``restart`` of all."""
        growth_list, view = self.query_one(GrowthList), self.query_one(FilmView)
        view.complete = False
        if restart:
            growth_list.clear()
            view.set_film(None)
            view.play(on=self._plays)
        try:
            info = await run_in_background(lambda: find_model(self._model_name))
        except CharloomError as error:
            self._show_message(safe_content(str(error), "$text-error"))
            return
        checkpoints = info.checkpoints
        messages = {0: _NONE, 1: _ONLY_ONE}
        self._show_message(Content(messages.get(len(checkpoints), "")))
        if metadata := newest_metadata(checkpoints):
            self._adapt_prompt(metadata)
        new = [info for info in checkpoints if info.step not in growth_list.steps]
        async for sample in self._samples(new):
            growth_list.add(sample)
            self._update_film()
        view.complete = True

    async def _samples(self, new: Sequence[CheckpointInfo]) -> AsyncIterator[CheckpointSample]:
        samples = sample_checkpoints(new, self._adapted_prompt, self._sampling, self._seed, _LENGTH)
        while sample := await run_in_background(lambda: next(samples, None)):
            yield sample

    def _adapt_prompt(self, metadata: CheckpointMetadata) -> None:
        """Convert the prompt to characters of the model, and show it with the settings."""
        prompt = self._prompt
        if prompt is None:
            prompt = default_prompt(self._model_name, metadata)
        self._adapted_prompt, changes = adapt_prompt(prompt, metadata.vocab)
        settings = f"seed {self._seed}", f"temperature {self._sampling.temperature:g}"
        self.query_one("#prompt", Static).update(prompt_summary(prompt, changes, *settings))

    def _show_message(self, content: Content) -> None:
        self.query_one("#message", Static).update(content)
        self.query_one("#message").display = bool(content)

    @on(GrowthList.Highlighted)
    def show_sample(self, event: GrowthList.Highlighted) -> None:
        sample = event.sample
        figures = [f"step {sample.step:,}"]
        if sample.bits_per_char is not None:
            note = score_note(sample.loss_characters)
            measure = _MEASURES[sample.measure]
            figures.append(f"{sample.bits_per_char:.2f} bits/char {measure}{note}")
        original = sample.error or self._adapted_prompt + sample.text
        text = safe_content(self._adapted_prompt, "bold $primary") + safe_content(sample.text)
        phrase = self.query_one(GrowthList).phrase
        for match in phrase_pattern(phrase).finditer(text.plain) if phrase.strip() else ():
            text = text.stylize("reverse", *match.span())
        if sample.error:
            text = safe_content(sample.error, "$text-error")
        self.query_one("#figures", Static).update(safe_content(" · ".join(figures), "$text-muted"))
        self.query_one("#text", UntrustedText).set_text(text, original)
        self.query_one("#sample").scroll_home(animate=False)

    @property
    def _plays(self) -> bool:
        """Whether the film is shown instead of the list."""
        return self.has_class("film")

    def _update_film(self) -> None:
        """Show the film with the samples and losses so far."""
        self.query_one(FilmView).set_film(
            Film.of(
                self._model_name,
                self._adapted_prompt,
                self.query_one(GrowthList).samples,
                self.services.runs.get(self._model_name),
                self._sampling,
                self._seed,
            )
        )

    @on(FilmView.Changed)
    def show_hints(self) -> None:
        view = self.query_one(FilmView)
        labels: dict[str, str | tuple[str, str, str]] = {"prompt": "prompt", "seed": "seed"}
        arrows = "{growth.earlier|←}{growth.later|→}"
        labels |= {"step(-1)": (arrows, "step", "step(1)"), "step": ""}
        if self._plays:
            labels |= {"play": "pause" if view.playing else "play", "talk": "", "back": "list"}
        else:
            labels |= {"play": "film", "talk": ("⏎", "talk", "talk")}
        self.query_one(ActionBar).update_hints(key_hints(self, **labels))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return self._plays or action != "step"

    def action_play(self) -> None:
        growth_list, view = self.query_one(GrowthList), self.query_one(FilmView)
        if self._plays:
            view.play(on=not view.playing)
            return
        if view.is_too_short:
            self.notify(TOO_SHORT, severity="warning")
            return
        self.add_class("film")
        self.set_focus(None)
        samples = view.film.samples if view.film else []
        sample = growth_list.sample
        view.seek(Moment(samples.index(sample) if sample in samples[:-1] else 0, 0))
        view.play(on=True)

    def action_step(self, count: int) -> None:
        self.query_one(FilmView).step(count)

    @work
    async def action_export(self) -> None:
        from charloom.tui.charts.film_cast import asciicast
        from charloom.tui.charts.film_picture import film_picture
        from charloom.tui.dialogs.share import save_file

        view = self.query_one(FilmView)
        film = view.film
        if film is None or view.is_too_short or not view.complete:
            message = TOO_SHORT if view.complete else "Wait until all texts are there."
            self.notify(message, severity="warning")
            return
        view.play(on=False)
        writers = {"svg": film_picture, "cast": asciicast}
        await save_file(
            self.app,
            "Save the film to:",
            f"growth-{film.model}",
            tuple(writers),
            lambda path, kind: write_file(path, writers[kind](film), force=True),
        )

    def action_talk(self) -> None:
        growth_list, view = self.query_one(GrowthList), self.query_one(FilmView)
        sample = view.sample if self._plays else growth_list.sample
        if sample and sample.error:
            self.notify(sample.error, severity="error")
        elif sample:
            self.post_message(OpenPrompt(CheckpointRef.at(self._model_name, sample.step)))

    @work
    async def action_prompt(self) -> None:
        prompt = self._adapted_prompt if self._prompt is None else self._prompt
        typed = await ask_prompt(self.app, prompt)
        if typed is not None:
            self._prompt = typed
            self.generate(restart=True)

    def action_seed(self) -> None:
        self._seed = fresh_seed()
        self.generate(restart=True)

    @work
    async def action_temperature(self) -> None:
        sampling = await ask_temperature(self.app, self._sampling)
        if sampling:
            self._sampling = sampling
            self.generate(restart=True)

    def action_back(self) -> None:
        """Return from the film to the list, or leave."""
        growth_list, view = self.query_one(GrowthList), self.query_one(FilmView)
        if not self._plays:
            self.dismiss()
            return
        self.remove_class("film")
        growth_list.focus()
        if view.sample:
            growth_list.highlight(view.sample)
        view.play(on=False)
