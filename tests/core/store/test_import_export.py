from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import BUNDLED, find_model, load_checkpoint, model_names
from charloom.core.store.write import (
    check_unused,
    export_model,
    import_model,
    prune_checkpoints,
    read_notes,
    remove_model,
    unused_name,
    write_notes,
)
from tests.helpers.factories import at_step, damage, own_assets, ref, save_model, tree


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no model be bundled, unless a test puts one here."""
    return own_assets(tmp_path / "packages", monkeypatch)


def test_an_exported_checkpoint_is_the_same_file(tmp_path: Path) -> None:
    path = save_model("creature", at_step(1_200))
    for target, expected in (
        (tmp_path / "mine.bin", tmp_path / "mine.bin"),
        (tmp_path, tmp_path / "creature-1200.safetensors"),
    ):
        assert export_model(ref("creature"), target) == expected
        assert expected.read_bytes() == path.read_bytes()


def test_an_export_in_half_precision_can_be_loaded(tmp_path: Path) -> None:
    save_model("creature", at_step(7))
    loaded = checkpoint.load(export_model(ref("creature"), tmp_path, half=True)).checkpoint
    assert {str(tensor.dtype) for tensor in loaded.tensors.values()} == {"float16"}


def test_an_export_replaces_nothing_unless_forced(tmp_path: Path) -> None:
    path = save_model("creature", at_step(7))
    target = tmp_path / "letter.txt"
    target.write_text("dear sister")
    with pytest.raises(
        CharloomError, match=r"‘force’ is needed to replace .*, which already exists"
    ):
        export_model(ref("creature"), target)
    assert target.read_text() == "dear sister"
    export_model(ref("creature"), target, force=True)
    assert target.read_bytes() == path.read_bytes()


def test_notes_go_along_with_an_export_and_come_with_an_import(tmp_path: Path) -> None:
    path = save_model("creature", at_step(7))
    write_notes("creature", "# Cold hands\nlr 4e-3 [b]\x1b")
    for half in (False, True):
        target = export_model(ref("creature"), tmp_path / f"gift-{half}.safetensors", half=half)
        gift = checkpoint.load(target).checkpoint
        assert gift.note == read_notes("creature")
        assert {str(tensor.dtype) for tensor in gift.tensors.values()} == {
            "float16" if half else "float32"
        }
        name = import_model(target)
        assert read_notes(name) == gift.note
        again = export_model(ref(name), tmp_path / f"again-{half}.safetensors")
        assert again.read_bytes() == target.read_bytes()
        write_notes(name, "warm")
        warm = checkpoint.load(export_model(ref(name), again, force=True)).checkpoint
        assert warm.note == "warm"
        assert warm.tensors["head.bias"].dtype == gift.tensors["head.bias"].dtype
        write_notes(name, "")
        assert checkpoint.load(export_model(ref(name), again, force=True)).checkpoint.note == ""
    write_notes("creature", "")
    export_model(ref("creature"), target, force=True)
    assert target.read_bytes() == path.read_bytes()


def test_notes_that_are_too_long_to_go_along_are_told(tmp_path: Path) -> None:
    save_model("creature", at_step(7))
    write_notes("creature", "x" * 100_001)
    with pytest.raises(CharloomError, match="about 'creature' are too long to go along"):
        export_model(ref("creature"), tmp_path / "gift")
    assert not (tmp_path / "gift").exists()


def test_the_bundled_model_can_be_noted_about_and_stays_the_bundled_one(
    tmp_path: Path, assets: Path
) -> None:
    checkpoint.save(at_step(7), assets / f"{BUNDLED}.safetensors")
    assert read_notes(BUNDLED) == ""
    write_notes(BUNDLED, "A creature.")
    assert read_notes(BUNDLED) == "A creature."
    assert [each.name for each in ModelDir.named(BUNDLED).path.iterdir()] == ["notes.md"]
    assert model_names() == (BUNDLED,)
    assert find_model(BUNDLED).bundled
    assert unused_name(BUNDLED) == f"{BUNDLED}-2"
    for refused in (remove_model, prune_checkpoints, check_unused):
        with pytest.raises(CharloomError, match="'frankenstein'"):
            refused(BUNDLED)
    gift = checkpoint.load(export_model(ref(BUNDLED), tmp_path / "gift")).checkpoint
    assert gift.note == "A creature."


@pytest.mark.parametrize("target", ["missing/a", "x" * 300, "file/a", "a\0b"])
@pytest.mark.parametrize("half", [False, True])
def test_an_export_to_nowhere_is_told(tmp_path: Path, target: str, half: bool) -> None:
    save_model("creature", at_step(7))
    (tmp_path / "file").touch()
    with pytest.raises(CharloomError, match="cannot be written"):
        export_model(ref("creature"), tmp_path / target, half=half)


def test_a_damaged_checkpoint_is_not_exported(tmp_path: Path) -> None:
    damage(save_model("creature", at_step(7)))
    with pytest.raises(CharloomError, match="damaged"):
        export_model(ref("creature"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_imported_file_becomes_a_model(tmp_path: Path) -> None:
    source = tmp_path / "gift.safetensors"
    sha256 = checkpoint.save(at_step(42, 1.5), source)
    assert import_model(source) == "gift"
    assert import_model(source, "second") == "second"
    for name in ("gift", "second"):
        assert load_checkpoint(ref(f"{name}@42")).sha256 == sha256


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("a*b (1)", "a-b -1"),
        ("..hidden", "hidden"),
        ("---", "model"),
        ("cafe\u0301", "café"),
        ("é" * 100, "é" * 64),
        ("x" * 63 + " y", "x" * 63),
        ("frankenstein-1200", "frankenstein-1200"),
    ],
)
def test_an_imported_model_is_named_after_its_file(tmp_path: Path, stem: str, name: str) -> None:
    source = tmp_path / f"{stem}.safetensors"
    checkpoint.save(at_step(1), source)
    assert import_model(source) == name
    assert model_names() == (name,)


def test_an_import_replaces_no_model_and_refuses_what_is_no_checkpoint(tmp_path: Path) -> None:
    save_model("creature", at_step(1))
    before = tree(paths.models_dir())
    for stem, data in (
        ("creature", checkpoint.to_bytes(at_step(9))),
        ("Frankenstein", checkpoint.to_bytes(at_step(9))),
        ("con", checkpoint.to_bytes(at_step(9))),
        ("broken", b"\0" * 100),
    ):
        source = tmp_path / f"{stem}.safetensors"
        source.write_bytes(data)
        with pytest.raises(CharloomError):
            import_model(source)
    with pytest.raises(CharloomError):
        import_model(tmp_path / "missing")
    assert tree(paths.models_dir()) == before
