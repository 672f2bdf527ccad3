import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.runs.run import read_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import list_models, load_checkpoint, model_names
from charloom.core.store.repair import repair_all
from charloom.core.store.write import (
    check_unused,
    export_model,
    import_model,
    prune_checkpoints,
    read_notes,
    remove_model,
    rename_model,
    unused_name,
    write_notes,
)
from tests.helpers.factories import at_step, own_assets, ref, save_model, tree
from tests.helpers.marks import needs_posix
from tests.helpers.small_models import create

posix = needs_posix("such files")
LONG = "\U0001d49c" * 60  # in bytes as long as a file's name may be, but for fifteen


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no model be bundled, unless a test puts one here."""
    return own_assets(tmp_path / "packages", monkeypatch)


def file_of(name: str, step: int) -> Path:
    return ModelDir.named(name).checkpoint(step)


@posix
@pytest.mark.parametrize(
    "put",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("/dev/null"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/nowhere"),
    ],
    ids=["pipe", "folder", "endless", "device", "loop", "dangling"],
)
def test_what_is_no_file_among_the_checkpoints_is_passed_over(put: Callable[[Path], None]) -> None:
    for step in (1, 2):
        save_model("creature", at_step(step))
    put(file_of("creature", 3))
    [info] = list_models()
    assert [each.step for each in info.checkpoints] == [1, 2]
    assert load_checkpoint(ref("creature@last")).checkpoint.step == 2
    assert repair_all() == []
    assert prune_checkpoints("creature").files == 1
    rename_model("creature", "monster")
    remove_model("monster")
    assert model_names() == ()


@posix
def test_a_link_among_the_checkpoints_is_read_and_what_it_points_to_is_never_deleted(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "elsewhere.safetensors"
    checkpoint.save(at_step(1), elsewhere)
    save_model("creature", at_step(2))
    file_of("creature", 1).symlink_to(elsewhere)
    assert load_checkpoint(ref("creature@1")).checkpoint.step == 1
    assert prune_checkpoints("creature").files == 1
    assert not file_of("creature", 1).is_symlink()
    assert checkpoint.load(elsewhere).checkpoint.step == 1


@posix
def test_a_damaged_link_is_set_aside_and_what_it_points_to_stays(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear sister")
    save_model("creature", at_step(1))
    file_of("creature", 2).symlink_to(letter)
    assert "set aside" in load_checkpoint(ref("creature@last")).warning
    assert letter.read_text() == "dear sister"


def test_the_longest_name_serves_for_all_that_a_model_goes_through(tmp_path: Path) -> None:
    source = tmp_path / "gift.safetensors"
    checkpoint.save(at_step(1), source)
    assert import_model(source, LONG) == LONG
    save_model(LONG, at_step(2))
    write_notes(LONG, "long")
    rename_model(LONG, "short")
    rename_model("short", LONG)
    export_model(ref(LONG), tmp_path / "out")
    assert export_model(ref(LONG), tmp_path).is_file()
    remove_model(LONG)
    assert list(paths.models_dir().iterdir()) == []


@pytest.mark.parametrize(
    ("there", "new"),
    [
        ("straße", "STRASSE"),
        ("ﬁn", "Fin"),
        ("Ångström", "ÅNGSTRÖM"),
        ("\u017fea", "Sea"),
        ("σας", "ΣΑΣ"),
        ("ǆ", "ǅ"),
    ],
)
def test_names_that_are_one_on_some_systems_clash(there: str, new: str, tmp_path: Path) -> None:
    source = tmp_path / "gift.safetensors"
    checkpoint.save(at_step(1), source)
    save_model(there, at_step(1))
    with pytest.raises(CharloomError, match="is taken"):
        import_model(source, new)
    assert model_names() == (there,)
    rename_model(there, new)
    assert model_names() == (new,)


@pytest.mark.parametrize(("one", "other"), [("fin", "f\u0131n"), ("A", "\uff21"), ("o", "\u03bf")])
def test_names_that_only_look_alike_do_not(one: str, other: str) -> None:
    save_model(one, at_step(1))
    save_model(other, at_step(2))
    assert load_checkpoint(ref(one)).checkpoint.step == 1
    assert load_checkpoint(ref(other)).checkpoint.step == 2


def test_a_decomposed_name_is_composed_everywhere(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "Ångström")
    source = tmp_path / f"{apart}.safetensors"
    checkpoint.save(at_step(1), source)
    assert import_model(source) == "Ångström"
    assert load_checkpoint(ref(apart)).checkpoint.step == 1
    with pytest.raises(CharloomError, match="is taken"):
        check_unused(apart)
    assert rename_model(apart, unicodedata.normalize("NFD", "Übung")) == "Übung"
    assert model_names() == ("Übung",)
    assert import_model(source, apart) == "Ångström"
    write_notes(apart, "A note.")
    assert read_notes("Ångström") == "A note."
    remove_model(apart)
    assert model_names() == ("Übung",)


@posix
def test_a_foreign_folder_with_a_decomposed_name_is_no_model() -> None:
    save_model("Übung", at_step(1))
    (paths.models_dir() / unicodedata.normalize("NFD", "Übung") / "checkpoints").mkdir(parents=True)
    (paths.models_dir() / unicodedata.normalize("NFD", "Öl") / "checkpoints").mkdir(parents=True)
    assert model_names() == ("Übung",)


@posix
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("force", [False, True])
def test_an_export_never_replaces_a_pipe_or_a_device(
    half: bool, force: bool, tmp_path: Path
) -> None:
    save_model("creature", at_step(1))
    pipe, device = tmp_path / "pipe", tmp_path / "device"
    os.mkfifo(pipe)
    device.symlink_to(os.devnull)
    for target in (pipe, device):
        with pytest.raises(CharloomError, match="is not a regular file"):
            export_model(ref("creature"), target, half=half, force=force)
    assert pipe.is_fifo() and device.is_symlink()


@posix
def test_an_export_over_a_link_replaces_the_link(tmp_path: Path) -> None:
    letter, link = tmp_path / "letter.txt", tmp_path / "link"
    letter.write_text("dear sister")
    link.symlink_to(letter)
    path = save_model("creature", at_step(1))
    export_model(ref("creature"), link, force=True)
    assert letter.read_text() == "dear sister"
    assert link.read_bytes() == path.read_bytes()


def test_a_file_that_changes_after_it_was_checked_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "gift.safetensors"
    checkpoint.save(at_step(1), source)

    def load_and_change(path: Path) -> LoadedCheckpoint:
        loaded = load(path)
        path.write_bytes(b"something else")
        return loaded

    load = checkpoint.load
    monkeypatch.setattr(checkpoint, "load", load_and_change)
    with pytest.raises(CharloomError, match="was changed while it was read"):
        import_model(source)
    assert tree(paths.models_dir()) == {}
    assert model_names() == ()


@posix
@pytest.mark.parametrize("name", ["lock", "metrics.jsonl", "samples.jsonl", "run.json"])
def test_a_pipe_in_a_run_s_folder_blocks_nothing(name: str) -> None:
    folder = create("creature")
    path = folder.path / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    run = RunMonitor(folder)
    run.refresh()
    assert run.status in (RunStatus.UNTRAINED, RunStatus.IMPORTED)
    if name == "run.json":
        with pytest.raises(CharloomError, match="no readable"):
            read_run_config(folder)


def test_a_reserved_name_is_none_that_is_made_of_a_title() -> None:
    assert unused_name("con") == "con-2"
    assert unused_name("Aux.txt") == "aux-txt"
