"""The screen of the command palette."""

import unicodedata
from functools import cache

from textual.command import Command, CommandInput, CommandList, CommandPalette
from textual.widgets import Input

_PLACEHOLDER = "Find actions, models, runs, favorites, texts, settings, help"
_MARKS = range(0x300, 0x20000)  # where marks of letters are


class Palette(CommandPalette):
    """Textual's palette, whose Enter runs the best command for what was typed.

    Textual would run what it found for fewer letters, if Enter comes before the search has ended.
    """

    _is_found = False  # what the list shows is for all that was typed
    _is_entered = False

    def __init__(self) -> None:
        super().__init__(placeholder=_PLACEHOLDER)

    def on_mount(self) -> None:
        # Textual would write pasted control characters to the terminal.
        self.query_one(CommandInput).restrict = _palette_input()

    def on_input_changed(self) -> None:
        self._is_found = self._is_entered = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not self._is_found:
            event.prevent_default()
            event.stop()
            self._is_entered = True

    def _refresh_command_list(
        self, command_list: CommandList, commands: list[Command], clear_current: bool
    ) -> None:
        super()._refresh_command_list(command_list, commands, clear_current)
        self._is_found = True
        if self._is_entered:
            command_list.action_select()


@cache
def _palette_input() -> str:
    """Return a pattern of letters, digits and their marks: no control characters, no markup."""
    marks = "".join(c for c in map(chr, _MARKS) if unicodedata.category(c).startswith("M"))
    return rf"[\w ,.’'{marks}-]*"
