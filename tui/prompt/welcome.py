"""What an empty page says: what this is, and what Enter does."""

from textual.content import Content
from textual.widgets import Static

from charloom.tui.formatting.content import safe_line

_LONGEST = 40


class WelcomeText(Static):
    """At the first meeting in a few lines, later in one."""

    DEFAULT_CSS = """
    WelcomeText { max-width: 72; padding: 1 2; color: $text-muted; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._greeted = "", False

    def greet(self, name: str, *, first: bool) -> None:
        """Show the lines for the model ``name``."""
        if (name, first) == self._greeted:
            return
        self._greeted = name, first
        who = safe_line(name, _LONGEST, "bold $primary")
        if not first:
            told = Content.assemble(
                *("Write a beginning, and press ", ("Enter", "$accent")),
                *(": ", who, " goes on from it."),
            )
        else:
            told = Content.assemble(
                ("Good to have you here.\n\n", "bold $foreground"),
                who,
                " is a small network that has read one text, character by character, and now "
                "writes by itself: it weighs what may come next, draws one, and reads it back.\n\n",
                "Below stands a beginning. Press ",
                ("Enter", "bold $accent"),
                " and watch it go on. ",
                ("Esc", "$accent"),
                " stops it; what is beside the text changes how it writes, even while it does. ",
                ("F6", "$accent"),
                " shows how all of it works.",
            )
        self.update(told)
