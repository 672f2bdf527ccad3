import json
import os
import re
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.runs.events import Progress, Sample, Validated
from charloom.core.runs.run import read_run_config, read_training_corpus
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.core.store.write import check_unused, unused_name
from charloom.tui.console.progress import sparkline
from charloom.tui.formatting.units import format_clock
from tests.helpers.child_process import CHARLOOM, TEXT, TINY, outcome, start
from tests.helpers.factories import random_checkpoint, ref, save_model, tree
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import COMMAND, call, folder


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "The Grey Sea.txt"
    path.write_text(TEXT)
    return path


def test_json_is_one_event_a_line_with_the_keys_that_scripts_rely_on(
    text: Path, tmp_path: Path
) -> None:
    command = ["train", str(text), "--name", "sea", *TINY, "--steps", "100", "--json"]
    status, out, _ = outcome(command, tmp_path)
    assert status == 0
    seen = [json.loads(line) for line in out.splitlines()]
    assert seen[0]["event"] == "started" and seen[-1]["event"] == "finished"
    kinds = {event["event"]: event for event in seen}
    assert kinds["progress"].keys() >= {
        *("step", "epoch", "loss", "lr", "chars_per_second", "eta_seconds")
    }
    for kind in ("validated", "finished"):
        assert kinds[kind].keys() >= {"val_loss", "val_bits_per_char", "best_val_loss"}


def test_without_a_terminal_there_are_plain_lines_and_stdout_stays_empty(
    text: Path, tmp_path: Path
) -> None:
    status, out, err = outcome(["train", str(text), *TINY, "--steps", "300"], tmp_path)
    assert (status, out) == (0, "")
    assert "bits/char" in err and "Best checkpoint" in err and "\x1b" not in err
    bits, choices = re.search(
        r"([\d.]+) bits per character, as if choosing among ([\d.]+) characters", err
    ).groups()  # type: ignore[union-attr]
    assert float(choices) == pytest.approx(2 ** float(bits), abs=0.06)
    prompt = '"The sea was grey, and the loom went on;"'
    assert f"charloom generate --model the-grey-sea {prompt}\n" in err


def test_a_model_is_named_after_its_text_and_numbered_if_that_is_taken(text: Path) -> None:
    save_model("the-grey-sea", random_checkpoint())
    assert call("train", str(text), *TINY, "--steps", "1").code == 0
    assert load_checkpoint(ref("the-grey-sea-2")).checkpoint.corpus.title == "The Grey Sea"


def test_a_text_comes_from_standard_input(tmp_path: Path) -> None:
    command = ["train", "-", "--name", "piped", *TINY, "--steps", "1"]
    assert outcome(command, tmp_path, given=TEXT)[0] == 0
    assert load_checkpoint(ref("piped")).checkpoint.corpus.characters == len(TEXT)


def test_an_open_pipe_without_input_is_reported() -> None:
    with subprocess.Popen(
        [*COMMAND, "train"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder()
    ) as process:  # as over ssh
        assert process.stderr
        line = process.stderr.readline().decode()
        process.kill()
    assert line.rstrip() == (
        "Waiting for standard input. Give TEXT to not read it; Ctrl-D ends it."
    )


def test_a_run_on_several_files_keeps_their_text_and_says_where_it_is_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("10.txt", "9.txt"):
        (tmp_path / name).write_text(f"{name}: {TEXT}")
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "7", "said": TEXT}))
    command = ["train", "10.txt", "9.txt", "a.jsonl", "--field", "said", "--name", "many"]
    result = call(*command, *TINY, "--steps", "2")
    joined = "Joined 3 files by name with two blank lines between them: 9.txt, 10.txt, a.jsonl."
    assert result.code == 0 and joined in result.err
    for path in tmp_path.glob("*.*"):
        path.unlink()
    folder = ModelDir.named("many")
    config = read_run_config(folder)
    assert read_training_corpus(folder, config).text.startswith("9.txt: The sea")
    assert config.title == "9 and 2 more" and "9.txt, " in config.source
    assert config.notes[0].startswith("Joined 3 files")


