"""One model: what it is, its checkpoints, and a person's notes about it."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Static

from charloom.core.store.read import CheckpointInfo, ModelInfo
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.units import checkpoint_row, network_summary
from charloom.tui.widgets.data_table import RowTable

_COLUMNS = ">step|>train|>valid.|>carried|>windowed-256|>MB|"
_TITLE = 200  # characters


class ModelView(Container):
    """Shows a model; the cursor stands on one of its checkpoints, at first on the best."""

    DEFAULT_CSS = """
    ModelView {
        #model { color: $text-muted; padding: 0 1; }
        #notes { padding: 0 1; max-width: 88; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._model: ModelInfo | None = None

    def compose(self) -> ComposeResult:
        """Lay out what is known, the checkpoints, and the notes."""
        yield Static("", id="model", markup=False)
        with Container(id="parts"):
            yield RowTable(_COLUMNS, id="checkpoints")
            with VerticalScroll(can_focus=False):
                yield Static("", id="fault", markup=False)
                yield Static("", id="notes", markup=False)

    @property
    def checkpoint(self) -> CheckpointInfo | None:
        """The checkpoint under the cursor."""
        saved = self._model.checkpoints if self._model else ()
        key = self.query_one(RowTable).key
        return next((each for each in saved if str(each.step) == key), None)

    def show(self, model: ModelInfo | None, training: str = "") -> None:
        """Show a model, and how far its training is, or nothing."""
        same = model and self._model and model.name == self._model.name
        self._model = model
        best = str(model.best.step) if model and model.best else None
        saved = model.checkpoints if model else ()
        self.query_one(RowTable).fill(
            {str(each.step): checkpoint_row(model, each) for each in saved if model},
            None if same else best,
        )
        self.query_one("#model", Static).update(_about(model, training) if model else "")
        self.show_fault()

    def show_notes(self, notes: str) -> None:
        """Show what a person wrote about the model."""
        self.query_one("#notes", Static).update(safe_content(notes))

    @on(DataTable.RowHighlighted)
    def show_fault(self) -> None:
        """Say why a damaged checkpoint cannot be used."""
        fault = self.checkpoint.error if self.checkpoint else ""
        self.query_one("#fault", Static).update(safe_content(fault, "$text-error"))
        self.query_one("#fault").display = bool(fault)


def _about(model: ModelInfo, training: str) -> Content:
    whose = " (comes with Charloom)" if model.bundled else f" ({training})" if training else ""
    head = safe_content(model.name, "bold $foreground") + Content(whose)
    card = model.best.metadata if model.best else None
    if card is None:
        none = "none of its checkpoints is sound" if model.checkpoints else "no checkpoint yet"
        return head + Content(f": {none}")
    text = safe_line(f"{card.corpus.title}, {card.corpus.characters:,} characters", _TITLE)
    return Content("\n").join(
        [head + Content(f": {network_summary(card.model.to_json())}"), Content("learned ") + text]
    )
