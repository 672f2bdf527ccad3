import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import (
    BUNDLED,
    find_model,
    load_checkpoint,
    model_names,
)
from charloom.core.store.write import (
    PruneResult,
    export_model,
    import_model,
    new_model_folder,
    next_name,
    pin_checkpoint,
    prune_checkpoints,
    read_notes,
    remove_model,
    rename_model,
    select_thinned,
    write_notes,
)
from tests.helpers.factories import (
    at_step,
    checkpoint_path,
    damage,
    own_assets,
    ref,
    save_model,
    tree,
)
from tests.helpers.marks import is_private, needs_posix

IMPOSSIBLE_NAMES = ["", "..", ".", "a/b", "../up", "a\\b", "CON", "nul.txt", "x" * 300, ".hidden"]
IMPOSSIBLE_NAMES += ["a\nb", "a\0b", "-dash", "a ", "\u0301e", "a@b", "*", "\ud800", "/tmp/x"]


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no model be bundled, unless a test puts one here."""
    return own_assets(tmp_path / "packages", monkeypatch)


def made(name: str) -> None:
    """Make a model that has nothing in it yet."""
    with new_model_folder(name):
        pass


def steps(name: str) -> list[int]:
    return [each.step for each in find_model(name).checkpoints]


@pytest.mark.parametrize("name", IMPOSSIBLE_NAMES)
def test_an_impossible_name_is_refused_by_all_and_nothing_is_written(
    name: str, tmp_path: Path
) -> None:
    save_model("creature", at_step(1))
    source = export_model(ref("creature"), tmp_path / "c.safetensors")
    before = tree(tmp_path)
    uses: list[Callable[[], object]] = [
        lambda: ModelDir.named(name),
        lambda: made(name),
        lambda: save_model(name, at_step(2)),
        lambda: load_checkpoint(ref(name)),
        lambda: checkpoint_path(name + "@last"),
        lambda: find_model(name),
        lambda: rename_model("creature", name),
        lambda: rename_model(name, "monster"),
        lambda: remove_model(name),
        lambda: prune_checkpoints(name),
        lambda: pin_checkpoint(ref(name)),
        lambda: import_model(source, name),
        lambda: export_model(ref(name), tmp_path / "out"),
        lambda: read_notes(name),
        lambda: write_notes(name, "x"),
    ]
    for use in uses:
        with pytest.raises(CharloomError) as caught:
            use()
        assert "\n" not in str(caught.value)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["Frankenstein", "frankenstein", "Ναυτίλος", "a b.c_d-e", "名前"])
def test_a_name_is_free_unless_it_is_that_of_the_bundled_model(name: str) -> None:
    if name.casefold() == BUNDLED:
        with pytest.raises(CharloomError, match="'frankenstein'"):
            made(name)
        with pytest.raises(CharloomError, match="'frankenstein'"):
            save_model(name, at_step(1))
        assert model_names() == ()
    else:
        save_model(name, at_step(1))
        assert model_names() == (name,)


def test_names_that_differ_by_case_alone_clash(tmp_path: Path) -> None:
    save_model("Creature", at_step(1))
    save_model("other", at_step(1))
    source = export_model(ref("other"), tmp_path / "creature.safetensors")
    uses: list[Callable[[], object]] = [
        lambda: made("creature"),
        lambda: save_model("CREATURE", at_step(2)),
        lambda: rename_model("other", "creature"),
        lambda: import_model(source),
    ]
    for use in uses:
        with pytest.raises(CharloomError, match="The name 'Creature' is taken"):
            use()
    assert model_names() == ("Creature", "other")
    rename_model("Creature", "creature")
    assert model_names() == ("creature", "other")


def test_saving_thins_but_keeps_the_best_the_newest_and_the_pinned() -> None:
    for step in range(100, 3_001, 100):
        save_model("creature", at_step(step, 1.0 if step == 700 else 2.0), keep=5)
        if step == 300:
            pin_checkpoint(ref("creature@300"))
    assert {300, 700, 3_000} <= set(steps("creature"))
    assert len(steps("creature")) == 5 + 1
    assert [each.step for each in find_model("creature").checkpoints if each.pinned] == [300]


def test_thinning_keeps_the_start_of_a_run_from_a_base() -> None:
    for step in range(20):
        save_model("creature", at_step(step), keep=3)
    assert steps("creature") == [0, *steps("creature")[-2:]]


def test_thinning_leaves_a_damaged_checkpoint_to_the_person() -> None:
    damage(save_model("creature", at_step(1)))
    save_model("creature", at_step(2)).write_bytes(b"")
    for step in range(3, 20):
        save_model("creature", at_step(step), keep=3)
    assert 2 in steps("creature")
    assert len(steps("creature")) == 4


def test_a_checkpoint_of_the_same_step_is_replaced() -> None:
    save_model("creature", at_step(5, seed=1))
    save_model("creature", at_step(5, seed=2))
    assert steps("creature") == [5]
    expected = at_step(5, seed=2).tensors["head.bias"]
    assert (
        load_checkpoint(ref("creature")).checkpoint.tensors["head.bias"].tolist()
        == expected.tolist()
    )


@settings(deadline=None, max_examples=100)
@given(st.sets(st.integers(0, 10**6), min_size=1, max_size=60), st.data())
def test_thinning_keeps_what_it_must_and_no_more_than_it_may(
    run: set[int], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(run)), max_size=3))
    keep = data.draw(st.integers(1, 20))
    dropped = select_thinned(run, kept, keep)
    left = run - dropped
    assert dropped <= run
    assert kept | {max(run)} <= left
    assert min(len(run), keep) <= len(left) <= max(keep, len(kept | {max(run)}))


@pytest.mark.parametrize("length", [13, 50, 200, 1_000])
def test_what_thinning_leaves_is_spread_over_the_whole_run(length: int) -> None:
    left: list[int] = []
    for step in range(10, 10 * length + 1, 10):
        left.append(step)
        left = sorted(set(left) - select_thinned(left, (), 12))
    gaps = [after - before for before, after in zip([0, *left], left, strict=False)]
    assert len(left) == 12
    assert max(gaps) <= 4 * 10 * length / 12


def test_pruning_keeps_the_best_the_newest_and_the_pinned() -> None:
    for step, validation in ((1, 2.0), (2, 1.0), (3, 2.0), (4, 2.0), (5, 2.0)):
        save_model("creature", at_step(step, validation))
    pin_checkpoint(ref("creature@3"))
    size = (
        checkpoint_path("creature@1").stat().st_size + checkpoint_path("creature@4").stat().st_size
    )
    assert prune_checkpoints("creature") == PruneResult(2, size)
    assert steps("creature") == [2, 3, 5]
    assert prune_checkpoints("creature") == PruneResult(0, 0)


def test_a_pin_can_be_taken_off_again() -> None:
    for step in (1, 2, 3):
        save_model("creature", at_step(step))
    pin_checkpoint(ref("creature@1"))
    pin_checkpoint(ref("creature@1"))
    prune_checkpoints("creature")
    assert steps("creature") == [1, 3]
    pin_checkpoint(ref("creature@1"), on=False)
    pin_checkpoint(ref("creature@1"), on=False)
    prune_checkpoints("creature")
    assert steps("creature") == [3]


def test_a_renamed_model_takes_all_along() -> None:
    save_model("creature", at_step(1))
    write_notes("creature", "cold hands")
    before = tree(ModelDir.named("creature").path)
    rename_model("creature", "monster")
    assert model_names() == ("monster",)
    assert tree(ModelDir.named("monster").path) == before
    assert read_notes("monster") == "cold hands"


def test_a_removed_model_leaves_nothing_behind() -> None:
    save_model("creature", at_step(1))
    save_model("other", at_step(1))
    left_over = paths.models_dir() / ".earlier.x.charloom.tmp" / "old"
    left_over.mkdir(parents=True)
    remove_model("creature")
    assert [path.name for path in paths.models_dir().iterdir()] == ["other"]
    save_model("creature", at_step(2))
    assert steps("creature") == [2]


@needs_posix("symbolic links that anyone may make")
def test_removing_a_linked_model_leaves_what_the_link_points_to(tmp_path: Path) -> None:
    save_model("other", at_step(1))
    elsewhere = tmp_path / "elsewhere"
    ModelDir.named("other").path.rename(elsewhere)
    ModelDir.named("linked").path.symlink_to(elsewhere)
    assert model_names() == ("linked",)
    remove_model("linked")
    assert list(paths.models_dir().iterdir()) == []
    assert (elsewhere / "checkpoints" / "step-00000001.safetensors").is_file()


@pytest.fixture
def trainer() -> Iterator[str]:
    """Name a model whose lock another process holds."""
    save_model("busy", at_step(1))
    code = (
        "import sys; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    )
    lock = str(ModelDir.named("busy").lock)
    with subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield "busy"
        assert process.stdin is not None
        process.stdin.close()


def test_a_model_that_is_being_trained_is_neither_renamed_nor_removed(trainer: str) -> None:
    with pytest.raises(CharloomError, match="'busy' is being trained"):
        rename_model(trainer, "idle")
    with pytest.raises(CharloomError, match="'busy' is being trained"):
        remove_model(trainer)
    assert model_names() == ("busy",)
    save_model(trainer, at_step(2))
    assert steps(trainer) == [1, 2]


def test_a_lock_that_is_not_held_is_no_obstacle() -> None:
    save_model("creature", at_step(1))
    ModelDir.named("creature").lock.touch()
    rename_model("creature", "monster")
    remove_model("monster")
    assert model_names() == ()


def test_notes_are_kept_as_they_were_written() -> None:
    save_model("creature", at_step(1))
    assert read_notes("creature") == ""
    write_notes("creature", "# Été\nlr 4e-3\n")
    assert read_notes("creature") == "# Été\nlr 4e-3\n"
    ModelDir.named("creature").notes.write_bytes(b"caf\xe9")
    assert read_notes("creature") == "caf\ufffd"


def test_what_is_made_can_be_read_by_its_owner_alone() -> None:
    path = save_model("creature", at_step(1))
    for each in (path.parent, ModelDir.named("creature").path, paths.models_dir()):
        assert is_private(each)
    assert is_private(path)


def test_a_home_that_is_a_file_is_told(home: Path) -> None:
    home.write_text("")
    with pytest.raises(CharloomError, match="CHARLOOM_HOME"):
        save_model("creature", at_step(1))
    assert model_names() == ()


@pytest.mark.parametrize(
    ("name", "successor"),
    [
        ("diary", "diary-2"),
        ("diary-2", "diary-4"),  # diary-3 is taken
        ("My Diary-9", "My Diary-10"),
        ("diary-2b", "diary-2b-2"),
        ("12", "12-2"),
        ("frankenstein", "frankenstein-2"),
        ("n" * 64, f"{'n' * 62}-2"),
        ("日記", "日記-2"),
    ],
)
def test_a_successor_has_the_next_number_that_is_not_taken(name: str, successor: str) -> None:
    save_model("Diary-3", at_step(1))
    assert next_name(name) == successor
