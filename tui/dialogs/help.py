"""Help: what can be done where the person is, and with which keys. It is read over any screen."""

from collections.abc import Iterable
from typing import Any, ClassVar

from rich.table import Table
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from charloom.tui.dialogs.key_bindings import KeyAction, active_key_actions
from charloom.tui.widgets.action_bar import ActionBar, key_hints

_ON_EVERY_SCREEN = {each.action for each in Screen.BINDINGS if isinstance(each, Binding)}
_HERE, _EVERYWHERE = "Keys on this screen", "Keys everywhere"
_FOCUSED = "Keys of what has the focus"
_KEY_COLUMNS = 14


class HelpScreen(ModalScreen[None]):
    """Shows the help of ``screen`` as it is now: of itself, of what is focused, and of the keys."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark", "dismiss", "Close", show=False, tooltip="Back to work")
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._title, self._about = screen.title or "", screen.HELP or ""
        focused = screen.focused
        self._control = (focused and focused.HELP) or ""
        self._groups: dict[str, list[KeyAction]] = {_HERE: [], _EVERYWHERE: [], _FOCUSED: []}
        for deed in active_key_actions(screen):
            if isinstance(deed.node, App) or deed.action in _ON_EVERY_SCREEN:
                place = _EVERYWHERE
            elif deed.node is focused or not (deed.tooltip or deed.node is screen):
                place = _FOCUSED
            else:
                place = _HERE
            self._groups[place].append(deed)

    def compose(self) -> ComposeResult:
        """Lay out the sentences over the keys."""
        with VerticalGroup() as frame:
            frame.border_title = f"Help · {self._title}" if self._title else "Help"
            with VerticalScroll():
                if self._about:
                    from textual.widgets import Markdown  # deferred: it takes a while to import

                    yield Markdown(self._about, open_links=False)
                if self._control:
                    yield Static("What has the focus", classes="heading", markup=False)
                    yield Static(self._control, id="control", markup=False)
                for place, found in self._groups.items():
                    if found:
                        yield Static(place, classes="heading", markup=False)
                        yield KeyTable(found)
            yield ActionBar([("↑↓", "scroll", ""), *key_hints(self)])


class KeyTable(Static):
    """A table of keys: which they are, what they do, and a word on it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--tooltip"}
    DEFAULT_CSS = """
    KeyTable {
        .keys--key { color: $accent; }
        .keys--tooltip { color: $text-muted; }
    }
    """

    def __init__(self, found: Iterable[KeyAction]) -> None:
        super().__init__(markup=False)
        self.deeds = tuple(found)

    def on_mount(self) -> None:
        """Fill the table: its styles are known by now."""
        table = Table.grid(padding=(0, 2), expand=True)
        key, tooltip = map(self.get_component_rich_style, ("keys--key", "keys--tooltip"))
        table.add_column(style=key, width=_KEY_COLUMNS)
        table.add_column(ratio=2)
        table.add_column(style=tooltip, ratio=3)
        for each in self.deeds:
            table.add_row(" ".join(each.keys), each.title, each.tooltip)
        self.update(table)
