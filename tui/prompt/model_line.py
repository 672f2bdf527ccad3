"""The model that writes, in two lines; Enter or a click chooses another."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from charloom.tui.formatting.content import safe_content, safe_line

_LONGEST = 60


class ActiveModelLabel(Static, can_focus=True):
    """``NAME@best`` over what is known of it, or over what is wrong with it."""

    DEFAULT_CSS = """
    ActiveModelLabel {
        height: 2;
        padding: 0 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:hover, &:focus { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "screen.choose_model", "Choose another model", show=False)
    ]
    HELP = "Enter chooses another model."

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tooltip = "Choose another model (ctrl+o)"
        self._told = "", ""

    def tell(self, address: str, known: str) -> None:
        """Show which model it is, and what is known of it."""
        if (address, known) == self._told:
            return
        self._told = address, known
        change = Content.styled("▾ ", "$accent")
        told = safe_content(known, "$text-muted")
        self.update(Content("\n").join([change + safe_line(address, _LONGEST, "bold"), told]))

    async def on_click(self) -> None:
        """Choose another."""
        await self.run_action("screen.choose_model")
