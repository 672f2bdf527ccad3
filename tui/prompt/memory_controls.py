"""Choose the text that a model reads before the prompt, and who speaks."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.message import Message

from charloom.core.data.dialogue import PLAIN, Dialogue
from charloom.core.sampling.conversation import Conversation
from charloom.tui.services.preferences import MEMORY_OPTIONS, Preferences
from charloom.tui.widgets.option_row import OptionRow

_HELP = (
    "off: each prompt is read alone. page: the texts above are read first. talk: your line and the "
    "reply are also written as turns of a dialogue, as in the training text."
)


class MemoryControls(VerticalGroup):
    """The memory and, in a dialogue with names, that of the user and that of the model."""

    @dataclass
    class Changed(Message):
        """The user chose another memory."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._memory = OptionRow("memory", MEMORY_OPTIONS, id="memory")
        self._memory.set_options(MEMORY_OPTIONS, MEMORY_OPTIONS.index(preferences.memory))
        self._memory.tooltip = _HELP
        self._user = OptionRow("you are", (), id="user")
        self._model = OptionRow("it is", (), id="model")
        self._dialogue = PLAIN

    def compose(self) -> ComposeResult:
        yield from (self._memory, self._user, self._model)

    def on_mount(self) -> None:
        self.set_dialogue(self._dialogue)

    def set_dialogue(self, dialogue: Dialogue) -> None:
        """Offer the names of ``dialogue``, with those that speak most chosen."""
        self._dialogue = dialogue
        conversation = Conversation.between(dialogue)
        for row, name in ((self._user, conversation.user), (self._model, conversation.model)):
            row.set_options(dialogue.names, dialogue.names.index(name) if name else 0)
        self._show_names()

    @property
    def memory(self) -> str:
        """One of :data:`MEMORY_OPTIONS`."""
        return MEMORY_OPTIONS[self._memory.chosen]

    @property
    def conversation(self) -> Conversation | None:
        """Who speaks; None if prompts are not turns of a dialogue."""
        if self.memory != "talk":
            return None
        if not self._dialogue.names:
            return Conversation(self._dialogue)
        user, model = (self._dialogue.names[row.chosen] for row in (self._user, self._model))
        return Conversation(self._dialogue, user, model)

    @on(OptionRow.Changed)
    def change(self) -> None:
        self._show_names()
        self.post_message(self.Changed())

    def _show_names(self) -> None:
        for row in (self._user, self._model):
            row.display = self.memory == "talk" and bool(self._dialogue.names)
