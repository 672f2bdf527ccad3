"""What can be done with a text on the page, by key, by mouse, and from the command palette."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from charloom.core.sampling.config import fresh_seed
from charloom.core.sanitize import single_line
from charloom.tui.messages import OpenInspector
from charloom.tui.prompt.active_model import ActiveModel
from charloom.tui.prompt.composer_bar import ComposerBar
from charloom.tui.prompt.panel import SidePanel
from charloom.tui.prompt.transcript import Transcript
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.turn_footer import OFFERED
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.widgets.base_screen import BaseScreen

if TYPE_CHECKING:
    from charloom.tui.prompt.surprise_view import SurpriseView

_TAIL = 24  # characters before a branch that are told


def binding(keys: str, action: str, description: str, tooltip: str) -> Binding:
    """Return a key for an action of this screen, wherever the focus is."""
    return Binding(keys, f"screen.{action}", description, show=False, tooltip=tooltip)


class TurnActionsScreen(BaseScreen):
    """Acts on the current turn of its transcript. Subclasses lay everything out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("escape", "stop", "Stop", "End the text where it is, or go back to writing"),
        binding("ctrl+s", "star", "Star", "Make the text a favorite, or no longer one"),
        binding("ctrl+r", "again", "Again", "The same prompt and settings, another seed"),
        binding("ctrl+g", "go_on", "Go on", "Let the text become longer"),
        binding("ctrl+t", "retry", "Retry", "The same prompt and seed, with the settings here"),
        binding("alt+e", "edit", "Edit", "Have the prompt back, to change it"),
        binding("alt+c", "copy", "Copy", "Copy prompt and text"),
        binding("alt+d", "delete", "Delete", "Off the page and out of the library"),
        binding("alt+z,ctrl+z", "undo", "Bring back", "Bring back what was deleted last"),
        binding("alt+p", "pin", "Pin the seed", "Let every text begin with this one's seed"),
        binding("alt+k", "keep", "Keep", "Try again to have the text in the library"),
        binding("alt+v", "surprise", "Surprise", "Show what each character cost the model"),
        binding("alt+i", "inside", "Look inside", "See what every unit did as the text was read"),
        binding("ctrl+up", "go(-1)", "Text above", "Go to the text above"),
        binding("ctrl+down", "go(1)", "Text below", "Go to the text below"),
        binding("ctrl+end", "follow", "To the end", "Follow what is being written"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._speaker = ActiveModel(self.services.runs)
        self.transcript = Transcript()
        self.desk = ComposerBar()
        self.composer = self.desk.composer
        self.controls = SidePanel(self.services.preferences)

    def write(self, typed: str, like: GenerationRequest, origin: str = "") -> object:
        """Begin a turn that goes on from ``typed`` and is otherwise as ``like``."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Offer what can be done with the current turn, if there is one."""
        turn = self.transcript.current
        if action == "undo":
            return self.transcript.deleted is not None
        if action == "newer":
            return bool(self._speaker.newer())
        if action not in OFFERED:
            return True
        if turn is None or turn.deleted:
            return False
        if action in ("surprise", "inside"):
            return bool(turn.chosen.text) and not turn.writing and self._speaker.voice is not None
        return action != "keep" or (bool(turn.chosen.fault) and not turn.writing)

    def action_stop(self) -> None:
        """End the text where it is; where none is written, go back to the composer."""
        if turn := self.transcript.writing:
            turn.stop()
        else:
            self.composer.focus()

    def action_star(self) -> None:
        """Make the current text a favorite, or no longer one."""
        self.transcript.star()

    def action_again(self) -> None:
        """Have the same prompt gone on with in another way."""
        if turn := self.transcript.current:
            self.write(turn.brief.raw_prompt, replace(turn.brief, seed=fresh_seed()), turn.origin)

    def action_retry(self) -> None:
        """Have the same prompt gone on with from the same seed, with the settings as they are."""
        if turn := self.transcript.current:
            like = replace(self.controls.brief(), seed=turn.brief.seed_for(turn.chosen.number))
            self.write(turn.brief.raw_prompt, like, turn.origin)

    def action_go_on(self) -> None:
        """Let the current text become longer; what cannot is gone on with in a new one."""
        turn = self.transcript.current
        if turn is None:
            return
        if turn.chosen.can_continue:
            turn.go_on(self.controls.settings, self.controls.length)
            self.transcript.post_message(Transcript.Moved())
        elif self._speaker.voice:
            origin = f"goes on with {self._speaker.voice.checkpoint_ref}"
            self.write(turn.chosen.whole, replace(self.controls.brief(), candidate_count=1), origin)

    def action_edit(self) -> None:
        """Have the prompt back in the composer."""
        if turn := self.transcript.current:
            self.composer.put(turn.brief.raw_prompt)
            self.composer.focus()

    def action_copy(self) -> None:
        """Copy prompt and text."""
        if turn := self.transcript.current:
            whole = turn.chosen.whole
            self.app.copy_to_clipboard(whole)
            self.notify(f"{len(whole):,} characters are in the clipboard.")

    def action_delete(self) -> None:
        """Take the current turn off the page and out of the library."""
        self.transcript.delete()

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        self.transcript.undo()

    def action_keep(self) -> None:
        """Try again to have the current text in the library."""
        if turn := self.transcript.current:
            self.transcript.keep(turn, turn.chosen)

    def action_pin(self) -> None:
        """Have every text begin with the seed of the current one."""
        if turn := self.transcript.current:
            self.controls.pin(turn.brief.seed_for(turn.chosen.number))

    @work(exclusive=True, group="surprise")
    async def action_surprise(self) -> None:
        """Show what each character of the current text cost the model in use, or no longer."""
        turn, voice = self.transcript.current, self._speaker.voice
        shown = [each for each in self.query(Turn) if each.surprising]
        for each in shown:  # one at a time: what is kept of a reading takes memory
            await each.hide_surprise()
        if turn and voice and turn not in shown:
            await turn.show_surprise(voice)

    def on_surprise_view_branched(self, event: "SurpriseView.Branched") -> None:
        """Let the model go on from a place in the text with another character than was there."""
        from charloom.tui.widgets.token_readout import char_label

        turn, voice = self.transcript.current, self._speaker.voice
        if turn is None or voice is None:
            return
        whole, at = turn.chosen.whole, event.position
        seed = turn.brief.seed_for(turn.chosen.number)
        like = replace(self.controls.brief(), candidate_count=1, seed=seed)
        tail = single_line(whole[max(0, at - _TAIL) : at], _TAIL)
        chosen, stood = (char_label(each) for each in (event.character, whole[at]))
        self.composer.focus()
        self.action_surprise()
        origin = f"branches after …{tail} with {chosen}, not {stood}"
        self.write(whole[:at] + event.character, like, origin)

    def action_inside(self) -> None:
        """See what every unit of the network did as it read the current text."""
        turn, voice = self.transcript.current, self._speaker.voice
        if turn and voice:
            self.post_message(OpenInspector(voice, turn.chosen.whole))

    def action_pick(self, by: int) -> None:
        """Choose the candidate before, or the next."""
        if turn := self.transcript.current:
            turn.pick(by)

    def action_go(self, by: int) -> None:
        """Go to the text above, or below."""
        self.transcript.go(by)

    def action_follow(self) -> None:
        """Go to the end, and follow it."""
        self.transcript.follow()

    def can_view_entire(self, widget: Widget) -> bool:
        """Leave the page where it is when a turn that is in sight gets the focus."""
        in_sight = isinstance(widget, Turn) and self.can_view_partial(widget)
        return in_sight or super().can_view_entire(widget)
