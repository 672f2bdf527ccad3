"""Deleted models: restored, in any order of names, and gone with the process that deleted them."""

import shutil
import subprocess
import sys

import pytest
from filelock import FileLock

from charloom.core import paths
from charloom.core.errors import BeingTrainedError, CharloomError
from charloom.core.files import sweep
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import bundled_names, model_names
from charloom.core.store.repair import repair_all
from charloom.core.store.trash import Trash
from charloom.core.store.write import new_model_folder, write_notes
from tests.helpers.factories import at_step, save_model, tree
from tests.helpers.marks import needs_posix
from tests.helpers.small_models import create

needs_locks = needs_posix("locks of what may be removed")


def names() -> set[str]:
    return set(model_names()) - {*bundled_names()}


def test_what_was_deleted_last_is_restored_first_and_as_it_was() -> None:
    folder = create("run")
    write_notes("run", "mine")
    save_model("other", at_step(1))
    before, trash = tree(folder.path), Trash()
    assert trash.last == ""
    trash.delete("run")
    trash.delete("other")
    assert names() == set() and trash.last == "other"
    assert (trash.restore(), trash.restore()) == ("other", "run")
    assert names() == {"run", "other"} and trash.last == ""
    assert tree(folder.path) == before


def test_a_restored_model_gets_another_name_if_its_own_is_taken() -> None:
    trash = Trash()
    for step in (1, 2, 3):
        save_model("creature", at_step(step))
        trash.delete("creature")
    save_model("Creature", at_step(4))
    assert [trash.restore() for _ in range(3)] == ["creature-2", "creature-3", "creature-4"]
    steps = {name: next(ModelDir.named(name).checkpoint_files())[0] for name in names()}
    assert steps == {"Creature": 4, "creature-2": 3, "creature-3": 2, "creature-4": 1}


@needs_locks
def test_nothing_sweeps_what_can_still_be_restored() -> None:
    save_model("creature", at_step(1))
    trash = Trash()
    trash.delete("creature")
    repair_all()
    with new_model_folder("new"):
        pass
    sweep = "from charloom.core.store.repair import repair_all; repair_all()"
    subprocess.run([sys.executable, "-c", sweep], check=True)
    assert trash.restore() == "creature"
    assert names() == {"creature", "new"}


def test_what_was_not_restored_is_gone_once_the_trash_is_empty() -> None:
    for name in ("one", "two"):
        save_model(name, at_step(1))
    trash = Trash()
    trash.delete("one")
    trash.delete("two")
    trash.empty()
    assert trash.last == "" and list(paths.models_dir().iterdir()) == []


@needs_locks
def test_a_killed_process_leaves_nothing_behind() -> None:
    save_model("creature", at_step(1))
    code = (
        "import os; from charloom.core.store.trash import Trash; trash = Trash()\n"
        "trash.delete('creature'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert names() == set() and len(list(paths.models_dir().iterdir())) == 1
    sweep(paths.models_dir())
    assert list(paths.models_dir().iterdir()) == []


def test_what_cannot_be_deleted_or_restored_says_so_and_the_rest_is_kept() -> None:
    save_model("creature", at_step(1))
    save_model("other", at_step(1))
    trash = Trash()
    with pytest.raises(CharloomError, match="'frankenstein' comes with Charloom"):
        trash.delete("frankenstein")
    with pytest.raises(CharloomError, match="no model called 'nobody'"):
        trash.delete("nobody")
    with FileLock(ModelDir.named("other").lock), pytest.raises(BeingTrainedError):
        trash.delete("other")
    trash.delete("other")
    others = set(paths.models_dir().glob(".*"))
    trash.delete("creature")
    (hidden,) = set(paths.models_dir().glob(".*")) - others
    shutil.rmtree(hidden)
    with pytest.raises(CharloomError, match="'creature' cannot be restored"):
        trash.restore()
    assert trash.restore() == "other"
