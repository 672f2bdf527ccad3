"""The text of an empty page."""

from textual.content import Content
from textual.widgets import Static

from charloom.tui.formatting.content import safe_line

_MAX_NAME_CHARACTERS = 40


class WelcomeText(Static):
    """An introduction at the first start, later one line."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._welcomed = "", False

    def welcome(self, model_name: str, *, first: bool) -> None:
        """Show the text for a model; ``first`` shows the introduction."""
        if (model_name, first) == self._welcomed:
            return
        self._welcomed = model_name, first
        name = safe_line(model_name, _MAX_NAME_CHARACTERS, "bold $primary")
        if not first:
            content = Content.assemble(
                *("Write a beginning, and press ", ("Enter", "$accent")),
                *(": ", name, " continues it."),
            )
        else:
            content = Content.assemble(
                ("Welcome to Charloom.\n\n", "bold $foreground"),
                name,
                " is a small network that was trained on one text, character by character. It "
                "writes by predicting the next character, sampling one, and reading it back.\n\n",
                "The prompt below is ready. Press ",
                ("Enter", "bold $accent"),
                " and watch the model continue it. ",
                ("Esc", "$accent"),
                " stops it; the settings in the panel change how it writes, even while it does. ",
                ("F6", "$accent"),
                " shows how it all works.",
            )
        self.update(content)
