"""Deleted models and checkpoints: restored in any order, and gone with their process."""

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
from charloom.core.store.write import new_model_folder, rename_model, write_notes
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
    assert (trash.restore().name, trash.restore().name) == ("other", "run")
    assert names() == {"run", "other"} and trash.last == ""
    assert tree(folder.path) == before


def test_a_restored_model_gets_another_name_if_its_own_is_taken() -> None:
    trash = Trash()
    for step in (1, 2, 3):
        save_model("creature", at_step(step))
        trash.delete("creature")
    save_model("Creature", at_step(4))
    assert [trash.restore().name for _ in range(3)] == ["creature-2", "creature-3", "creature-4"]
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
    assert trash.restore().name == "creature"
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
    assert trash.restore().name == "other"


def pruned_model() -> tuple[Trash, dict[str, bytes]]:
    """Return the trash with two checkpoints of ``creature``, and the files as they were."""
    for step in (1, 2, 3):
        save_model("creature", at_step(step))
    before, trash = tree(ModelDir.named("creature").path), Trash()
    result = trash.prune("creature")
    assert result.files == 2 and result.size == sum(
        len(before[f"checkpoints/step-0000000{step}.safetensors"]) for step in (1, 2)
    )
    assert steps("creature") == [3] and trash.last == "creature"
    return trash, before


def steps(name: str) -> list[int]:
    return [step for step, _ in ModelDir.named(name).checkpoint_files()]


def test_pruned_checkpoints_are_restored_as_they_were() -> None:
    trash, before = pruned_model()
    assert trash.prune("creature").files == 0 and trash.last == "creature"
    assert trash.restore() == ("creature", "creature", 2)
    assert tree(ModelDir.named("creature").path) == before and trash.last == ""


def test_pruned_checkpoints_are_restored_to_a_model_that_was_renamed_or_deleted_since() -> None:
    trash, _ = pruned_model()
    trash.delete("creature")
    save_model("creature", at_step(9))
    assert trash.restore().name == "creature-2"
    rename_model("creature-2", "monster")
    assert trash.restore() == ("monster", "creature", 2)
    assert steps("monster") == [1, 2, 3] and steps("creature") == [9]


@needs_locks
def test_pruned_checkpoints_are_swept_with_their_process_and_not_before() -> None:
    trash, before = pruned_model()
    repair_all()
    rename_model("creature", "monster")
    folder = ModelDir.named("monster").path
    assert sum(path.name.startswith("step-") for path in folder.rglob("*")) == 3
    trash.empty()
    assert len(tree(folder)) == len(before) - 2
    kill = (
        "import os; from charloom.core.store.trash import Trash; trash = Trash()\n"
        "assert trash.prune('beast').files == 2; os.kill(os.getpid(), 9)"
    )
    for step in (1, 2, 3):
        save_model("beast", at_step(step))
    subprocess.run([sys.executable, "-c", kill], check=False)
    folder = ModelDir.named("beast").path
    assert sum(path.name.startswith("step-") for path in folder.rglob("*")) == 3
    repair_all()
    assert len(tree(folder)) == len(before) - 2


def test_checkpoints_of_a_model_that_is_gone_are_not_restored() -> None:
    trash, _ = pruned_model()
    shutil.rmtree(ModelDir.named("creature").path)
    with pytest.raises(CharloomError, match="checkpoints of 'creature' cannot be restored"):
        trash.restore()
    assert trash.last == ""
