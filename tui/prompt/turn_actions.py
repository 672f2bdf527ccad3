"""Actions on the current turn that need the composer, the panel or the model."""

import math
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.actions import parse
from textual.binding import Binding, BindingType
from textual.widget import Widget

from charloom.core.errors import CharloomError
from charloom.core.sampling.config import fresh_seed
from charloom.core.sanitize import single_line
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.prompt_changes import unwritable_ending
from charloom.tui.messages import OpenInspector
from charloom.tui.prompt.active_model import ActiveModel
from charloom.tui.prompt.composer_bar import ComposerBar
from charloom.tui.prompt.panel import SidePanel
from charloom.tui.prompt.transcript import Transcript
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.turn_footer import ANYWHERE, TURN_BINDINGS, on_screen
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.model_cache import load_model
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.finding import FINDING_KEYS
from charloom.tui.widgets.keys import key_binding

if TYPE_CHECKING:
    from charloom.tui.prompt.surprise_view import SurpriseView

_ESCAPE_SECONDS = 1.0  # after which alt and a letter are no longer Esc and that letter
_ORIGIN_CHARACTERS = 24  # shown before a branch
_TURN_KEYS = {
    key
    for binding in Binding.make_bindings([*TURN_BINDINGS, *FINDING_KEYS, *Turn.BINDINGS])
    for key in (binding.key, *ANYWHERE.get(str(binding.id).partition(".")[2], "").split(","))
    if not key.isdigit()  # these are typed, except in a pause
}
_CHOOSE_MODEL = "Press {prompt.choose_model|^o} to choose a model."
_NEED_TURN = ("again", "repeat", "continue", "prompt", "pin", "bits", "inspect")


