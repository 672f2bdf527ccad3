"""The library: what was written, and the models that wrote it."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget

from charloom.tui.library.generations_pane import GenerationsPane
from charloom.tui.library.models_pane import ModelsPane
from charloom.tui.services.app_services import AppServices
from charloom.tui.widgets.base_screen import BaseScreen

_LOOK_SECONDS = 2.0  # how often to look what others have changed
_HALVES = {"writings": ("w", "Writings"), "models": ("m", "Models")}


class LibraryScreen(BaseScreen):
    """Two halves, of which one is in sight; only that one looks for what changes."""

    TITLE = "Library"
    CSS_PATH = "screen.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as in Screen
    HELP = """
**Writings** (`w`) has everything that models wrote, favorites with a ★. Type after `/` to search
prompts, texts, tags and notes; `f` lists the favorites only. `Enter` goes on from a text in Prompt,
with its exact settings. `r` has the same checkpoint write it again and compares character by
character. What was deleted comes back with `z`.

**Models** (`m`) has what was trained here, and the model that comes with Charloom. `Tab` goes to
the checkpoints of the one that is highlighted; `Enter` talks with the checkpoint under the cursor.
Pinned checkpoints, the best and the newest are never thinned. Losses are in nats per character,
on text that was not learned.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "go('writings')", "Writings", show=False, tooltip="What models wrote"),
        Binding("m", "go('models')", "Models", show=False, tooltip="What was trained"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._halves: dict[str, GenerationsPane | ModelsPane] = {
            "writings": GenerationsPane(services),
            "models": ModelsPane(services),
        }
        self._here = "writings"
        self._looking: Timer

    def body(self) -> Iterator[Widget]:
        """Yield the two halves."""
        yield from self._halves.values()

    def on_mount(self) -> None:
        """Begin with what was written."""
        self._looking = self.set_interval(_LOOK_SECONDS, self.look, pause=True)
        self.action_go(self._here)

    @property
    def half(self) -> GenerationsPane | ModelsPane:
        """The half in sight."""
        return self._halves[self._here]

    def look(self) -> None:
        """Show in the half in sight what has changed."""
        self.half.look()

    def action_go(self, name: str) -> None:
        """Show one half, and be there."""
        self.half.leave()
        self._here = name
        for each, half in self._halves.items():
            half.display = each == name
        self.half.enter()
        self.tell_context(_switch(name))

    def on_screen_resume(self) -> None:
        """Look at what has changed while something else was in sight, and from now on."""
        self.look()
        self._looking.resume()

    def on_screen_suspend(self) -> None:
        """Look no longer; another room, unlike a dialog, ends what was begun here."""
        self._looking.pause()
        if self.app.current_mode != "library":
            self.half.leave()

    def on_runs_changed(self) -> None:
        """Show what is being trained."""
        super().on_runs_changed()
        if self._here == "models":
            self.query_one(ModelsPane).show()


def _switch(here: str) -> Content:
    """Return the names of the halves, each with its key, to be clicked; brackets where one is."""
    names = []
    for name, (key, title) in _HALVES.items():
        shown = f"[{title}]" if name == here else f" {title} "
        piece = Content.assemble((key, "$accent"), " ", (shown, "bold" if name == here else ""))
        names.append(piece.stylize(Style.from_meta({"@click": f"screen.go({name!r})"})))
    return Content("  ").join(names)
