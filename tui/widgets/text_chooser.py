"""Choose a text: from the catalog, a file, the recent texts, or by pasting."""

from collections.abc import Iterable, Iterator
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
from charloom.tui.formatting.content import pad_line, safe_line
from charloom.tui.services.text_source import TextKind, TextSource, dropped_paths, quote_paths
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from charloom.tui.widgets.option_list import PlainOptionList

_NO_RECENT = "No texts yet. Texts that you train on are listed here."
_MAX_NAME = 120  # characters
_DOWNLOAD, _GAP = "download", "  "
_MIN_AUTHOR = 12  # columns
_UNTYPED = ("space", "question_mark")  # keys of trees, buttons and the app


class SafeDirectoryTree(DirectoryTree):
    """A DirectoryTree without hidden files and with sanitized names."""

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return (path for path in paths if not path.name.startswith("."))

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        assert node.data is not None
        path = node.data.path
        name = str(path) if node.is_root else path.name
        mark = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        return Text.assemble((mark, base_style), (single_line(name, _MAX_NAME), style))


class TextChooser(Vertical):
    """Four tabs to choose a text from; ``recent`` lists the recent ones."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "switch_tab(-1)", "Previous tab", show=False),
        Binding("right", "switch_tab(1)", "Next tab", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """The user chose a text."""

        source: TextSource

    def __init__(self, recent: Iterable[str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._recent = [TextSource.from_recent(text) for text in recent]

    def compose(self) -> ComposeResult:
        with TabbedContent():
            with TabPane("Known texts", id="known"):
                yield PlainOptionList(*(Option("", id=entry.name) for entry in catalog.ENTRIES))
            with TabPane("A file", id="file"):
                yield SafeInput(
                    placeholder="path of a file or folder", id="path", select_on_focus=False
                )
                yield SafeDirectoryTree(_start_folder())
            with TabPane("Recent", id="recent"):
                if self._recent:
                    yield PlainOptionList(*(Option(safe_line(s.label, 200)) for s in self._recent))
                else:
                    yield Static(_NO_RECENT, classes="hint", markup=False)
            with TabPane("Paste", id="paste"):
                yield SafeTextArea(
                    placeholder="Paste or type a text here, then press Tab and Enter."
                )
                yield Button("Use this text", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#known OptionList").focus()

    def action_switch_tab(self, by: int) -> None:
        tabs, panes = self.query_one(TabbedContent), [str(pane.id) for pane in self.query(TabPane)]
        tabs.active = panes[(panes.index(tabs.active) + by) % len(panes)]
        self.focus_inside()

    def focus_inside(self) -> None:
        """Focus the main widget of the tab at once: the next key may already be queued."""
        pane = self.query_one(f"#{self.query_one(TabbedContent).active}")
        focusable = [widget for widget in pane.walk_children(Widget) if widget.focusable]
        trees = [widget for widget in focusable if isinstance(widget, SafeDirectoryTree)]
        self.screen.set_focus((trees or focusable or [self.query_one(Tabs)])[0])

    def on_key(self, event: events.Key) -> None:
        """Type into the field of the tab, and switch tabs at once: Textual's tabs do it later."""
        in_field = isinstance(self.screen.focused, SafeInput | SafeTextArea)
        if event.key in ("left", "right") and not in_field:
            event.stop()
            self.action_switch_tab(-1 if event.key == "left" else 1)
        elif (
            event.character
            and event.is_printable
            and event.key not in _UNTYPED
            and self._insert(event.character)
        ):
            event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted or dropped next to the fields: a path or a text."""
        if isinstance(self.screen.focused, SafeTextArea):
            return
        tabs, dropped = self.query_one(TabbedContent), dropped_paths(event.text)
        if tabs.active not in ("file", "paste"):
            tabs.active = "file" if dropped else "paste"
        if tabs.active == "file":
            self.query_one("#path", SafeInput).value = ""
        event.stop()
        self._insert(quote_paths(dropped) if tabs.active == "file" and dropped else event.text)

    def _insert(self, text: str) -> bool:
        """Insert ``text`` into the field of the active tab; return whether it has one."""
        active = self.query_one(TabbedContent).active
        if active == "file":
            path = self.query_one("#path", SafeInput)
            self.screen.set_focus(path)
            path.cursor_position = len(path.value)
            path.insert_text_at_cursor(" ".join(text.splitlines()))
        elif active == "paste":
            area = self.query_one(SafeTextArea)
            self.screen.set_focus(area)
            area.insert(text)
        return active in ("file", "paste")

    def update_catalog(self) -> None:
        """Show the texts of the catalog, as wide as they fit, and which are downloaded."""
        texts = self.query_one("#known OptionList", OptionList)
        width = texts.scrollable_content_region.width - 2  # the padding of an option
        for index, line in enumerate(_catalog_lines(width)):
            texts.replace_option_prompt_at_index(index, line)

    def on_resize(self) -> None:
        self.call_after_refresh(self.update_catalog)

    @on(OptionList.OptionSelected)
    def choose_listed(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is None:
            self.post_message(self.Chosen(self._recent[event.option_index]))
        else:
            self.post_message(self.Chosen(TextSource(TextKind.KNOWN, event.option_id)))

    @on(SafeDirectoryTree.FileSelected)
    def choose_file(self, event: SafeDirectoryTree.FileSelected) -> None:
        self.post_message(self.Chosen(TextSource(TextKind.FILE, str(event.path))))

    @on(SafeInput.Submitted, "#path")
    def choose_path(self, event: SafeInput.Submitted) -> None:
        """Choose files and folders by their paths; also open a folder in the tree."""
        value = event.value.strip()
        if not value:
            return
        source = TextSource.from_paths(dropped_paths(value) or [value])
        if source.paths[0].is_dir():
            self.query_one(SafeDirectoryTree).path = source.paths[0]
        self.post_message(self.Chosen(source))

    @on(Button.Pressed)
    def choose_pasted(self) -> None:
        self.post_message(
            self.Chosen(TextSource(TextKind.PASTED, self.query_one(SafeTextArea).text))
        )


def _catalog_lines(width: int) -> Iterator[Content]:
    """Yield a line for each text of the catalog: title, author, kind, and whether it is here."""
    texts = [(entry.title, entry.author, _kind(entry)) for entry in catalog.ENTRIES]
    title, author, kind = (max(map(len, column)) for column in zip(*texts, strict=True))
    room = width - 3 * len(_GAP) - kind - len(_DOWNLOAD)
    author = min(author, max(_MIN_AUTHOR, room // 3, room - title))
    widths = max(1, min(title, room - author)), author, kind
    for entry, cells in zip(catalog.ENTRIES, texts, strict=True):
        head, *others = (
            pad_line(cell, size) + _GAP for cell, size in zip(cells, widths, strict=True)
        )
        availability = "here" if catalog.cached(entry.name) else (_DOWNLOAD, "$text-muted")
        yield Content.assemble(head, ("".join(others), "$text-muted"), availability)


def _kind(entry: catalog.CatalogEntry) -> str:
    """Return the kind of a text, or its language if that is unusual."""
    return entry.kind if entry.language in ("English", "Python") else entry.language


def _start_folder() -> Path:
    """Return the current folder; the home folder if it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()