class TurnActionsScreen(BaseScreen):
    """Runs the actions on the current turn, wherever the focus is. Subclasses do the layout."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "prompt.escape",
            "Stop",
            "Stop the text, or go back to the composer",
            action="stop",
            keys="escape",
        ),
        *map(on_screen, TURN_BINDINGS),
        key_binding(
            "prompt.above",
            "Text above",
            "Go to the text above",
            action="transcript('go(-1)')",
            keys="ctrl+up",
        ),
        key_binding(
            "prompt.below",
            "Text below",
            "Go to the text below",
            action="transcript('go(1)')",
            keys="ctrl+down",
        ),
        key_binding(
            "prompt.end",
            "To the end",
            "Follow the text's end",
            action="transcript('follow')",
            keys="ctrl+end",
        ),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._escaped = -math.inf  # when Esc was pressed, by the monotonic clock
        self._active_model = ActiveModel(self.services.runs)
        self.transcript = Transcript(services.preferences.pace, services.deleted_texts)
        self.composer_bar = ComposerBar()
        self.composer = self.composer_bar.composer
        self.panel = SidePanel(self.services.preferences)

    def on_key(self, event: events.Key) -> None:
        """Type what no focused widget uses into the composer; letters act on a focused turn only.

        The focus moves at once: the next key may already be queued.
        """
        key, character = event.key, event.character
        in_turn, now = isinstance(self.focused, Turn), monotonic()
        if key == "escape" and in_turn:
            self.action_stop()  # before the next key
        # Some terminals send alt and a letter for Esc and a quick letter.
        alt = key.startswith("alt+")
        recent = now < self._escaped + _ESCAPE_SECONDS
        escaping = (
            alt
            and character is not None
            and (in_turn or recent or self.transcript.generating is not None)
        )
        if key == "escape" or escaping:
            self._escaped = now
        bound = self.active_bindings.get(key)
        if escaping:
            used = False
        elif alt or in_turn:
            used = key in _TURN_KEYS or bound is not None  # perhaps not now
            if in_turn and bound and str(bound.binding.id).startswith("turn."):
                self._keep_in_view(self.focused)
        else:
            used = bound is not None and bound.node is not self.transcript
        if character is None or not event.is_printable or used:
            return
        event.stop()
        if alt:
            self.action_stop()
        self.set_focus(self.composer)
        self.composer.type(character)

    def _keep_in_view(self, turn: Widget | None) -> None:
        """Scroll to a turn that is acted on, if none of it is in view."""
        if turn and not self.can_view_partial(turn):
            turn.scroll_visible(animate=False)

    @on(Turn.Clicked)
    def select_clicked(self, event: Turn.Clicked) -> None:
        """Make the turn current, but type into the composer."""
        if not event.turn.showing_surprise:
            self.set_focus(self.composer)
        self.transcript.select(event.turn)

    @work
    async def generate(self, request: GenerationRequest, origin: str = "") -> None:
        """Start a turn once a model is loaded; ``origin`` says what its prompt continues."""
        early, ref, rival = self._active_model.model is None, request.rival, None
        try:
            model = await self._active_model.wait()
            if ref:
                rival = await run_in_background(lambda: load_model(ref))
        except CharloomError as error:
            self.show_model_error(error)
            self.composer.set_text(request.raw_prompt)
            return
        if early and not request.raw_prompt:  # sent before the model's prompt was shown
            request = replace(request, raw_prompt=model.default_prompt)
        if message := unwritable_ending(request.ending, model.network.vocab):
            self.notify(message, severity="warning")
        await self.transcript.start_turn(model, request, origin, rival)
        if early and self.composer.text == request.raw_prompt == model.default_prompt:
            self.composer.set_text("")  # offered before the turn was there

    def show_model_error(self, error: CharloomError) -> None:
        """Show why there is no model, and how to choose one."""
        message = f"{error} {with_keys(self.app, _CHOOSE_MODEL)}"
        self.composer_bar.show_message(message, "screen.choose_model", error=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        turn = self.transcript.current
        if action == "transcript":
            _, name, arguments = parse(str(parameters[0]))
            return self.transcript.check_action(name, arguments)
        if action in ("wrap", "new_page"):
            return turn is not None
        if action == "newer":
            return bool(self._active_model.newer_message())
        if action == "stop":
            return bool(self.transcript.generating) or self.focused is not self.composer
        if action not in _NEED_TURN:
            return True
        if turn is None or turn.deleted:
            return False
        if action in ("bits", "inspect"):
            has_text = bool(turn.chosen.text) and not turn.generating
            return has_text and self._active_model.model is not None
        return True

    async def action_transcript(self, action: str) -> None:
        """Run an action of the transcript as if the focus was there."""
        await self.transcript.run_action(action)

    def action_stop(self) -> None:
        if turn := self.transcript.generating:
            turn.stop()
        else:
            self.set_focus(self.composer)

    def action_again(self) -> None:
        """Generate from the same request with another seed."""
        if turn := self.transcript.current:
            self.generate(replace(turn.request, seed=fresh_seed()), turn.origin)

    def action_repeat(self) -> None:
        """Generate from the same prompt and seed with the current settings."""
        if turn := self.transcript.current:
            seed = turn.request.seed_for(turn.chosen.number)
            request = self._request_after(turn, turn.request.raw_prompt)
            same = turn.request.conversation, turn.request.rival
            request = replace(request, seed=seed, conversation=same[0], rival=same[1])
            self.generate(request, turn.origin)

    def action_continue(self) -> None:
        """Make the chosen text longer, in a new turn if its own state cannot continue."""
        turn = self.transcript.current
        if turn is None:
            return
        if turn.chosen.can_continue:
            turn.continue_(self.panel.sampling, self.panel.length, self.panel.pace)
            self.transcript.post_message(Transcript.Changed())
        elif model := self._active_model.model:
            request = replace(self._request_after(turn, turn.chosen.full_text), candidate_count=1)
            self.generate(request, f"continued by {model.checkpoint_ref}")

    def _request_after(self, turn: Turn, prompt: str) -> GenerationRequest:
        """Return a request with the current settings that first reads what ``turn`` read."""
        request, context = self.panel.request(prompt), turn.request.context
        return replace(request, context=context, ending=request.job_ending, conversation=None)

    def action_prompt(self) -> None:
        if turn := self.transcript.current:
            self.composer.set_text(turn.request.raw_prompt)
            self.set_focus(self.composer)

    def action_pin(self) -> None:
        """Use the seed of the chosen text for new texts."""
        if turn := self.transcript.current:
            seed = turn.request.seed_for(turn.chosen.number)
            self.panel.load(replace(self.panel.request(), seed=seed))

    @work(exclusive=True, group="surprise")
    async def action_bits(self) -> None:
        """Show or hide what each character of the current text cost the model in use."""
        turn, model = self.transcript.current, self._active_model.model
        showing = [other for other in self.query(Turn) if other.showing_surprise]
        for other in showing:  # one at a time: a trace takes memory
            await other.hide_surprise()
        if turn and model and turn not in showing:
            await turn.show_surprise(model)

    def on_surprise_view_branched(self, event: "SurpriseView.Branched") -> None:
        """Continue from a position of the text with another character."""
        from charloom.tui.widgets.token_readout import char_label

        turn, position = self.transcript.current, event.position
        if turn is None or self._active_model.model is None:
            return
        text = turn.chosen.full_text
        request = replace(
            self._request_after(turn, text[:position] + event.character),
            candidate_count=1,
            seed=turn.request.seed_for(turn.chosen.number),
        )
        before = single_line(
            text[max(0, position - _ORIGIN_CHARACTERS) : position], _ORIGIN_CHARACTERS
        )
        self.set_focus(self.composer)
        self.action_bits()
        new, old = char_label(event.character), char_label(text[position])
        self.generate(request, f"branches after …{before} with {new}, not {old}")

    def action_wrap(self) -> None:
        self.transcript.set_raw(not self.transcript.raw)

    def action_inspect(self) -> None:
        """Open the inspector on the chosen text."""
        turn, model = self.transcript.current, self._active_model.model
        if turn and model:
            self.post_message(OpenInspector(model, turn.chosen.full_text))

    def can_view_entire(self, widget: Widget) -> bool:
        """Keep the scroll position when a turn that is partly in view gets the focus."""
        in_view = isinstance(widget, Turn) and self.can_view_partial(widget)
        return in_view or super().can_view_entire(widget)
