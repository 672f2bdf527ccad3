"""Two models, or one at two temperatures, side by side: what they write, and which is better."""

from collections.abc import Iterator
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from charloom.core.analysis import scoring
from charloom.core.analysis.comparison import (
    SAME,
    EvalText,
    held_out_text,
    hotter,
    shared_characters,
    verdict,
)
from charloom.core.analysis.scoring import Score
from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.store.ref import CheckpointRef
from charloom.tui.analysis.compare_side import CompareSide
from charloom.tui.dialogs.basic import InputDialog, ask_until_done
from charloom.tui.dialogs.sampling import ask_prompt, ask_temperature, prompt_summary
from charloom.tui.formatting.content import in_the_app, safe_content
from charloom.tui.formatting.prompt_changes import adapt_prompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel, load_model
from charloom.tui.services.text_source import TextKind, TextSource
from charloom.tui.services.writer import GenerationThread
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen

_LENGTH = 300  # characters that each side writes
_FRAME_SECONDS = 1 / 25
_MOST_SCORED = 200_000  # characters: more would be waited for
_WHICH = "A file, or a known text by its name. With nothing here, it is what the left one held out."


class CompareScreen(BaseScreen):
    """Begins with the checkpoint ``ref``, and beside it the same a little warmer."""

    TITLE = "Compare"
    CSS_PATH = "compare.tcss"
    HELP = (
        "Both sides go on from the same prompt with the same seed. Below each stands how well it "
        "predicts one text, which it should not have been trained on: bits per character, carried; "
        "fewer are better. Characters that one of them does not know are left out for both. The "
        "temperature changes what is written, not the score."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "side(0)", "Left side", show=False,
                key_display="[", tooltip="Change the left side"),
        Binding("right_square_bracket", "side(1)", "Right side", show=False,
                key_display="]", tooltip="Change the right side"),
        Binding("m", "model", "Model", show=False, tooltip="Choose who writes on this side"),
        Binding("t", "temperature", "Temperature", show=False, tooltip="How warm this side is"),
        Binding("p", "prompt", "Another prompt", show=False, tooltip="Let both go on from it"),
        Binding("s", "seed", "Another seed", show=False, tooltip="Let both write otherwise"),
        Binding("x", "text", "Text to score", show=False, tooltip="Choose what is predicted"),
        Binding("enter", "write", "Write again", show=False, tooltip="From the beginning"),
        Binding("escape,c", "back", "Back", show=False, tooltip="Back to the models"),
    ]  # fmt: skip

    def __init__(self, services: AppServices, ref: CheckpointRef) -> None:
        super().__init__(services)
        settings = SamplingConfig()
        self._sides = (CompareSide(ref, settings), CompareSide(ref, hotter(settings)))
        self._prompt: str | None = None  # as it was typed; the left model's own until then
        self._seed = 0
        self._text: EvalText | None = None  # that the person chose
        self._typed = ""
        self._writer: GenerationThread | None = None
        self._frames: Timer | None = None
        self._scored: object = None  # what the score that is shown, or computed now, is of
        self._scores: dict[tuple[str, str], Score] = {}  # by checkpoint and text

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Lay out what is asked over the two sides over the verdict."""
        yield Static("", id="asked", markup=False)
        with Horizontal(id="sides"):
            yield from self._sides
        yield Static("", id="verdict", markup=False)
        yield ActionBar(
            [
                ("←→", "side", "other_side"),
                ("m", "model", "screen.model"),
                ("t", "temp", "screen.temperature"),
                ("p", "prompt", "screen.prompt"),
                ("s", "fresh seed", "screen.seed"),
                ("x", "text", "screen.text"),
                ("⏎", "again", "screen.write"),
                ("esc", "back", "screen.back"),
            ]
        )

    def on_mount(self) -> None:
        """Begin; the right side is the one to be changed."""
        self._sides[1].focus()
        self.action_write()

    def on_unmount(self) -> None:
        """End the writing, for which nobody waits any more."""
        if self._writer:
            self._writer.stop()

    @work(exclusive=True, group="writing")
    async def action_write(self) -> None:
        """Let both sides write, from the beginning."""
        self._end()
        ready = [side for side in self._sides if await self._read(side)]
        found = [side.voice for side in ready if side.voice]
        if not found:
            return
        prompt = found[0].default_prompt if self._prompt is None else self._prompt
        _, changes = adapt_prompt(prompt, found[0].network.vocab)
        self.query_one("#asked", Static).update(
            prompt_summary(prompt, changes, f"seed {self._seed}")
        )
        candidates = [
            side.begin(voice, prompt, self._seed, _LENGTH)
            for side, voice in zip(ready, found, strict=True)
        ]
        self._writer = GenerationThread(candidates, self._writer)
        self._frames = self.set_interval(_FRAME_SECONDS, self.tick)
        self.score()

    async def _read(self, side: CompareSide) -> bool:
        """Have the voice of a side; return False, with the reason shown, where there is none."""
        try:
            side.voice = await run_in_background(lambda: load_model(side.ref))
        except CharloomError as error:
            side.fail(str(error))
            return False
        if side.voice.warning:
            self.notify(side.voice.warning, severity="warning")
        return True

    def _end(self) -> None:
        if self._writer:
            self._writer.stop()
        if self._frames:
            self._frames.stop()
            self._frames = None

    def tick(self) -> None:
        """Show what was written meanwhile."""
        ended = self._writer is None or not self._writer.running
        for side in self._sides:
            side.take(ended=ended)
        if ended:
            self._end()
            if self._writer and self._writer.error:
                self.notify(self._writer.error, severity="error")

    @work(exclusive=True, group="scoring")
    async def score(self) -> None:
        """Score both sides on the text, if that is not done."""
        left, right = (side.voice for side in self._sides)
        wanted = (left and left.sha256, right and right.sha256, self._text)
        if wanted == self._scored:
            return
        self._scored = wanted
        for side in self._sides:
            side.show_score(None)
        if left is None or right is None:
            self._tell(Content(""))
            return
        self._tell(safe_content("scoring both on one text …", "$text-muted"))
        try:
            text = self._text
            if text is None:
                text = await run_in_background(
                    lambda: held_out_text(left.checkpoint_ref, right.checkpoint_ref)
                )
            vocabs = left.network.vocab, right.network.vocab
            scored = await run_in_background(
                lambda: shared_characters(text.text[:_MOST_SCORED], *vocabs)
            )
            one, other = [await self._score(voice, scored) for voice in (left, right)]
        except CharloomError as error:
            self._tell(safe_content(f"No score: {error} x names one.", "$text-muted"))
            return
        for side, score in zip(self._sides, (one, other), strict=True):
            side.show_score(score)
        said = verdict(str(left.checkpoint_ref), one, str(right.checkpoint_ref), other)
        self._tell(_told(text, len(scored), SAME if one is other else said))

    async def _score(self, voice: LoadedModel, text: str) -> Score:
        key = voice.sha256, text
        if key not in self._scores:
            self._scores[key] = await run_in_background(
                lambda: scoring.carried(voice.network, text)
            )
        return self._scores[key]

    def _tell(self, told: Content) -> None:
        self.query_one("#verdict", Static).update(told)

    @property
    def _side(self) -> CompareSide:
        """The side that is acted on."""
        return self._sides[1] if self._sides[1].has_focus else self._sides[0]

    def action_side(self, number: int) -> None:
        """Act on this side from now on."""
        self._sides[number].focus()

    def action_other_side(self) -> None:
        """Act on the other side from now on."""
        self.action_side(int(self._side is self._sides[0]))

    @work
    async def action_model(self) -> None:
        """Choose who writes on this side."""
        from charloom.tui.dialogs.model_picker import ModelPicker

        side, live = self._side, [run.name for run in self.services.runs.live]
        if ref := await self.app.push_screen_wait(ModelPicker(side.ref, live)):
            side.ref = ref
            self.action_write()

    @work
    async def action_temperature(self) -> None:
        """Ask how warm this side is."""
        side = self._side
        if settings := await ask_temperature(self.app, side.settings):
            side.settings = settings
            self.action_write()

    @work
    async def action_prompt(self) -> None:
        """Ask for another prompt."""
        voice = self._sides[0].voice
        ready = voice.default_prompt if voice else ""
        typed = await ask_prompt(self.app, ready if self._prompt is None else self._prompt)
        if typed is not None:
            self._prompt = typed
            self.action_write()

    def action_seed(self) -> None:
        """Let both write with another seed."""
        self._seed = fresh_seed()
        self.action_write()

    @work
    async def action_text(self) -> None:
        """Ask which text both are scored on."""

        def ask(typed: str) -> InputDialog:
            return InputDialog("Which text are they scored on?", typed, detail=_WHICH)

        async def take(typed: str) -> None:
            name = typed.strip()
            self._text = await run_in_background(lambda: _open_text(name)) if name else None
            self._typed = typed
            self.score()

        await ask_until_done(self.app, ask, self._typed, take)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()


def _open_text(name: str) -> EvalText:
    """Return a text: a known one, or that in a file. Raises :class:`CharloomError`."""
    known = name in {entry.name for entry in catalog.ENTRIES}
    try:
        corpus = TextSource(TextKind.KNOWN if known else TextKind.FILE, name).open(short=True)
    except CharloomError as error:
        raise CharloomError(in_the_app(str(error))) from error
    return EvalText(corpus.title, corpus.text)


def _told(text: EvalText, scored: int, verdict: str) -> Content:
    """Return the verdict and what it is about, with what is to be kept in mind."""
    length = min(len(text.text), _MOST_SCORED)
    share = f"{length:,} characters"
    if len(text.text) > _MOST_SCORED:
        share = f"the first {share}"
    if scored < length:
        share += f" without {length - scored:,} that one of them does not know"
    lines = [safe_content(verdict, "bold"), safe_content(f"{text.title}, {share}", "$text-muted")]
    if text.warning:
        lines.append(safe_content(text.warning, "$text-warning"))
    return Content("\n").join(lines)
