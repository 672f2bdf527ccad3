"""The text of an empty page."""

from textual.content import Content
from textual.widgets import Static

from charloom.core.runs.events import bits
from charloom.tui.formatting.content import safe_line
from charloom.tui.formatting.units import as_choice
from charloom.tui.services.model_cache import LoadedModel

_MAX_NAME_CHARACTERS = 40
_OWN_TEXT = "Or {} a text here: a minute later, a model of your own continues your sentence."


class WelcomeText(Static):
    """An introduction at the first start, later one line."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._welcomed: tuple[LoadedModel | None, bool, bool] | None = None

    def welcome(self, model: LoadedModel | None, *, first: bool, offered: bool) -> None:
        """Show the text for a model, or none; ``first`` shows the introduction.

        ``offered`` means that the composer holds the model's own prompt.
        """
        if (model, first, offered) == self._welcomed:
            return
        self._welcomed = model, first, offered
        if model is None:
            self.update(Content.assemble("Press ", ("ctrl+o", "$accent"), " to choose a model."))
            return
        name = safe_line(model.name, _MAX_NAME_CHARACTERS, "bold $primary")
        own_text = _OWN_TEXT.format("paste" if self.app.is_web else "paste or drop")
        text = _introduction(model, name, offered) if first else _invitation(name)
        self.update(text + own_text)


def _invitation(name: Content) -> Content:
    enter = ("Enter", "$accent")
    return Content.assemble("Write a beginning, and press ", enter, ": ", name, " continues it. ")


def _introduction(model: LoadedModel, name: Content, offered: bool) -> Content:
    score = ""
    if loss := model.held_out:
        score = (
            f" Text it has not read surprises it by {bits(loss.nats):.2f} bits per character: "
            f"{as_choice(bits(loss.nats))} each time."
        )
    return Content.assemble(
        ("Welcome to Charloom.\n\n", "bold $foreground"),
        name,
        " is a small network, trained on one text, character by character: it predicts the next "
        f"one, draws it, and reads it back.{score}\n\n",
        "The prompt below is ready. Press " if offered else "Write a beginning below. Press ",
        ("Enter", "bold $accent"),
        " and watch the model continue it. ",
        ("Esc", "$accent"),
        " stops it; the settings in the panel apply at once. ",
        ("F6", "$accent"),
        " shows how it all works.\n\n",
    )
