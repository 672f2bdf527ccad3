import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Loaded
from charloom.core.runs import run as runs
from charloom.core.runs.monitor import State, Watch
from charloom.core.store import repair
from charloom.core.store import write as store
from tests.helpers.factories import at_step, own_assets, tree
from tests.helpers.small_models import create

posix = pytest.mark.skipif(os.name == "nt", reason="no such files there")
LONG = "\U0001d49c" * 60  # in bytes as long as a file's name may be, but for fifteen


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no model be bundled, unless a test puts one here."""
    return own_assets(tmp_path / "packages", monkeypatch)


def file_of(name: str, step: int) -> Path:
    return store.checkpoint_file(name, step)


@posix
@pytest.mark.parametrize(
    "put",
    [
        os.mkfifo,
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
        store.save("creature", at_step(step))
    put(file_of("creature", 3))
    [info] = store.models()
    assert [each.step for each in info.checkpoints] == [1, 2]
    assert store.load("creature@last").checkpoint.step == 2
    assert repair.mend_all() == []
    assert store.prune("creature").files == 1
    store.rename("creature", "monster")
    store.remove("monster")
    assert store.names() == ()


@posix
def test_a_link_among_the_checkpoints_is_read_and_what_it_points_to_is_never_deleted(
    tmp_path: Path,
) -> None:
    elsewhere = tmp_path / "elsewhere.safetensors"
    checkpoint.save(at_step(1), elsewhere)
    store.save("creature", at_step(2))
    file_of("creature", 1).symlink_to(elsewhere)
    assert store.load("creature@1").checkpoint.step == 1
    assert store.prune("creature").files == 1
    assert not file_of("creature", 1).is_symlink()
    assert checkpoint.load(elsewhere).checkpoint.step == 1


@posix
def test_a_damaged_link_is_set_aside_and_what_it_points_to_stays(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear sister")
    store.save("creature", at_step(1))
    file_of("creature", 2).symlink_to(letter)
    assert "set aside" in store.load("creature@last").warning
    assert letter.read_text() == "dear sister"


def test_the_longest_name_serves_for_all_that_a_model_goes_through(tmp_path: Path) -> None:
    source = tmp_path / "gift.safetensors"
    checkpoint.save(at_step(1), source)
    assert store.import_(source, LONG) == LONG
    store.save(LONG, at_step(2))
    store.write_notes(LONG, "long")
    store.rename(LONG, "short")
    store.rename("short", LONG)
    store.export(LONG, tmp_path / "out")
    store.remove(LONG)
    assert list(paths.models().iterdir()) == []


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
    store.save(there, at_step(1))
    with pytest.raises(CharloomError, match="is taken"):
        store.import_(source, new)
    assert store.names() == (there,)
    store.rename(there, new)
    assert store.names() == (new,)


@pytest.mark.parametrize(("one", "other"), [("fin", "f\u0131n"), ("A", "\uff21"), ("o", "\u03bf")])
def test_names_that_only_look_alike_do_not(one: str, other: str) -> None:
    store.save(one, at_step(1))
    store.save(other, at_step(2))
    assert store.load(one).checkpoint.step == 1
    assert store.load(other).checkpoint.step == 2


def test_a_name_taken_apart_is_composed_on_import_and_refused_elsewhere(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "Ångström")
    source = tmp_path / f"{apart}.safetensors"
    checkpoint.save(at_step(1), source)
    assert store.import_(source) == "Ångström"
    with pytest.raises(CharloomError, match="no model called"):
        store.load(apart)
    with pytest.raises(CharloomError, match="NFC"):
        store.rename("Ångström", apart)


@posix
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("force", [False, True])
def test_an_export_never_replaces_a_pipe_or_a_device(
    half: bool, force: bool, tmp_path: Path
) -> None:
    store.save("creature", at_step(1))
    pipe, device = tmp_path / "pipe", tmp_path / "device"
    os.mkfifo(pipe)
    device.symlink_to(os.devnull)
    for target in (pipe, device):
        with pytest.raises(CharloomError, match="is not a regular file"):
            store.export("creature", target, half=half, force=force)
    assert pipe.is_fifo() and device.is_symlink()


@posix
def test_an_export_over_a_link_replaces_the_link(tmp_path: Path) -> None:
    letter, link = tmp_path / "letter.txt", tmp_path / "link"
    letter.write_text("dear sister")
    link.symlink_to(letter)
    path = store.save("creature", at_step(1))
    store.export("creature", link, force=True)
    assert letter.read_text() == "dear sister"
    assert link.read_bytes() == path.read_bytes()


def test_a_file_that_changes_after_it_was_checked_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "gift.safetensors"
    checkpoint.save(at_step(1), source)

    def load_and_change(path: Path) -> Loaded:
        loaded = load(path)
        path.write_bytes(b"something else")
        return loaded

    load = checkpoint.load
    monkeypatch.setattr(checkpoint, "load", load_and_change)
    with pytest.raises(CharloomError, match="was changed while it was read"):
        store.import_(source)
    assert tree(paths.models()) == {}
    assert store.names() == ()


@posix
@pytest.mark.parametrize("name", ["lock", "metrics.jsonl", "samples.jsonl", "run.json"])
def test_a_pipe_in_a_run_s_folder_keeps_nobody_waiting(name: str) -> None:
    folder = create("creature")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    run = Watch(folder)
    run.refresh()
    assert run.state in (State.UNTRAINED, State.IMPORTED)
    if name == "run.json":
        with pytest.raises(CharloomError, match="no readable"):
            runs.read_plan(folder)


def test_a_reserved_name_is_none_that_is_made_of_a_title() -> None:
    assert store.free_name("con") == "con-2"
    assert store.free_name("Aux.txt") == "aux-txt"
