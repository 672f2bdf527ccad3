"""A line of things that can be done here: each with its key, each a button for the mouse."""

from collections.abc import Iterable, Sequence

from textual import events
from textual.actions import parse
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

_DO = "do"  # where a style keeps the action; Textual would underline its own "@click"


class ActionBar(Static):
    """Shows ``(key, label, action)`` one after the other; a click runs the action.

    ``action`` is in Textual's notation, such as ``screen.star``, or the mere name of one of the
    nearest widget around that has it. Where there is too little room the last ones are left out:
    the command palette has them all.
    """

    DEFAULT_CSS = """
    ActionBar { height: 1; width: 1fr; color: $text-muted; text-wrap: nowrap; }
    """

    def __init__(
        self,
        actions: Sequence[tuple[str, str, str]] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._actions = tuple(actions)

    def show(self, actions: Iterable[tuple[str, str, str]]) -> None:
        """Offer other actions."""
        actions = tuple(actions)
        if actions != self._actions:
            self._actions = actions
            self.refresh(layout=True)

    def render(self) -> Content:
        """Return the line, or as many as there is room for."""
        width, height = self.content_size
        lines: list[list[Content]] = [[]]
        left = width
        for key, label, action in self._actions:
            piece = Content.assemble((key, "$accent"), " ", label)
            if piece.cell_length > left:
                if len(lines) >= height:
                    break
                lines.append([])
                left = width
            lines[-1].append(piece.stylize(Style.from_meta({_DO: action})))
            left -= piece.cell_length + 2
        return Content("\n").join(Content("  ").join(pieces) for pieces in lines)

    async def on_click(self, event: events.Click) -> None:
        """Run what was clicked."""
        if action := event.style.meta.get(_DO):
            _, name, _ = parse(action)
            around = (node for node in self.ancestors if hasattr(node, f"action_{name}"))
            await self.app.run_action(action, next(around, self.app))
