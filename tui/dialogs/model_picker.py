"""Choosing who writes: every model, and every checkpoint of it that can be used."""

from collections.abc import Collection, Iterator
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from charloom.core.errors import CharloomError
from charloom.core.runs.events import bits
from charloom.core.sanitize import single_line
from charloom.core.store.read import CheckpointInfo, ModelInfo, list_models
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.content import safe_content
from charloom.tui.services.background import run_in_background
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.inputs import SafeInput

_REF, _TITLE = 24, 16  # columns


class ModelPicker(ModalScreen[CheckpointRef | None]):
    """Returns the checkpoint that was chosen, None when it is dismissed.

    ``chosen`` is the one in use, ``trained`` names the models that are being trained now.
    """

    CSS_PATH = "model_picker.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Cancel"),
        Binding("up", "move(-1)", "the one above", show=False),
        Binding("down", "move(1)", "the one below", show=False),
    ]

    def __init__(self, chosen: CheckpointRef | None, trained: Collection[str]) -> None:
        super().__init__()
        self._chosen, self._trained = chosen, trained
        self._models: tuple[ModelInfo, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out what is looked for over what there is."""
        with VerticalGroup():
            yield Static("Who writes?", id="title", markup=False)
            yield SafeInput(placeholder="type a part of a name")
            yield Static(_HEADINGS, id="headings", markup=False)
            yield OptionList()
            yield Static("reading the models …", id="told", markup=False)
            yield ActionBar(
                [("↑↓", "move", ""), ("enter", "choose", "accept"), *key_hints(self, move="")]
            )

    def on_mount(self) -> None:
        """Read what there is."""
        self.query_one(SafeInput).focus()
        self._read()

    @work
    async def _read(self) -> None:
        try:
            self._models = await run_in_background(list_models)
        except CharloomError as error:
            self.query_one("#told", Static).update(safe_content(str(error), "$text-error"))
            return
        self.show()

    @on(SafeInput.Changed)
    def show(self) -> None:
        """List what has the letters that were typed."""
        typed = self.query_one(SafeInput).value.casefold()
        options = [
            option
            for info in self._models
            if typed in info.name.casefold()
            for option in _options(info, info.name in self._trained)
        ]
        listing = self.query_one(OptionList)
        listing.clear_options().add_options(options)
        known = [option.id for option in options]
        chosen = str(self._chosen)
        listing.highlighted = known.index(chosen) if chosen in known else None
        if listing.highlighted is None:
            listing.action_first()
        told = "" if options else "There is no model with such a name."
        self.query_one("#told", Static).update(told)

    @on(SafeInput.Submitted)
    def action_accept(self) -> None:
        """Take the one that is highlighted."""
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Return it."""
        self.dismiss(CheckpointRef.parse(event.option_id) if event.option_id else None)

    def action_move(self, by: int) -> None:
        """Highlight the one above or below."""
        listing = self.query_one(OptionList)
        if by < 0:
            listing.action_cursor_up()
        else:
            listing.action_cursor_down()

    def action_give_up(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


_HEADINGS = Content.styled(
    f"{'model':<{_REF}} {'step':>9} {'bits/char':>9} {'MB':>6}  text", "$text-muted"
)


def _options(info: ModelInfo, trained: bool) -> Iterator[Option]:
    """Yield a line for each checkpoint, those first that have a name of their own."""
    if not info.checkpoints:
        line = f"{single_line(info.name, _REF):<{_REF}} has no checkpoint yet"
        yield Option(safe_content(line, "$text-muted"), disabled=True)
        return
    named = [("best", info.best), ("last", info.newest)]
    if trained or not info.best:
        named.reverse()  # whoever watches a model learn wants what it has learnt
    for which, each in named:
        if each and (which == "best" or trained or each is not info.best):
            yield _option(info.name, which, each, trained)
    shown = {each.step for _, each in named if each}
    for each in reversed(info.checkpoints):
        if each.step not in shown:
            yield _option(info.name, str(each.step), each, False)


def _option(name: str, which: str, each: CheckpointInfo, trained: bool) -> Option:
    ref = str(CheckpointRef(name, which))
    shown = f"{single_line(ref, _REF):<{_REF}} "
    if each.metadata is None:
        fault = single_line(each.error.rpartition(": ")[2], 60)
        return Option(safe_content(f"{shown}{fault}", "$text-muted"), disabled=True)
    loss, title = each.metadata.losses.held_out, single_line(each.metadata.corpus.title, _TITLE)
    figure = "–" if loss is None else f"{bits(loss):.2f}"
    line = Content.assemble(
        shown,
        f"{each.step:>9,} {figure:>9} {each.size / 1e6:>6.1f}  ",
        ("● being trained" if trained else title, "$success" if trained else "$text-muted"),
    )
    return Option(line, id=ref)
