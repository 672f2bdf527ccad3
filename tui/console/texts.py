"""The text that a command is about, opened as a person named it; what was adjusted is told."""

from collections.abc import Mapping
from typing import Any

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.tui.console.options import read_options
from charloom.tui.console.output import download_progress, echo_err

_PARTS = ("start", "end", "encoding")


def open_text(
    text: str, mirror: str | None = None, values: Mapping[str, Any] | None = None
) -> Corpus:
    """Return what ``text`` names, read as the options among ``values`` say."""
    with download_progress() as report:
        corpus = catalog.open_text(
            text,
            mirror=mirror,
            on_progress=report,
            short=True,
            **read_options(dict(values or {})),
        )
    for sentence in corpus.notes:
        echo_err(sentence)
    return corpus


def has_file_options(values: Mapping[str, Any]) -> bool:
    """Whether ``values`` hold what can be said of a file only: how it is read, or a part of it."""
    return any(values[name] for name in _PARTS)
