"""The Library screen: generated texts, and models."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.content import Content
from textual.dom import DOMNode
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget

from charloom.tui.formatting.key_text import with_keys
from charloom.tui.library.generations_pane import GenerationsPane
from charloom.tui.library.models_pane import ModelsPane
from charloom.tui.services.app_services import AppServices
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.keys import key_binding

_POLL_SECONDS = 2.0
_PANES = {
    "writings": ("{library.text|w}", "Writings"),
    "models": ("{library.model|m}", "Models"),
}


class LibraryScreen(BaseScreen):
    """Two panes; only the visible one polls for changes."""

    TITLE = "Library"
    CSS_PATH = "screen.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as in Screen
    HELP = """
**Writings** (`{library.text|w}`) lists all generated texts; a ★ marks favorites. Type after
`{texts.find|/}` to search prompts, texts, tags and notes; `{texts.filter|f}` lists favorites only.
`{texts.talk|Enter}` continues a text in Prompt, with its exact settings. `{texts.repeat|R}`
generates it again with the same checkpoint and compares character by character. `{texts.undo|u}`
restores a deleted text, also one deleted in Prompt.

**Models** (`{library.model|m}`) lists the models trained or imported here, and the bundled ones.
`Tab` goes to the checkpoints of the highlighted model; `{models.talk|Enter}` uses the checkpoint
under the cursor in Prompt. Pinned checkpoints, the best and the newest are never deleted
automatically. `{models.undo|u}` restores deleted models and pruned checkpoints until you quit.
Losses are in nats per character, on held-out text.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("library.text", "Writings", "List generated texts", action="go('writings')"),
        key_binding("library.model", "Models", "List models", action="go('models')"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._panes: dict[str, GenerationsPane | ModelsPane] = {
            "writings": GenerationsPane(services),
            "models": ModelsPane(services),
        }
        self._current = "writings"
        self._poll_timer: Timer

    def body(self) -> Iterator[Widget]:
        yield from self._panes.values()

    def on_mount(self) -> None:
        self._poll_timer = self.set_interval(_POLL_SECONDS, self.poll, pause=True)
        self.action_go(self._current)

    def command_nodes(self) -> Iterable[DOMNode]:
        return [self, *self._panes.values()]

    def reveal(self, node: DOMNode) -> None:
        for name, pane in self._panes.items():
            if pane is node:
                self.action_go(name)

    @property
    def pane(self) -> GenerationsPane | ModelsPane:
        """The visible pane."""
        return self._panes[self._current]

    def poll(self) -> None:
        self.pane.poll()

    def action_go(self, name: str) -> None:
        self.pane.leave()
        self._current = name
        for pane_name, pane in self._panes.items():
            pane.display = pane_name == name
        self.pane.enter()
        self.show_context(_tabs(self.app, name))

    def on_screen_resume(self) -> None:
        self.poll()
        self._poll_timer.resume()

    def on_screen_suspend(self) -> None:
        self._poll_timer.pause()
        if self.app.current_mode != "library":  # else a dialog has opened over this screen
            self.pane.leave()

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        if self._current == "models":
            self.query_one(ModelsPane).update_models()


def _tabs(app: App[Any], current: str) -> Content:
    """Return the panes' names to click, each with its key; the current one is in brackets."""
    tabs = []
    for name, (key, title) in _PANES.items():
        label = (f"[{title}]", "bold") if name == current else f" {title} "
        tab = Content.assemble((with_keys(app, key), "$accent"), " ", label)
        tabs.append(tab.stylize(Style.from_meta({"@click": f"screen.go({name!r})"})))
    return Content("  ").join(tabs)
