"""The text of an empty page."""

from typing import Any

from textual.app import App
from textual.content import Content
from textual.widgets import Static

from charloom.core.runs.events import bits
from charloom.tui.formatting.content import safe_line
from charloom.tui.formatting.key_text import with_keys
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
            key = _key(self.app, "{prompt.choose_model|ctrl+o}")
            self.update(Content.assemble("Press ", key, " to choose a model."))
            return
        name = safe_line(model.name, _MAX_NAME_CHARACTERS, "bold $primary")
        own_text = _OWN_TEXT.format("paste" if self.app.is_web else "paste or drop")
        app = self.app
        text = _introduction(app, model, name, offered) if first else _invitation(app, name)
        self.update(text + own_text)


def _key(app: App[Any], text: str) -> tuple[str, str]:
    return with_keys(app, text), "$accent"


def _invitation(app: App[Any], name: Content) -> Content:
    enter = _key(app, "{composer.send|Enter}")
    return Content.assemble("Write a beginning, and press ", enter, ": ", name, " continues it. ")


def _introduction(app: App[Any], model: LoadedModel, name: Content, offered: bool) -> Content:
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
        (with_keys(app, "{composer.send|Enter}"), "bold $accent"),
        " and watch the model continue it. ",
        _key(app, "{prompt.escape|Esc}"),
        " stops it; the settings in the panel apply at once. ",
        _key(app, "{app.tour|F6}"),
        " shows how it all works.\n\n",
    )
