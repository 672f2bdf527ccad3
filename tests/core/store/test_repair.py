"""What killed writers leave is cleared away; what is damaged is set aside; nothing else changes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from charloom.core import files, paths
from charloom.core.files import new_folder, sweep, write_atomically
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model
from charloom.core.store.repair import repair_all
from charloom.core.store.write import new_model_folder, remove_model, write_notes
from tests.helpers.factories import at_step, checkpoint_path, damage, own_assets, save_model, tree
from tests.helpers.marks import needs_posix

_WRITER = """
import sys, time
from pathlib import Path
from charloom.core import files
files.os.fsync = lambda _: (print("writing", flush=True), time.sleep(60))
files.write_atomically(Path(sys.argv[1]), b"new")
"""
_MAKER = """
import sys, time
from pathlib import Path
from charloom.core import files
with files.new_folder(Path(sys.argv[1])) as made:
    (made / "part").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""
needs_locks = needs_posix("locks of what may be removed")


@pytest.fixture(autouse=True)
def no_bundled_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_assets(tmp_path / "packages", monkeypatch)


@pytest.fixture(params=[_WRITER, _MAKER], ids=["file", "folder"])
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A process that is in the middle of writing ``tmp_path / "target"``."""
    command = [sys.executable, "-P", "-c", request.param, str(tmp_path / "target")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"writing\n"
        yield process
        process.kill()


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(".target.*.tmp"))


@needs_locks
def test_what_a_writer_at_work_has_begun_is_left_alone_and_what_a_killed_one_left_is_not(
    writer: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    [begun] = hidden(tmp_path)
    sweep(tmp_path)
    assert hidden(tmp_path) == [begun]
    writer.kill()
    writer.wait()
    sweep(tmp_path)
    assert hidden(tmp_path) == [] and not (tmp_path / "target").exists()


def test_where_there_are_no_locks_only_what_is_old_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MIN_SWEPT_SECONDS", 3600)
    paths_by_age = {}
    for age in (0, 3_500, 3_700):
        file, folder = (tmp_path / f".{kind}.{age}.charloom.tmp" for kind in ("file", "folder"))
        file.touch()
        folder.mkdir()
        (folder / "part").touch()
        paths_by_age[age] = file, folder
        for path in (file, folder):
            os.utime(path, (then := time.time() - age, then))
    sweep(tmp_path)
    remaining = [age for age, both in paths_by_age.items() if all(path.exists() for path in both)]
    assert remaining == [0, 3_500] and len(list(tmp_path.glob(".*"))) == 4
    save_model("creature", at_step(1))
    remove_model("creature")  # at once, though it is young
    assert list(paths.models_dir().iterdir()) == []


@needs_posix("symbolic links that anyone may make")
def test_only_hidden_temp_files_are_swept_and_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    place = tmp_path / "place"
    place.mkdir()
    (place / ".link.x.charloom.tmp").symlink_to(outside)
    (place / ".file.x.charloom.tmp").write_text("torn")
    (place / ".folder.x.charloom.tmp").mkdir()
    (place / ".folder.x.charloom.tmp" / "link").symlink_to(outside)
    kept = {"a.charloom.tmp", ".b", ".precious.tmp", ".c.charloom.tmp.safetensors"}
    for name in kept:
        (place / name).write_text(name)
    sweep(place)
    assert {each.name for each in place.iterdir()} == kept
    assert (outside / "kept").read_text() == "kept"
    sweep(tmp_path / "nowhere")


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with new_folder(place / "target") as made:
        (made / "part").write_text("whole")
        assert not (place / "target").exists()
    with pytest.raises(OSError, match="target"), new_folder(place / "target") as made:
        (made / "part").write_text("another's")
    with pytest.raises(KeyboardInterrupt), new_folder(place / "other"):
        raise KeyboardInterrupt
    assert tree(place) == {"target/part": b"whole"} and len(list(place.iterdir())) == 1


def test_a_sound_store_is_left_as_it_is() -> None:
    save_model("creature", at_step(1, 2.0))
    save_model("creature", at_step(2, 3.0))
    write_notes("creature", "cold hands")
    before = tree(paths.home())
    assert repair_all() == []
    assert tree(paths.home()) == before


def test_a_store_is_repaired_and_every_damaged_checkpoint_is_told_of() -> None:
    for name in ("creature", "other"):
        for step, loss in ((100, 1.0), (200, 1.5), (300, 2.0)):
            save_model(name, at_step(step, loss))
    for address in ("creature@300", "other@300", "other@100"):
        damage(checkpoint_path(address))
    before = tree(paths.home())
    checkpoints = ModelDir.named("creature").checkpoints
    for place in (checkpoints, checkpoints.parent, paths.models_dir(), paths.home()):
        (place / ".step-00000400.safetensors.x.charloom.tmp").write_bytes(b"torn")
    assert repair_all() == [
        "The checkpoint creature@300 is damaged and set aside; @200 is used instead.",
        "The checkpoint other@300 is damaged and set aside; @200 is used instead.",
        "The checkpoint other@100 is damaged and set aside; @200 is used instead.",
    ]
    after = {name.removesuffix(".damaged"): data for name, data in tree(paths.home()).items()}
    assert after == before
    assert [each.step for each in find_model("creature").checkpoints] == [100, 200]
    assert repair_all() == []


def test_what_cannot_be_mended_is_left_for_the_person() -> None:
    damage(save_model("creature", at_step(100)))
    with new_model_folder("young"):
        pass
    before = tree(paths.home())
    assert repair_all() == []
    assert tree(paths.home()) == before


def test_many_may_write_and_sweep_at_once(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for turn in range(60):
            with new_folder(tmp_path / f"{number}-{turn}") as made:
                write_atomically(made / "part", b"whole")
            write_atomically(tmp_path / "shared", b"whole")
            sweep(tmp_path)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert set(tree(tmp_path).values()) == {b"whole", b""}  # that of assets/__init__.py
    assert len(list(tmp_path.iterdir())) == 4 * 60 + 2
    assert not list(tmp_path.glob(".*"))
