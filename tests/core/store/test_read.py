import dataclasses
import os
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import UnreadableError
from charloom.core.model.metadata import Losses
from charloom.core.store.read import (
    find_checkpoint,
    find_model,
    list_models,
    load_checkpoint,
    model_names,
)
from charloom.core.store.write import (
    check_unused,
    export_model,
    import_model,
    new_model_folder,
    pin_checkpoint,
    prune_checkpoints,
    read_notes,
    remove_model,
    rename_model,
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
from tests.helpers.marks import needs_posix


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no model be bundled, unless a test puts one here."""
    return own_assets(tmp_path / "packages", monkeypatch)


@pytest.fixture
def bundled(assets: Path) -> Path:
    checkpoint.save(at_step(9_000, 1.3), assets / "frankenstein.safetensors")
    return assets / "frankenstein.safetensors"


def steps(name: str) -> list[int]:
    return [each.step for each in find_model(name).checkpoints]


def test_an_empty_home_has_no_models() -> None:
    assert model_names() == ()
    assert list_models() == ()
    assert not paths.home().exists()


def test_a_saved_checkpoint_is_found_and_loaded_as_it_was() -> None:
    new = at_step(1_200, 1.5)
    path = save_model("creature", new)
    assert path == paths.models_dir() / "creature" / "checkpoints" / "step-00001200.safetensors"
    assert model_names() == ("creature",)
    loaded = load_checkpoint(ref("creature"))
    assert loaded.checkpoint.step == 1_200
    assert checkpoint.to_bytes(loaded.checkpoint) == path.read_bytes() == checkpoint.to_bytes(new)
    [info] = list_models()
    [found] = info.checkpoints
    assert (info.name, info.bundled, found.step, found.path) == ("creature", False, 1_200, path)
    assert (found.size, found.pinned, found.error) == (path.stat().st_size, False, "")
    assert found.metadata is not None
    assert found.metadata.losses == Losses(validation=1.5)


def test_addresses_name_the_best_the_last_or_a_step() -> None:
    for step, validation in ((100, 2.0), (200, 1.5), (300, None), (400, 1.6)):
        save_model("creature", at_step(step, validation))
    found = {
        which: load_checkpoint(ref(f"creature{which}")).checkpoint.step
        for which in ("", "@", "@best", "@last", "@100", "@300")
    }
    assert found == {"": 200, "@": 200, "@best": 200, "@last": 400, "@100": 100, "@300": 300}
    assert checkpoint_path("creature@best").name == "step-00000200.safetensors"


def test_of_equal_losses_the_later_is_the_best() -> None:
    save_model("creature", at_step(100, 1.5))
    save_model("creature", at_step(200, 1.5))
    assert load_checkpoint(ref("creature")).checkpoint.step == 200


def test_where_no_loss_was_measured_the_newest_is_the_best() -> None:
    save_model("creature", at_step(10**9))
    save_model("creature", at_step(999_999_999))
    assert load_checkpoint(ref("creature")).checkpoint.step == 10**9


@pytest.mark.parametrize("which", ["@7", "@first", "@-1", "@1e3", "@" + "9" * 9_999, "@@", "@ 100"])
def test_an_address_that_names_nothing_says_what_there_is(which: str) -> None:
    save_model("creature", at_step(100))
    with pytest.raises(CharloomError, match="it has @100, @last, @best") as caught:
        checkpoint_path("creature" + which)
    assert len(str(caught.value)) < 300


def test_an_unknown_model_is_told_with_those_near_it() -> None:
    save_model("creature", at_step(1))
    with pytest.raises(CharloomError, match=r"did you mean 'creature'\?$"):
        load_checkpoint(ref("Creatrue@best"))
    with pytest.raises(CharloomError, match=r"no model called 'zzz'\.$"):
        load_checkpoint(ref("zzz"))


@needs_posix("symbolic links that anyone may make")
def test_what_does_not_belong_is_passed_over() -> None:
    save_model("creature", at_step(100, 1.5))
    models = paths.models_dir()
    (models / "stray.txt").write_text("hello")
    (models / "foreign").mkdir()
    for name in (".hidden", "frankenstein", "Frankenstein", "a@b"):
        (models / name / "checkpoints").mkdir(parents=True)
    (models / "dangling").symlink_to(models / "nowhere")
    (models / "loop").symlink_to(models / "loop")
    checkpoints = models / "creature" / "checkpoints"
    for name in (
        "step-5.safetensors",
        "step-000000100.safetensors",
        ".step-00000100.x.charloom.tmp",
        "a",
    ):
        (checkpoints / name).write_bytes(b"")
    (checkpoints / "step-00000300.safetensors").mkdir()
    assert model_names() == ("creature",)
    assert steps("creature") == [100]


def test_a_run_that_has_no_checkpoint_yet_is_a_model() -> None:
    with new_model_folder("creature"):
        assert model_names() == ()
    assert model_names() == ("creature",)
    assert find_model("creature").newest is None
    assert find_model("creature").best is None
    with pytest.raises(CharloomError, match="no checkpoint yet"):
        load_checkpoint(ref("creature"))


def test_a_damaged_checkpoint_is_listed_as_such_and_not_the_best() -> None:
    save_model("creature", at_step(100, 1.5))
    save_model("creature", at_step(200, 1.0)).write_bytes(b"not a checkpoint at all")
    sound, damaged = find_model("creature").checkpoints
    assert sound.metadata is not None
    assert damaged.metadata is None
    assert "cannot be used" in damaged.error
    assert load_checkpoint(ref("creature")).checkpoint.step == 100
    with pytest.raises(CharloomError, match=r"step-00000200.*; other checkpoints: creature@100\."):
        load_checkpoint(ref("creature@200"))


@pytest.mark.parametrize(
    ("address", "used"), [("creature@last", 200), ("creature", 100), ("creature@best", 100)]
)
def test_a_damaged_checkpoint_is_set_aside_and_the_next_in_line_is_used(
    address: str, used: int
) -> None:
    save_model("creature", at_step(100, 1.5))
    save_model("creature", at_step(200, 2.0))
    path = save_model("creature", at_step(300, 1.0))
    damage(path)
    data = path.read_bytes()
    loaded = load_checkpoint(ref(address))
    assert loaded.checkpoint.step == used
    assert loaded.warning == (
        f"The checkpoint creature@300 is damaged and set aside; @{used} is used instead."
    )
    assert steps("creature") == [100, 200]
    assert path.with_name(f"{path.name}.damaged").read_bytes() == data
    again = load_checkpoint(ref(address))
    assert again.sha256 == loaded.sha256 and again.warning == ""


def test_one_damaged_checkpoint_after_the_other_is_set_aside() -> None:
    for step in (100, 200, 300):
        path = save_model("creature", at_step(step))
        if step > 100:
            path.write_bytes(path.read_bytes()[:-step])
    loaded = load_checkpoint(ref("creature@last"))
    assert "creature@300, @200 is damaged" in loaded.warning
    assert loaded.checkpoint.step == 100 and steps("creature") == [100]


def test_a_checkpoint_that_may_be_sound_is_not_set_aside() -> None:
    save_model("creature", at_step(100))
    path = save_model("creature", at_step(200))
    newer = path.read_bytes().replace(b'"version": "2"', b'"version": "3"')
    path.write_bytes(newer)
    with pytest.raises(UnreadableError, match="update Charloom"):
        load_checkpoint(ref("creature@last"))
    assert steps("creature") == [100, 200] and path.read_bytes() == newer


def test_a_model_whose_only_checkpoint_is_damaged_says_so() -> None:
    damage(save_model("creature", at_step(200, 1.0)))
    with pytest.raises(CharloomError, match="weights are damaged") as caught:
        load_checkpoint(ref("creature"))
    assert "other checkpoints" not in str(caught.value)
    assert steps("creature") == [200]
    checkpoint_path("creature").write_bytes(b"")
    with pytest.raises(CharloomError, match="truncated"):
        load_checkpoint(ref("creature"))


def test_the_bundled_model_can_be_used_and_exported(bundled: Path, tmp_path: Path) -> None:
    save_model("aaa", at_step(1))
    assert model_names() == ("frankenstein", "aaa")
    for address in ("frankenstein", "frankenstein@best", "frankenstein@last", "frankenstein@9000"):
        assert checkpoint_path(address).samefile(bundled)
    assert load_checkpoint(ref("frankenstein")).checkpoint.step == 9_000
    assert find_model("frankenstein").bundled
    exported = export_model(ref("frankenstein"), tmp_path)
    assert exported.name == "frankenstein-9000.safetensors"
    assert exported.read_bytes() == bundled.read_bytes()
    with pytest.raises(CharloomError, match="did you mean 'frankenstein'"):
        load_checkpoint(ref("Frankenstein"))


def test_the_bundled_model_cannot_be_changed(bundled: Path) -> None:
    before = tree(bundled.parent)
    save_model("aaa", at_step(1))
    for use in (
        lambda: save_model("frankenstein", at_step(1)),
        lambda: rename_model("frankenstein", "monster"),
        lambda: rename_model("aaa", "frankenstein"),
        lambda: remove_model("frankenstein"),
        lambda: prune_checkpoints("frankenstein"),
        lambda: pin_checkpoint(ref("frankenstein")),
        lambda: import_model(bundled),
    ):
        with pytest.raises(CharloomError, match="frankenstein"):
            use()
    assert tree(bundled.parent) == before
    assert model_names() == ("frankenstein", "aaa")
    assert read_notes("frankenstein") == ""


def test_several_models_may_be_bundled(bundled: Path) -> None:
    save_model("English", at_step(1))
    save_model("diary", at_step(1))
    checkpoint.save(at_step(9), bundled.with_stem("english"))
    assert model_names() == ("frankenstein", "english", "diary")
    assert find_model("english").bundled and find_checkpoint(ref("english"))[1].step == 9
    with pytest.raises(CharloomError, match=r"The name '[Ee]nglish' is taken"):
        check_unused("english")
    with pytest.raises(CharloomError, match="'english' comes with Charloom and cannot be changed"):
        prune_checkpoints("english")


def test_a_damaged_bundled_model_is_listed_as_such(bundled: Path) -> None:
    bundled.write_bytes(b"")
    [info] = list_models()
    assert info.best is None
    assert info.newest is not None
    with pytest.raises(CharloomError, match="truncated"):
        load_checkpoint(ref("frankenstein"))


def test_listing_reads_no_weights() -> None:
    path = save_model("creature", dataclasses.replace(at_step(1), note="kept"))
    header_end = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    size = path.stat().st_size
    os.truncate(path, header_end)
    os.truncate(path, size)
    [found] = find_model("creature").checkpoints
    assert found.metadata is not None
    assert found.metadata.note == "kept"


def test_a_loss_on_few_characters_makes_no_checkpoint_the_best() -> None:
    for step, loss, characters in ((10, 2.0, 24_000), (20, 1.0, 26), (30, 1.9, None)):
        losses = Losses(validation=loss, validation_characters=characters)
        save_model("sea", dataclasses.replace(at_step(step), losses=losses))
    best = find_model("sea").best
    assert best and best.step == 30
