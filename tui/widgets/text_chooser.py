"""The ways to name a text to train on: known ones, files, those of late, and pasting one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, DirectoryTree, OptionList, Static, TabbedContent, TabPane, Tabs
from textual.widgets.directory_tree import DirEntry
from textual.widgets.option_list import Option
from textual.widgets.tree import TreeNode

from charloom.core.data import catalog
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_line
from charloom.tui.services.text_source import TextKind, TextSource
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from charloom.tui.widgets.option_list import PlainOptionList

_NONE_YET = "Nothing yet: the texts you train on are listed here, to be used again."


class SafeDirectoryTree(DirectoryTree):
    """Textual's tree of a folder, without hidden files, and with names that cannot act."""

    DEFAULT_CSS = """
    SafeDirectoryTree {
        background: $background;
        padding: 0;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;  /* right and left go to the other texts, however long a name is */
    }
    """

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """Leave out what is hidden."""
        return (path for path in paths if not path.name.startswith("."))

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """Return how a file's name is shown."""
        assert node.data is not None
        path = node.data.path
        name = str(path) if node.is_root else path.name
        mark = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        return Text.assemble((mark, base_style), (single_line(name, _LONGEST), style))


class TextChooser(Vertical):
    """Four ways, a tab each; says which text was chosen. The texts of late are given to it."""

    DEFAULT_CSS = """
    TextChooser {
        TabbedContent { height: 1fr; }
        TabPane { padding: 1 0 0 0; }
        PlainOptionList { height: 1fr; }
        .hint { color: $text-muted; margin: 0 1 1 1; }
        SafeInput { margin-bottom: 1; }
        Button { margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", "Other texts", show=False),
        Binding("right", "turn(1)", "Other texts", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """The person has chosen a text."""

        source: TextSource

    def __init__(self, recent: Iterable[str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._recent = [TextSource.from_recent(text) for text in recent]

    def compose(self) -> ComposeResult:
        """Lay out the four tabs."""
        with TabbedContent():
            with TabPane("Known texts", id="known"):
                yield PlainOptionList(*map(_known, catalog.ENTRIES))
            with TabPane("A file", id="file"):
                yield SafeInput(placeholder="path of a text file: type or paste it", id="path")
                yield SafeDirectoryTree(_here())
            with TabPane("Recent", id="recent"):
                if self._recent:
                    yield PlainOptionList(*(Option(safe_line(s.label, 200)) for s in self._recent))
                else:
                    yield Static(_NONE_YET, classes="hint", markup=False)
            with TabPane("Paste", id="paste"):
                yield SafeTextArea(placeholder="Paste or write a text here, then Tab and Enter.")
                yield Button("Use this text", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin among the known texts."""
        self.query_one("#known OptionList").focus()

    def action_turn(self, by: int) -> None:
        """Go to the tab before or after."""
        tabs, panes = self.query_one(TabbedContent), [str(pane.id) for pane in self.query(TabPane)]
        tabs.active = panes[(panes.index(tabs.active) + by) % len(panes)]
        self.focus_inside()

    def focus_inside(self) -> None:
        """Put the focus on what the tab is for, at once: the next key may be waiting already."""
        inside = self.query_one(f"#{self.query_one(TabbedContent).active}")
        places = [each for each in inside.walk_children(Widget) if each.focusable]
        trees = [
            each for each in places if isinstance(each, SafeDirectoryTree)
        ]  # rather than the field
        self.screen.set_focus((trees or places or [self.query_one(Tabs)])[0])

    def on_paste(self, event: events.Paste) -> None:
        """Take a path that is pasted over the tree of files."""
        if self.query_one(TabbedContent).active == "file":
            event.stop()
            field = self.query_one("#path", SafeInput)
            field.value = event.text
            field.focus()

    def show_known(self) -> None:
        """Show anew which known texts are at hand."""
        known = self.query_one("#known OptionList", OptionList)
        for index, entry in enumerate(catalog.ENTRIES):
            known.replace_option_prompt_at_index(index, _known(entry).prompt)

    @on(OptionList.OptionSelected)
    def choose_listed(self, event: OptionList.OptionSelected) -> None:
        """Choose a known text, or one of late."""
        if event.option_id is None:
            self.post_message(self.Chosen(self._recent[event.option_index]))
        else:
            self.post_message(self.Chosen(TextSource(TextKind.KNOWN, event.option_id)))

    @on(SafeDirectoryTree.FileSelected)
    def choose_file(self, event: SafeDirectoryTree.FileSelected) -> None:
        """Choose a file of the tree."""
        self.post_message(self.Chosen(TextSource(TextKind.FILE, str(event.path))))

    @on(SafeInput.Submitted, "#path")
    def choose_path(self, event: SafeInput.Submitted) -> None:
        """Choose a file by its path; show what is in a folder."""
        if not event.value.strip():
            return
        source = TextSource(TextKind.FILE, event.value.strip())
        if source.path.is_dir():
            self.query_one(SafeDirectoryTree).path = source.path
        self.post_message(self.Chosen(source))

    @on(Button.Pressed)
    def choose_pasted(self) -> None:
        """Choose what was pasted."""
        self.post_message(
            self.Chosen(TextSource(TextKind.PASTED, self.query_one(SafeTextArea).text))
        )


def _known(entry: catalog.CatalogEntry) -> Option:
    """Return a line of the catalog."""
    where = "here" if catalog.cached(entry.name) else ("download", "$text-muted")
    line = Content.assemble(
        f"{single_line(entry.title, 31):<31}  ",
        (f"{single_line(entry.author, 20):<20}  ", "$text-muted"),
        (f"{_kind(entry):<13}", "$text-muted"),
        where,
    )
    return Option(line, id=entry.name)


def _kind(entry: catalog.CatalogEntry) -> str:
    """Return what sort of text it is, with its language when that is not the usual one."""
    return entry.kind if entry.language in ("English", "Python") else entry.language


def _here() -> Path:
    """Return the current folder; the home folder where that is gone."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


_LONGEST = 120  # characters of a name
