"""A model of a text that the user pastes: trained for a minute, then compared with the other."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work

from charloom.core.errors import CharloomError
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.sanitize import single_line
from charloom.core.store.read import BUNDLED
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import plural
from charloom.tui.dialogs.basic import ESCAPE, ChoiceDialog, DialogOption
from charloom.tui.formatting import run_status
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.run_status import FINISHED, LIVE
from charloom.tui.formatting.units import format_clock
from charloom.tui.prompt.composer import Composer
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.turn_actions import TurnActionsScreen
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background

if TYPE_CHECKING:
    from charloom.core.data.corpus import Corpus
    from charloom.tui.services.text_source import TextSource

_TRAINING = {"minutes": 1.0}
_MAX_LENGTH = 20  # of the two texts, before the ends of their sentences: most fit at 80×24
_MAX_NAME_CHARACTERS, _MAX_TITLE_CHARACTERS = 20, 40
_OPTIONS = (
    DialogOption("train", "Train", "t", "primary"),
    DialogOption("", "Keep as a prompt", ESCAPE),
)


class OwnModelScreen(TurnActionsScreen):
    """Offers to train on a pasted text. When the run ends, its model continues the user's sentence.

    The model that was in use continues it next to it. Subclasses load models.
    """

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._own_run = ""  # the name of the run whose end is awaited
        self._turn_before: Turn | None = None  # the current one when it was started

    @property
    def viewed_run(self) -> str:
        return self._own_run

    async def use_model(self, ref: CheckpointRef) -> None:
        """Load a model and use it from the next character on."""
        raise NotImplementedError

    @on(Composer.TextPasted)
    @work(exclusive=True, group="pasted")
    async def offer_training(self, event: Composer.TextPasted) -> None:
        """Ask whether to train on a text that was pasted; if not, it stays in the composer."""
        from charloom.tui.services.text_source import MIN_OFFERED_CHARACTERS

        self.composer_bar.show_message("Reading the text …")
        try:
            corpus = await run_in_background(event.source.open)
            title = single_line(corpus.title, _MAX_TITLE_CHARACTERS)
            title = title if event.source.recent_entry else f"the {title}"
            size = plural(len(corpus.stored), "character")
            if len(corpus.stored) < MIN_OFFERED_CHARACTERS:
                raise CharloomError(
                    f"{title} has only {size}. A model needs {MIN_OFFERED_CHARACTERS:,} and more "
                    "to learn from."
                )
        except CharloomError as error:
            self.composer_bar.show_message(str(error), error=True)
            return
        self.composer_bar.show_message("")
        detail = (
            f"{size}. It takes about a minute, in the background. Then your own model continues "
            "your sentence here, next to the model in use now."
        )
        if await self.app.push_screen_wait(ChoiceDialog(f"Train on {title}?", _OPTIONS, detail)):
            self.composer.set_text(event.draft, selected=True)
            self._train(event.source, corpus)

    @work(group="creating")  # never cancelled: the folder would remain
    async def _train(self, source: "TextSource", corpus: "Corpus") -> None:
        from charloom.core.runs.run import create_run  # deferred, for a faster first frame
        from charloom.core.store.write import unused_name

        name = unused_name(corpus.title)
        self._turn_before = self.transcript.current
        try:
            self._own_run = await self.services.start_run(
                source, lambda: create_run(name, corpus, "auto", _TRAINING, 0)
            )
        except CharloomError as error:
            self.composer_bar.show_message(str(error), error=True)
        self.follow_own_run()

    def follow_own_run(self) -> None:
        """Show the progress of the run. When it has ended and no text is growing, compare."""
        run = self.services.runs.get(self._own_run)
        if run is None:
            return
        done = run.status in (*FINISHED, RunStatus.STOPPED)
        if run.status in LIVE or self.transcript.generating:
            hint = " · waits for this text" if done else ""
            if run.status in LIVE and self.transcript.current is self._turn_before:
                hint = " · write it a sentence"
            line = with_keys(self.app, _progress(run)) + hint
            self.composer_bar.show_message(line, "app.switch_mode('train')")
            return
        self._own_run = ""
        message = with_keys(self.app, run_status.end_message(run))
        self.composer_bar.show_message("" if done else message, error=not done)
        if done:
            self._compare(run.name)

    @work
    async def _compare(self, name: str) -> None:
        """Use the model ``name``; it and the previous one continue the user's sentence.

        That is the prompt of a turn since the run was started, what is in the composer, the prompt
        of an earlier turn, or the beginning of the text.
        """
        previous, turn = self._active_model.model, self.transcript.current
        typed = self.composer.text
        if previous and typed == previous.default_prompt:
            typed = ""
        await self.use_model(CheckpointRef(name))
        model = self._active_model.model
        if model is None or model.name != name:
            return  # it cannot be loaded
        asked = turn.request.raw_prompt if turn and not turn.deleted else ""
        sentence = typed or asked if turn is self._turn_before else asked or typed
        rival = CheckpointRef(BUNDLED)
        if previous and previous.name != name:
            rival = previous.checkpoint_ref
        request = self.panel.request(sentence or model.default_prompt)
        length = min(request.length, _MAX_LENGTH)
        self.generate(replace(request, length=length, rival=rival, conversation=None))


def _progress(run: RunMonitor) -> str:
    """Return a line on a run, for :func:`with_keys`; its whole reason if it cannot continue."""
    if run.status is RunStatus.PAUSED and run.reason:
        return run_status.end_message(run)
    parts = [run_status.state(run)]
    if run.progress and run.status is RunStatus.TRAINING:
        left = format_clock(run.progress.eta_seconds or 0)
        parts = [f"{run_status.fraction(run):.0%}", f"{left} left"]
    name = single_line(run.name, _MAX_NAME_CHARACTERS)
    return f"{run_status.symbol(run.status)} {name} {' · '.join(parts)}"
