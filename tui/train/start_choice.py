"""A choice of what a run starts from: scratch, a model, or whichever promises more."""

from contextlib import suppress

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList

from charloom.core.errors import CharloomError
from charloom.core.runs.starting import AUTO, SCRATCH
from charloom.core.store.read import model_names
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.option_row import OptionRow

_MODEL = "a model"
_STARTS = {"auto": AUTO, "scratch": SCRATCH, _MODEL: ""}
_OPTIONS = list(_STARTS)


class StartChoice(Horizontal):
    """The options in a row, and a field for the name of a model; Enter in it starts the run."""

    class Changed(Message):
        """Another option was chosen."""

    DEFAULT_CLASSES = "row"

    def compose(self) -> ComposeResult:
        yield OptionRow("start from", _OPTIONS)
        yield SafeInput(placeholder="name, or name@step", id="base")

    @property
    def is_model(self) -> bool:
        """True if the run starts from a model that the user names."""
        return _OPTIONS[self.query_one(OptionRow).chosen] == _MODEL

    @property
    def base(self) -> str:
        """The start that :func:`create_run` is given.

        If the name of the model is missing, focus its field and raise :class:`CharloomError`.
        """
        start = _STARTS[_OPTIONS[self.query_one(OptionRow).chosen]]
        field = self.query_one(SafeInput)
        if base := start or field.value.strip():
            return base
        field.focus()
        raise CharloomError("Name the model to start from.")

    @on(OptionRow.Changed)
    def show_field(self) -> None:
        field = self.query_one(SafeInput)
        field.display = self.is_model
        if field.display:
            with suppress(CharloomError):  # without suggestions, if the models cannot be listed
                field.suggester = SuggestFromList(model_names(), case_sensitive=False)
        self.post_message(self.Changed())
