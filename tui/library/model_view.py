"""One model: its network, its checkpoints and the user's notes about it."""

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
_MAX_TITLE_CHARACTERS = 200


class ModelView(Container):
    """Shows a model; the cursor is on one of its checkpoints, at first on the best."""

    def __init__(self) -> None:
        super().__init__()
        self._model: ModelInfo | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="model", markup=False)
        with Container(id="parts"):
            yield RowTable(_COLUMNS, id="checkpoints")
            with VerticalScroll(can_focus=False):
                yield Static("", id="error", markup=False)
                yield Static("", id="notes", markup=False)

    @property
    def checkpoint(self) -> CheckpointInfo | None:
        """The checkpoint under the cursor."""
        checkpoints = self._model.checkpoints if self._model else ()
        key = self.query_one(RowTable).key
        return next((item for item in checkpoints if str(item.step) == key), None)

    def set_model(self, model: ModelInfo | None, training: str = "") -> None:
        """Show a model, or nothing; ``training`` is the status of its run."""
        same = model and self._model and model.name == self._model.name
        self._model = model
        best = str(model.best.step) if model and model.best else None
        checkpoints = model.checkpoints if model else ()
        self.query_one(RowTable).fill(
            {str(item.step): checkpoint_row(model, item) for item in checkpoints if model},
            None if same else best,
        )
        self.query_one("#model", Static).update(_describe(model, training) if model else "")
        self.show_error()

    def set_notes(self, notes: str) -> None:
        self.query_one("#notes", Static).update(safe_content(notes))

    @on(DataTable.RowHighlighted)
    def show_error(self) -> None:
        """Show why the checkpoint under the cursor cannot be used, if it is damaged."""
        error = self.checkpoint.error if self.checkpoint else ""
        self.query_one("#error", Static).update(safe_content(error, "$text-error"))
        self.query_one("#error").display = bool(error)


def _describe(model: ModelInfo, training: str) -> Content:
    note = " (bundled)" if model.bundled else f" ({training})" if training else ""
    head = safe_content(model.name, "bold $foreground") + Content(note)
    metadata = model.best.metadata if model.best else None
    if metadata is None:
        missing = "no usable checkpoint" if model.checkpoints else "no checkpoint yet"
        return head + Content(f": {missing}")
    text = f"{metadata.corpus.title}, {metadata.corpus.characters:,} characters"
    base = safe_content(f"{metadata.base} → " if metadata.base else "")
    return Content("\n").join(
        [
            head + Content(f": {network_summary(metadata.model.to_json())}"),
            base + Content("trained on ") + safe_line(text, _MAX_TITLE_CHARACTERS),
        ]
    )
