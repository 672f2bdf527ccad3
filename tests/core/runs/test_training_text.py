import pytest

from charloom.core import paths
from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder
from charloom.core.model.metadata import CheckpointMetadata, CorpusInfo
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_checkpoint
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model
from tests.helpers.gutenberg_server import gutenberg_file
from tests.helpers.small_models import create


def card(title: str, sha256: str) -> CheckpointMetadata:
    return random_checkpoint(corpus=CorpusInfo(title, sha256, 1_000, "abc"))


def digest(folder: ModelDir) -> str:
    from charloom.core.runs.run import read_run_config

    return read_run_config(folder).sha256


def test_a_model_that_was_trained_here_has_its_text() -> None:
    found = find_training_text("small", card("sea", digest(create())))
    assert found.corpus.text == TEXT
    assert found.train[:] + found.held_out[:] == TEXT
    assert len(found.held_out) == int(len(TEXT) * 0.1)


def test_a_model_from_elsewhere_may_have_learned_what_another_run_has() -> None:
    sha256 = digest(create("other"))
    save_model("taken-in", random_checkpoint(corpus=CorpusInfo("sea", sha256, 1_000, "abc")))
    taken_in = find_checkpoint(ref("taken-in"))[1].metadata
    assert taken_in
    assert find_training_text("taken-in", taken_in).corpus.text == TEXT


def test_a_downloaded_text_is_found_by_its_name_and_digest() -> None:
    book = "You will rejoice to hear that no wind has reached us here.\n" * 400
    make_folder(paths.downloads_dir())
    (paths.downloads_dir() / "pg84.txt").write_bytes(gutenberg_file(book))
    sha256 = catalog.fetch("frankenstein").sha256
    found = find_training_text("shelley", card("Frankenstein", sha256))
    assert found.corpus.text.strip() == book.strip()
    with pytest.raises(CharloomError, match="not on this computer"):
        find_training_text("shelley", card("Frankenstein", "0" * 64))


def test_a_text_that_was_changed_is_not_taken_for_the_one_that_was_learned() -> None:
    folder = create()
    learned = card("sea", digest(folder))
    folder.corpus.write_text(TEXT + "!")
    with pytest.raises(CharloomError, match=r"'small' learned from \('sea'\) is not on this"):
        find_training_text("small", learned)