def test_modules_in_the_working_folder_are_not_imported(text: Path, tmp_path: Path) -> None:
    for name in ("torch.py", "numpy.py", "core/__init__.py", "charloom/core/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('a foreign module was imported')")
    status, _, err = outcome(["train", str(text), *TINY, "--steps", "1"], tmp_path)
    assert status == 0 and "foreign" not in err


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Loom at Carrow", "the-loom-at-carrow"),
        ("Frankenstein; or, the Modern Prometheus", "frankenstein-or-the-modern"),
        ("  ¿Qué?  ", "qué"),
        ("../../etc/passwd", "etc-passwd"),
        ("Cafe\u0301 \u1112\u1161\u11ab", "café-한"),  # as some systems spell file names
        ("हिन्दी की कहानी", "हिन्दी-की-कहानी"),
        ("«הָאָרֶץ»", "הָאָרֶץ"),
        ("Καλός ΛΌΓΟΣ", "καλός-λόγος"),
        ("Straße", "straße"),
        ("MİNE", "mi̇ne"),
        ("می\u200cشود.txt", "می\u200cشود-txt"),
        ("ภาษาไทยที่" * 9, "ภาษาไทยที่" * 4),
        ("\U00020000" * 99, "\U00020000" * 40),
        ("\x1b[31m", "31m"),
        ("—", "model"),
        ("x" * 500, "x" * 40),
        ("Frankenstein", "frankenstein-2"),  # the bundled model's
        ("Mine", "mine-3"),
        ("Stray", "stray-2"),  # a folder that is no model
    ],
)
def test_a_name_is_made_of_the_title_and_is_free(title: str, name: str) -> None:
    for taken in ("mine", "Mine-2"):
        save_model(taken, random_checkpoint())
    (paths.models_dir() / "stray").mkdir()
    assert unused_name(title) == name
    check_unused(name)


@needs_posix("signals between processes")
def test_ctrl_c_saves_and_hints_at_resume_which_continues(text: Path, tmp_path: Path) -> None:
    options = [*TINY, "--steps", "6000", "--patience", "1", "--json"]
    process = start(["train", str(text), "--name", "sea", *options], tmp_path)
    assert process.stdout
    for line in process.stdout:
        if json.loads(line)["event"] == "validated":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    end = json.loads(out.splitlines()[-1])
    assert (end["event"], end["reason"]) == ("finished", "stopped")
    assert "charloom resume sea" in err and "Traceback" not in err
    assert load_checkpoint(ref("sea@last")).checkpoint.step == end["step"]

    again = start(["resume", "sea", "--json"], tmp_path)
    assert again.stdout
    first = json.loads(again.stdout.readline())
    assert (first["event"], first["step"]) == ("started", end["step"])
    again.send_signal(signal.SIGINT)
    again.communicate()
    assert again.returncode == 130


def test_a_closed_pipe_ends_the_training_quietly(text: Path, tmp_path: Path) -> None:
    options = [*TINY, "--steps", "1000000", "--patience", "1", "--json"]
    process = start(["train", str(text), "--name", "sea", *options], tmp_path)
    assert process.stdout and process.stderr
    while '"progress"' not in process.stdout.readline():
        assert process.poll() is None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.stdin
    process.stdin.close()
    assert process.wait() == 0
    assert load_checkpoint(ref("sea")).checkpoint.step > 0


def test_a_name_that_is_taken_is_refused_and_the_model_left_alone(text: Path, home: Path) -> None:
    save_model("sea", random_checkpoint())
    before = tree(home)
    code, out, err = call("train", str(text), "--name", "sea", *TINY)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1 and "sea" in err
    assert tree(home) == before


@needs_posix("pseudo-terminals")
def test_in_a_terminal_the_run_is_drawn_in_place(text: Path, tmp_path: Path) -> None:
    import pty  # not available on Windows

    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [*CHARLOOM, "train", str(text), "--name", "sea", *TINY, "--steps", "300"],
        cwd=tmp_path,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "90", "LINES": "30"},
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    drawn = b""
    try:
        while piece := os.read(terminal, 65_536):
            drawn += piece
    except OSError:  # on Linux: the other side is closed
        pass
    os.close(terminal)
    assert process.wait() == 0
    shown = drawn.decode()
    assert "held out" in shown and "━" in shown and "chars/s" in shown
    assert "Best checkpoint" in shown and "Traceback" not in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_a_sparkline_is_highest_where_the_value_is_and_never_wider_than_asked() -> None:
    assert sparkline([3.0, 2.0, 1.0], 10) == "█▅▁"
    assert sparkline([1.0], 10) == "▁"
    assert len(sparkline([float(i) for i in range(1_000)], 30)) <= 30


