from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.store import write as store
from tests.helpers.factories import at_step, damage, own_assets, tree


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no model be bundled, unless a test puts one here."""
    return own_assets(tmp_path / "packages", monkeypatch)


def test_an_exported_checkpoint_is_the_same_file(tmp_path: Path) -> None:
    path = store.save("creature", at_step(1_200))
    for target, expected in (
        (tmp_path / "mine.bin", tmp_path / "mine.bin"),
        (tmp_path, tmp_path / "creature-1200.safetensors"),
    ):
        assert store.export("creature", target) == expected
        assert expected.read_bytes() == path.read_bytes()


def test_an_export_in_half_precision_can_be_loaded(tmp_path: Path) -> None:
    store.save("creature", at_step(7))
    loaded = checkpoint.load(store.export("creature", tmp_path, half=True)).checkpoint
    assert {str(tensor.dtype) for tensor in loaded.tensors.values()} == {"float16"}


def test_an_export_replaces_nothing_unless_forced(tmp_path: Path) -> None:
    path = store.save("creature", at_step(7))
    target = tmp_path / "letter.txt"
    target.write_text("dear sister")
    with pytest.raises(CharloomError, match="already there; use --force"):
        store.export("creature", target)
    assert target.read_text() == "dear sister"
    store.export("creature", target, force=True)
    assert target.read_bytes() == path.read_bytes()


def test_notes_go_along_with_an_export_and_come_with_an_import(tmp_path: Path) -> None:
    path = store.save("creature", at_step(7))
    store.write_notes("creature", "# Cold hands\nlr 4e-3 [b]\x1b")
    for half in (False, True):
        target = store.export("creature", tmp_path / f"gift-{half}.safetensors", half=half)
        gift = checkpoint.load(target).checkpoint
        assert gift.note == store.notes("creature")
        assert {str(tensor.dtype) for tensor in gift.tensors.values()} == {
            "float16" if half else "float32"
        }
        name = store.import_(target)
        assert store.notes(name) == gift.note
        again = store.export(name, tmp_path / f"again-{half}.safetensors")
        assert again.read_bytes() == target.read_bytes()
        store.write_notes(name, "warm")
        warm = checkpoint.load(store.export(name, again, force=True)).checkpoint
        assert warm.note == "warm"
        assert warm.tensors["head.bias"].dtype == gift.tensors["head.bias"].dtype
        store.write_notes(name, "")
        assert checkpoint.load(store.export(name, again, force=True)).checkpoint.note == ""
    store.write_notes("creature", "")
    store.export("creature", target, force=True)
    assert target.read_bytes() == path.read_bytes()


def test_notes_that_are_too_long_to_go_along_are_told(tmp_path: Path) -> None:
    store.save("creature", at_step(7))
    store.write_notes("creature", "x" * 100_001)
    with pytest.raises(CharloomError, match="about 'creature' are too long to go along"):
        store.export("creature", tmp_path / "gift")
    assert not (tmp_path / "gift").exists()


def test_the_bundled_model_can_be_noted_about_and_stays_the_bundled_one(
    tmp_path: Path, assets: Path
) -> None:
    checkpoint.save(at_step(7), assets / f"{store.BUNDLED}.safetensors")
    assert store.notes(store.BUNDLED) == ""
    store.write_notes(store.BUNDLED, "A creature.")
    assert store.notes(store.BUNDLED) == "A creature."
    assert [each.name for each in store.folder(store.BUNDLED).iterdir()] == ["notes.md"]
    assert store.names() == (store.BUNDLED,)
    assert store.model(store.BUNDLED).bundled
    assert store.free_name(store.BUNDLED) == f"{store.BUNDLED}-2"
    for refused in (store.remove, store.prune, store.check_free):
        with pytest.raises(CharloomError, match="'frankenstein'"):
            refused(store.BUNDLED)
    gift = checkpoint.load(store.export(store.BUNDLED, tmp_path / "gift")).checkpoint
    assert gift.note == "A creature."


@pytest.mark.parametrize("target", ["missing/a", "x" * 300, "file/a", "a\0b"])
@pytest.mark.parametrize("half", [False, True])
def test_an_export_to_nowhere_is_told(tmp_path: Path, target: str, half: bool) -> None:
    store.save("creature", at_step(7))
    (tmp_path / "file").touch()
    with pytest.raises(CharloomError, match="cannot be written"):
        store.export("creature", tmp_path / target, half=half)


def test_a_damaged_checkpoint_is_not_exported(tmp_path: Path) -> None:
    damage(store.save("creature", at_step(7)))
    with pytest.raises(CharloomError, match="damaged"):
        store.export("creature", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_imported_file_becomes_a_model(tmp_path: Path) -> None:
    source = tmp_path / "gift.safetensors"
    sha256 = checkpoint.save(at_step(42, 1.5), source)
    assert store.import_(source) == "gift"
    assert store.import_(source, "second") == "second"
    for name in ("gift", "second"):
        assert store.load(f"{name}@42").sha256 == sha256


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
    assert store.import_(source) == name
    assert store.names() == (name,)


def test_an_import_replaces_no_model_and_refuses_what_is_no_checkpoint(tmp_path: Path) -> None:
    store.save("creature", at_step(1))
    before = tree(paths.models())
    for stem, data in (
        ("creature", checkpoint.to_bytes(at_step(9))),
        ("Frankenstein", checkpoint.to_bytes(at_step(9))),
        ("con", checkpoint.to_bytes(at_step(9))),
        ("broken", b"\0" * 100),
    ):
        source = tmp_path / f"{stem}.safetensors"
        source.write_bytes(data)
        with pytest.raises(CharloomError):
            store.import_(source)
    with pytest.raises(CharloomError):
        store.import_(tmp_path / "missing")
    assert tree(paths.models()) == before
