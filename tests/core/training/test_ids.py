"""The ids of a long text, in a file that runs share."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from charloom.core.data import corpus, spool
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.runs.events import Preparing, from_line
from charloom.core.runs.run import create_run, read_run_config, read_training_corpus
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.write import remove_model
from charloom.core.training import ids
from charloom.core.training import prepare as prepare_module
from charloom.core.training.ids import training_ids
from charloom.core.training.prepare import prepare
from tests.helpers.marks import needs_posix

TEXT = "The sea was grey, and the loom went on; nobody spoke of the letter.\n" * 60


@pytest.fixture(autouse=True)
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat short texts as long ones."""
    for module in (spool, ids, prepare_module):
        monkeypatch.setattr(module, "MAX_MEMORY_BYTES", 100)


def create(name: str, text: str = TEXT, min_count: int = 0) -> ModelDir:
    read = corpus.from_bytes(text.encode(), title="sea", source="sea.txt")
    return create_run(name, read, "notebook", {"steps": 1}, min_count, "none")


def prepared_ids(folder: ModelDir) -> NDArray[np.integer]:
    config, task = prepare(folder)
    assert config == read_run_config(folder)
    return np.concatenate([task.train_ids, task.held_out_ids])


def links(path: Path) -> int:
    return path.stat().st_nlink


def test_the_first_pass_and_that_for_ids_report_their_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepare_module, "_PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(prepare_module, "_REPORT_SECONDS", -1.0)
    folder = create("sea")
    prepare(folder)
    reports = [from_line(line) for line in folder.metrics.read_text().splitlines()]
    assert reports == [Preparing(0.5), Preparing(1.0)]


@pytest.mark.parametrize(
    ("text", "width"),
    [(TEXT, 1), (TEXT + "".join(chr(0x4E00 + n) for n in range(300)) * 2, 2)],
)
def test_the_ids_are_those_of_the_text_in_one_or_two_bytes(text: str, width: int) -> None:
    folder = create("sea", text)
    found = prepared_ids(folder)
    assert found.dtype.itemsize == width and folder.ids.stat().st_size == width * len(text)
    assert found.tolist() == Vocab.from_text(text).encode(text).tolist()
    folded = create("folded", text, min_count=3)
    assert prepared_ids(folded).tolist() == Vocab.from_text(text, 3).encode(text).tolist()


@needs_posix("links are counted")
def test_runs_on_one_text_share_it_and_the_last_one_removes_it() -> None:
    folders = [create(name) for name in ("one", "two", "three")]
    other = create("other", TEXT + "!\n")
    folded = create("folded", min_count=3)
    assert [links(folder.corpus) for folder in (*folders, folded, other)] == [4, 4, 4, 4, 1]
    for folder in (*folders, folded, other):
        prepared_ids(folder)
    assert [links(folder.ids) for folder in (*folders, folded, other)] == [3, 3, 3, 1, 1]
    remove_model("one")
    assert links(folders[1].corpus) == 3 and links(folders[1].ids) == 2
    assert read_training_corpus(folders[1], read_run_config(folders[1])).text == TEXT
    assert prepared_ids(folders[1]).size == len(TEXT)


@needs_posix("links are counted")
def test_where_there_are_no_links_a_run_has_its_own_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    for name in ("one", "two"):
        folder = create(name)
        assert prepared_ids(folder).size == len(TEXT)
        assert links(folder.corpus) == links(folder.ids) == 1
        assert folder.corpus.read_text() == TEXT
        assert all(path.stat().st_mode & 0o77 == 0 for path in (folder.corpus, folder.ids))


@pytest.mark.parametrize("place", [0, -1])
def test_a_damaged_file_of_ids_is_written_again(place: int) -> None:
    folder = create("sea")
    expected = prepared_ids(folder).tolist()
    data = bytearray(folder.ids.read_bytes())
    data[place] ^= 1
    for damaged in (bytes(data), bytes(data[:-1]), b""):
        folder.ids.write_bytes(damaged)
        assert prepared_ids(folder).tolist() == expected


def test_ids_that_the_disk_has_no_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create("sea")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(CharloomError, match=r"ids of the text need .* are free; make room there"):
        prepare(folder)
    assert [path.name for path in folder.path.glob("ids*")] == []


def test_the_ids_of_a_short_text_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "MAX_MEMORY_BYTES", len(TEXT))
    folder = create("sea")
    config = read_run_config(folder)
    stored, vocab = read_training_corpus(folder, config), Vocab.from_text(TEXT)
    found = training_ids(folder, config, stored.stored, vocab)
    assert found.tolist() == vocab.encode(TEXT).tolist() and not folder.ids.exists()