def test_a_duration_is_formatted_as_a_clock() -> None:
    assert [format_clock(s) for s in (0, 59.6, 61, 3_661, -3)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:01:01",
        "0:00",
    ]


def test_event_kinds_have_fixed_names() -> None:
    assert [kind.event for kind in (Progress, Validated, Sample)] == [
        "progress",
        "validated",
        "sample",
    ]


def test_a_text_may_be_piped_in() -> None:
    done = call("train", stdin=b"too short")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("charloom: Standard input has only 9 characters; ")


def test_a_run_starts_from_a_model_and_its_checkpoints_say_so(text: Path) -> None:
    save_model("old", random_checkpoint(TEXT, step=7))
    fast = ["--batch", "4", "--window", "16", "--threads", "1", "--steps", "2"]
    result = call("train", str(text), "--name", "new", "--from", "old@7", *fast)
    assert result.code == 0 and result.err.startswith("from old@7: E 4, H 8")
    base = load_checkpoint(ref("new@last")).checkpoint.base
    assert base is not None and str(base) == "old@7"
    assert f"base      old@7 (SHA-256 {base.sha256})" in call("models", "show", "new").out
    (summary,) = [m for m in json.loads(call("models", "--json").out) if m["name"] == "new"]
    assert summary["base"] == "old@7"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "old", "--hidden", "9"], "--hidden is 8 in old@100, from which the run starts"),
        (["--from", "odl"], "There is no model called 'odl'; did you mean 'old'?"),
        (["--from", "old", "--preset", "small"], "--preset 'small' is a start from scratch"),
        (["--keep-vocab"], "--keep-vocab needs a model to start from"),
    ],
)
def test_a_start_that_is_not_possible_is_refused(
    options: list[str], message: str, text: Path
) -> None:
    save_model("old", random_checkpoint(TEXT))
    result = call("train", str(text), *options)
    assert (result.code, result.out) == (1, "") and message in result.err
    assert not ModelDir.named("the-grey-sea").path.exists()


def test_a_model_is_trained_further_as_a_new_one_and_measured_on_the_same_text(text: Path) -> None:
    fast = ["--batch", "4", "--window", "16", "--threads", "1", "--precision", "float32"]
    first = ["train", str(text), "--name", "sea", *TINY, *fast, "--steps", "9"]
    assert call(*first, "--held-out", "0.3", "--fold", "70").code == 0
    text.unlink()
    parent = tree(ModelDir.named("sea").path)
    result = call("train", "--more", "sea", *fast, "--steps", "2", "--json")
    assert result.code == 0 and tree(ModelDir.named("sea").path) == parent
    seen = [json.loads(line) for line in result.out.splitlines()]
    assert (seen[0]["base"], seen[0]["held_out_characters"]) == ("sea@9", int(len(TEXT) * 0.3))
    before, after = (load_checkpoint(ref(name)).checkpoint for name in ("sea@9", "sea-2@0"))
    assert seen[1]["event"] == "validated" and before.losses.validation is not None
    assert seen[1]["val_loss"] == pytest.approx(before.losses.validation, abs=1e-5)
    assert after.vocab == before.vocab and PLACEHOLDER in after.vocab.c2ix
    base = load_checkpoint(ref("sea-2@2")).checkpoint.base
    assert base and replace(base, share=0.0) == after.base


def test_a_model_is_trained_further_on_another_text(text: Path) -> None:
    save_model("old-7", random_checkpoint(TEXT))
    fast = ["--batch", "4", "--window", "16", "--threads", "1", "--steps", "1"]
    assert call("train", "--more", "old-7@100", str(text), *fast).code == 0
    checkpoint = load_checkpoint(ref("old-8@last")).checkpoint
    assert (checkpoint.corpus.title, str(checkpoint.base)) == ("The Grey Sea", "old-7@100")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--more", "old"], 1, "The text that 'old' learned from ('alphabet') is not on this"),
        (["--more", "old", "--from", "old"], 2, "Give --from or --more, not both."),
        (["--more", "old", "--start", "sea"], 2, "do not apply to the text of --more; name a TEXT"),
        (["--more", "odl"], 1, "There is no model called 'odl'; did you mean 'old'?"),
    ],
)
def test_a_model_that_cannot_be_trained_further_is_refused(
    options: list[str], code: int, message: str
) -> None:
    save_model("old", random_checkpoint(TEXT))
    result = call("train", *options)
    assert (result.code, result.out) == (code, "") and message in result.err
    assert not ModelDir.named("old-2").path.exists()
