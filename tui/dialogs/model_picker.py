"""A dialog to choose a model or one of its checkpoints."""

from collections.abc import Collection, Iterator
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from charloom.core.errors import CharloomError
from charloom.core.library.search import fold
from charloom.core.runs.events import bits
from charloom.core.sanitize import single_line
from charloom.core.store.read import CheckpointInfo, ModelInfo, list_models
from charloom.core.store.ref import CheckpointRef
from charloom.tui.dialogs.basic import Dialog
from charloom.tui.formatting.content import pad_line, safe_content
from charloom.tui.formatting.units import score_note
from charloom.tui.services.background import run_in_background
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.inputs import SafeInput

_FIGURES = f" {'step':>9} {'bits/char':>9} {'MB':>6}  "
_MIN_REF, _MIN_TITLE, _MAX_TITLE = 24, 16, 200  # columns


class ModelPicker(Dialog[CheckpointRef]):
    """Return the chosen checkpoint.

    ``current`` is highlighted at first; ``training`` names the models being trained.
    """

    CSS_PATH: ClassVar[str] = "model_picker.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *Dialog.BINDINGS,
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
    ]

    def __init__(self, current: CheckpointRef | None, training: Collection[str]) -> None:
        super().__init__()
        self._highlighted, self._training = str(current), training
        self._models: tuple[ModelInfo, ...] = ()

    def compose(self) -> ComposeResult:
        with VerticalGroup():
            yield Static("Choose a model", id="title", markup=False)
            yield SafeInput(placeholder="part of a name")
            yield Static("", id="headings", markup=False)
            yield OptionList()
            yield Static("Loading the models …", id="message", markup=False)
            yield ActionBar(
                [
                    ("↑↓", "move", ""),
                    ("enter", "choose", "accept"),
                    *key_hints(self, cursor_up="", cursor_down=""),
                ]
            )

    def on_mount(self) -> None:
        self.query_one(SafeInput).focus()
        self._load()

    @work
    async def _load(self) -> None:
        try:
            self._models = await run_in_background(list_models)
        except CharloomError as error:
            self.query_one("#message", Static).update(safe_content(str(error), "$text-error"))
            return
        self.update_options()

    @on(SafeInput.Changed)
    def update_options(self) -> None:
        """List the models whose names contain the typed text, but for case and accents."""
        typed = fold(self.query_one(SafeInput).value).strip()
        headings, option_list = self.query_one("#headings", Static), self.query_one(OptionList)
        refs = [
            f"{model.name}@{checkpoint.step}"
            for model in self._models
            for checkpoint in model.checkpoints
        ]
        room = headings.size.width - len(_FIGURES)
        width = max(_MIN_REF, min(max(map(len, refs), default=0), room - _MIN_TITLE))
        headings.update(Content.styled(f"{'model':<{width}}{_FIGURES}text", "$text-muted"))
        options = [
            option
            for model in self._models
            if typed in fold(model.name)
            for option in _options(model, model.name in self._training, width)
        ]
        if (option := option_list.highlighted_option) and option.id:
            self._highlighted = option.id
        option_list.clear_options().add_options(options)
        ids = [option.id for option in options]
        if self._highlighted in ids:
            option_list.highlighted = ids.index(self._highlighted)
        else:
            option_list.action_first()
        self.query_one("#message", Static).update("" if options else "No model has this name.")

    @on(SafeInput.Submitted)
    def action_accept(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(CheckpointRef.parse(event.option_id) if event.option_id else None)

    def action_cursor_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_cursor_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()


def _options(model: ModelInfo, training: bool, width: int) -> Iterator[Option]:
    """Yield an option for each checkpoint, first ``@best`` and ``@last``.

    ``width`` is that of the first column.
    """
    if not model.checkpoints:
        line = f"{pad_line(model.name, width)} has no checkpoint yet"
        yield Option(safe_content(line, "$text-muted"), disabled=True)
        return
    named = [("best", model.best), ("last", model.newest)]
    if training or not model.best:
        named.reverse()  # the newest is the interesting one while the model is being trained
    for at, checkpoint in named:
        if checkpoint and (at == "best" or training or checkpoint is not model.best):
            yield _option(model.name, at, checkpoint, training, width)
    steps = {checkpoint.step for _, checkpoint in named if checkpoint}
    for checkpoint in reversed(model.checkpoints):
        if checkpoint.step not in steps:
            yield _option(model.name, str(checkpoint.step), checkpoint, False, width)


def _option(name: str, at: str, checkpoint: CheckpointInfo, training: bool, width: int) -> Option:
    ref = str(CheckpointRef(name, at))
    start = f"{pad_line(ref, width)} "
    if checkpoint.metadata is None:
        error = single_line(checkpoint.error.rpartition(": ")[2], 60)
        return Option(safe_content(f"{start}{error}", "$text-muted"), disabled=True)
    loss = checkpoint.metadata.losses.held_out
    title = single_line(checkpoint.metadata.corpus.title, _MAX_TITLE)
    title += score_note(loss and loss.characters)
    bits_per_char = f"{bits(loss.nats):.2f}" if loss else "–"
    line = Content.assemble(
        start,
        f"{checkpoint.step:>9,} {bits_per_char:>9} {checkpoint.size / 1e6:>6.1f}  ",
        ("● being trained" if training else title, "$success" if training else "$text-muted"),
    )
    return Option(line, id=ref)
