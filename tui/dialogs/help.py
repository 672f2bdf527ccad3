"""Help for the current screen: what it is for, its focused control, and all active keys."""

from collections.abc import Iterable
from typing import Any, ClassVar

from rich.table import Table
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.screen import Screen
from textual.widgets import Static

from charloom.tui.dialogs.basic import DismissibleScreen
from charloom.tui.dialogs.key_bindings import KeyAction, active_key_actions
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.finding import FindableText
from charloom.tui.widgets.keys import key_binding

_ON_EVERY_SCREEN = {binding.action for binding in Screen.BINDINGS if isinstance(binding, Binding)}
_HERE, _EVERYWHERE = "Keys on this screen", "Keys everywhere"
_FOCUSED = "Keys of the focused control"
_KEY_COLUMNS = 14


class HelpScreen(DismissibleScreen[None]):
    """Help for ``screen`` in its present state."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "FindableText"
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("help.close", "Close", "Back to work", action="dismiss", keys="escape"),
        key_binding("help.help", "Close", action="dismiss"),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._title = screen.title or ""
        self._screen_help = with_keys(screen.app, screen.HELP or "")
        focused = screen.focused
        self._control_help = with_keys(screen.app, (focused and focused.HELP) or "")
        self._groups: dict[str, list[KeyAction]] = {_HERE: [], _EVERYWHERE: [], _FOCUSED: []}
        for action in active_key_actions(screen):
            if isinstance(action.node, App) or action.action in _ON_EVERY_SCREEN:
                heading = _EVERYWHERE
            elif action.node is focused or not (action.tooltip or action.node is screen):
                heading = _FOCUSED
            else:
                heading = _HERE
            self._groups[heading].append(action)

    def compose(self) -> ComposeResult:
        with VerticalGroup() as frame:
            frame.border_title = f"Help · {self._title}" if self._title else "Help"
            with FindableText():
                if self._screen_help:
                    from textual.widgets import Markdown  # deferred: it takes a while to import

                    yield Markdown(self._screen_help, open_links=False)
                if self._control_help:
                    yield Static("Focused control", classes="heading", markup=False)
                    yield Static(self._control_help, id="control", markup=False)
                for heading, actions in self._groups.items():
                    if actions:
                        yield Static(heading, classes="heading", markup=False)
                        yield KeyTable(actions)
            yield ActionBar([("↑↓", "scroll", ""), ("{list.find|/}", "find", ""), *key_hints(self)])


class KeyTable(Static):
    """A table of actions: keys, title, tooltip."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--tooltip"}

    def __init__(self, actions: Iterable[KeyAction]) -> None:
        super().__init__(markup=False)
        self.actions = tuple(actions)

    def render(self) -> Table:  # on mount, the background is not known yet
        table = Table.grid(padding=(0, 2), expand=True)
        key, tooltip = map(self.get_component_rich_style, ("keys--key", "keys--tooltip"))
        table.add_column(style=key, width=_KEY_COLUMNS)
        table.add_column(ratio=2)
        table.add_column(style=tooltip, ratio=3)
        for action in self.actions:
            table.add_row(" ".join(action.keys), action.title, action.tooltip)
        return table
