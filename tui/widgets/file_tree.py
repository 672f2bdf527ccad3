"""The files there are, to choose one of."""

from collections.abc import Iterable
from pathlib import Path

from rich.style import Style
from rich.text import Text
from textual.widgets import DirectoryTree
from textual.widgets.directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from charloom.core.sanitize import single_line

_LONGEST = 120  # characters of a name


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
