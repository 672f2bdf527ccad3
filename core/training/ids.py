"""Stage 4 for a run: the ids of its text, which are in a mapped file if the text is long.

A character takes one byte, or two if there are more than 256 different ones. Runs with the same
text and vocabulary share the file by hard links; it can be written again at any time.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.spool import MAX_MEMORY_BYTES
from charloom.core.data.text_file import TextFile
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.files import new_file
from charloom.core.runs.run import RunConfig, runs_on
from charloom.core.store.model_dir import ModelDir

Ids = NDArray[np.unsignedinteger]
_CHECKED_PLACES, _CHECKED_CHARACTERS = 64, 4096  # of a file from an earlier trainer


def training_ids(
    folder: ModelDir,
    config: RunConfig,
    text: TextFile,
    vocab: Vocab,
    on_progress: Callable[[int], object] = lambda _size: None,
) -> Ids:
    """Return the ids ``[N]`` of the text of a run. Raises :class:`CharloomError`.

    ``on_progress`` is called with numbers of characters whose ids were written.
    """
    if text.spool.size <= MAX_MEMORY_BYTES:
        return vocab.encode_narrow(str(text))
    if not _are_ids(folder.ids, text, vocab):
        _link(folder, config)
    if not _are_ids(folder.ids, text, vocab):
        _write(folder.ids, text, vocab, on_progress)
    return _mapped(folder.ids, vocab)


def _mapped(path: Path, vocab: Vocab) -> Ids:
    # Copy on write, since PyTorch warns of arrays that cannot be written to.
    return np.memmap(path, vocab.id_type, "c")


def _are_ids(path: Path, text: TextFile, vocab: Vocab) -> bool:
    """Return whether a file has the ids of ``text``: after a power cut, parts may be missing."""
    if not path.is_file() or path.stat().st_size != len(text) * vocab.id_type.itemsize:
        return False
    ids = _mapped(path, vocab)
    places = np.linspace(0, len(text), _CHECKED_PLACES, endpoint=False, dtype=np.int64).tolist()
    return all(
        np.array_equal(
            ids[place : place + _CHECKED_CHARACTERS],
            vocab.encode_narrow(text[place : place + _CHECKED_CHARACTERS]),
        )
        for place in places
    )


def _link(folder: ModelDir, config: RunConfig) -> None:
    """Take over the file of another run with the same text and vocabulary, if there is one."""
    key = config.min_count, config.kept_characters
    for other, other_config in runs_on(config.sha256):
        if (
            other.path != folder.path
            and (other_config.min_count, other_config.kept_characters) == key
        ):
            with suppress(OSError):
                folder.ids.unlink(missing_ok=True)
                os.link(other.ids, folder.ids)
                return


def _write(path: Path, text: TextFile, vocab: Vocab, on_progress: Callable[[int], object]) -> None:
    size = len(text) * vocab.id_type.itemsize
    free = shutil.disk_usage(path.parent).free
    if free < size:
        raise CharloomError(
            f"The ids of the text need {size / 1e6:,.0f} MB in {str(path.parent)!r}, where "
            f"{free / 1e6:,.0f} MB are free; make room there."
        )
    try:
        with new_file(path) as file:
            for piece in text.pieces():
                file.write(vocab.encode_narrow(piece).data)
                on_progress(len(piece))
    except OSError as error:
        raise CharloomError(
            f"The ids of the text cannot be stored in {str(path.parent)!r} ({error.strerror}); "
            "make room there."
        ) from error
