import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from charloom.core.model.checkpoint import read_metadata
from charloom.core.model.metadata import CorpusInfo, Losses
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import (
    find_model,
    load_checkpoint,
    model_names,
)
from charloom.core.store.write import (
    export_model,
    pin_checkpoint,
    remove_model,
    write_notes,
)
from tests.helpers.factories import (
    checkpoint_path,
    own_assets,
    random_checkpoint,
    ref,
    save_model,
    tree,
)
from tests.helpers.run_cli import Result, call, needs_terminal, on_terminal


@pytest.fixture(autouse=True)
def _models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models, the first with three checkpoints, and no bundled one."""
    own_assets(tmp_path, monkeypatch)
    for step, loss in ((100, 2.0), (200, 1.0), (300, 1.5)):
        losses = Losses(train=loss / 2, validation=loss)
        save_model("weaver", random_checkpoint(step=step, losses=losses))
    card = CorpusInfo(title="烏鴉\x1b", sha256="0" * 64, characters=9, opening="烏")
    save_model("烏", random_checkpoint(hidden_size=12, layers=2, step=1_234, corpus=card))


def models(*arguments: str) -> Result:
    return call("models", *arguments)


def listed() -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(models("--json").out)
    return records


def steps(name: str) -> list[int]:
    return [checkpoint.step for checkpoint in find_model(name).checkpoints]


def test_the_list_has_a_row_for_each_model_with_right_aligned_figures() -> None:
    done = models()
    assert done == models("list")
    assert [line.split() for line in done.out.splitlines()] == [
        ["model", "hidden", "parameters", "step", "nats/char", "bits/char", "saved", "MB", "text"],
        ["weaver", "8", "812", "200", "1.0000", "1.4427", "3", "0.0", "alphabet"],
        ["烏", "2×12", "2,588", "1,234", "1", "0.0", "烏鴉␛"],
    ]
    head, weaver, crow = done.out.splitlines()
    column = head.index("step") + len("step")
    assert weaver[:column].endswith(" 200")
    assert crow[: column - 1].endswith(" 1,234")  # 烏 takes two columns


def test_help_lists_all_commands() -> None:
    assert "prune" in models("--help").out
    assert "prune" in models("-h").out


def test_the_list_for_scripts() -> None:
    weaver, crow = listed()
    assert weaver == {
        "name": "weaver",
        "bundled": False,
        "hidden_size": 8,
        "layers": 1,
        "embedding_dim": 4,
        "vocab_size": 28,
        "parameters": 812,
        "best_step": 200,
        "nats_per_char": 1.0,
        "bits_per_char": pytest.approx(1.442695, abs=1e-6),
        "counted_characters": None,
        "standard_error": None,
        "base": None,
        "checkpoints": 3,
        "bytes": sum(checkpoint.size for checkpoint in find_model("weaver").checkpoints),
        "text": "alphabet",
    }
    assert (crow["nats_per_char"], crow["bits_per_char"]) == (None, None)


def test_the_loss_on_all_the_held_out_text_goes_before_that_of_a_part() -> None:
    losses = Losses(validation=0.9, carried=0.95, carried_standard_error=0.0123)
    save_model("weaver", random_checkpoint(step=400, losses=losses))
    assert listed()[0]["nats_per_char"] == 0.95
    assert listed()[0]["standard_error"] == 0.0123
    assert "0.9500 ± 0.0123" in models("show", "weaver").out


def test_a_model_whose_checkpoints_are_damaged_is_listed_as_such() -> None:
    for checkpoint in find_model("weaver").checkpoints:
        checkpoint.path.write_bytes(b"no checkpoint")
    assert models().out.splitlines()[1].split()[-1] == "damaged"
    assert listed()[0]["best_step"] is None
    assert models("show", "weaver").code == 0


def test_an_empty_list_says_how_to_make_a_model() -> None:
    for name in ("weaver", "烏"):
        remove_model(name)
    done = models()
    assert (done.code, done.out) == (0, "")
    assert "charloom train" in done.err
    assert listed() == []


def test_a_model_is_shown_with_its_checkpoints_and_notes() -> None:
    pin_checkpoint(ref("weaver@100"))
    write_notes("weaver", "Learns\nfast.")
    shown = models("show", "weaver").out
    assert "network   E 4, H 8, 1 layer, V 28, 812 parameters" in shown
    assert "text      alphabet (1,000 characters)" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["100", "1.0000", "2.0000", "0.0", "pinned"] in rows
    assert ["200", "0.5000", "1.0000", "0.0", "best"] in rows
    assert shown.endswith("\nLearns\nfast.\n")


def test_a_model_is_shown_to_scripts() -> None:
    pin_checkpoint(ref("weaver@100"))
    checkpoint_path("weaver@300").write_bytes(b"no checkpoint")
    shown = json.loads(models("show", "weaver", "--json").out)
    metadata = json.loads(json.dumps(read_metadata(checkpoint_path("weaver@200")).to_json()))
    assert shown["metadata"] == metadata | {"vocab": list("\n abcdefghijklmnopqrstuvwxyz")}
    assert [saved["step"] for saved in shown["saved"]] == [100, 200, 300]
    assert [saved["pinned"] for saved in shown["saved"]] == [True, False, False]
    assert shown["saved"][1]["losses"]["validation"] == 1.0
    assert shown["saved"][2]["losses"] is None
    assert "safetensors" in shown["saved"][2]["error"]


def test_a_model_is_renamed() -> None:
    before = tree(ModelDir.named("weaver").path)
    assert models("rename", "weaver", "spinner").code == 0
    assert tree(ModelDir.named("spinner").path) == before
    assert "weaver" not in model_names()


def test_a_model_is_removed_only_after_confirmation() -> None:
    done = models("remove", "weaver")
    assert done.code == 2
    assert "Pass --yes" in done.err
    assert steps("weaver") == [100, 200, 300]
    assert models("remove", "weaver", "--yes").code == 0
    assert model_names() == ("烏",)


@needs_terminal
@pytest.mark.parametrize("kind", ["trained", "bundled"])
def test_what_cannot_be_removed_is_refused_before_the_question(kind: str, tmp_path: Path) -> None:
    if kind == "bundled":
        shutil.copy(checkpoint_path("weaver"), tmp_path / "frankenstein.safetensors")
        done = on_terminal("models", "remove", "frankenstein")
        reason = "The model 'frankenstein' comes with Charloom and cannot be changed."
    else:
        with FileLock(ModelDir.named("weaver").lock):
            done = on_terminal("models", "remove", "weaver")
        reason = "'weaver' is being trained. `charloom attach weaver` shows it"
    assert done.code == 1 and done.out.startswith(f"charloom: {reason}")


@needs_terminal
def test_a_terminal_is_asked_for_confirmation() -> None:
    refused = on_terminal("models", "remove", "weaver", typed=b"n\n")
    assert "Delete the model 'weaver' permanently (3 checkpoints, 0.0 MB)?" in refused.out
    assert refused.out.endswith("charloom: Nothing was removed.\n")
    assert refused.code == 1
    assert "weaver" in model_names()
    assert on_terminal("models", "remove", "weaver", typed=b"y\n").code == 0
    assert "weaver" not in model_names()


def test_a_checkpoint_is_the_same_after_export_and_import(tmp_path: Path) -> None:
    target = tmp_path / "gift.safetensors"
    exported = models("export", "weaver@100", str(target))
    assert exported.out == f"{target}\n"
    imported = models("import", str(target))
    assert imported.out == "gift\n"
    assert load_checkpoint(ref("gift")).sha256 == load_checkpoint(ref("weaver@100")).sha256


def test_an_export_replaces_a_file_only_with_force(tmp_path: Path) -> None:
    target = tmp_path / "gift.safetensors"
    target.write_bytes(b"mine")
    done = models("export", "weaver", str(target), "--half")
    assert done.code == 1
    assert "--force" in done.err
    assert target.read_bytes() == b"mine"
    assert models("export", "weaver", str(target), "--half", "--force").code == 0
    assert target.stat().st_size < checkpoint_path("weaver").stat().st_size


def test_an_import_may_be_named(tmp_path: Path) -> None:
    source = export_model(ref("weaver"), tmp_path)
    assert models("import", str(source), "--name", "guest").out == "guest\n"
    assert steps("guest") == [200]
    again = models("import", str(source), "--name", "guest")
    assert (again.code, again.err.count("\n")) == (1, 1)


def test_a_pinned_checkpoint_is_not_pruned() -> None:
    assert models("pin", "weaver@100").code == 0
    assert "0 checkpoints" in models("prune", "weaver").err
    assert models("pin", "weaver@100", "--off").code == 0
    assert "1 checkpoint," in models("prune", "weaver").err
    assert steps("weaver") == [200, 300]


def test_a_score_on_few_characters_is_shown_as_such() -> None:
    losses = Losses(validation=2.0, validation_characters=26)
    save_model("short", random_checkpoint(step=7, losses=losses))
    assert f"{2 / math.log(2):.4f} (on 26 characters)" in models("list").out
    assert "2.0000 (on 26 characters)" in models("show", "short").out
    assert [record["counted_characters"] for record in listed() if record["name"] == "short"] == [
        26
    ]
    done = call("growth", "short", "--length", "9")
    assert f"{2 / math.log(2):.2f}  valid.   (on 26 characters) " in done.out
