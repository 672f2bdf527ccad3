"""Detached runs: started, attached to, left again, and stopped."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from charloom.core.runs import trainer
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training
from charloom.core.runs.trainer import launch_trainer
from charloom.core.store.model_dir import ModelDir
from tests.helpers.child_process import CHARLOOM, TEXT, TINY, outcome, start
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import call, needs_terminal
from tests.helpers.small_models import endless
from tests.helpers.terminal import CTRL_C, Terminal

ENDLESS = [*TINY, "--minutes", "60", "--patience", "1"]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "sea.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list["Popen[bytes]"]:
    """The trainers started by this process."""
    launch, processes = launch_trainer, []

    def recording_launch(*arguments: Any) -> "Popen[bytes]":
        processes.append(launch(*arguments))
        return processes[-1]

    monkeypatch.setattr(trainer, "launch_trainer", recording_launch)
    return processes


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def monitor(name: str) -> RunMonitor:
    run = RunMonitor(ModelDir.named(name))
    run.refresh()
    return run


def terminal_with(*command: str, home: Path) -> Terminal:
    return Terminal([*CHARLOOM, *command], home=home)


def attached(name: str, folder: Path) -> "Popen[str]":
    """Start watching for a script, and return when something has happened."""
    process = start(["attach", name, "--json"], folder)
    assert process.stdout
    first, second = (json.loads(process.stdout.readline()) for _ in range(2))
    assert (first["event"], first["step"]) == ("started", 0) and second["event"] != "started"
    return process


@needs_terminal
def test_a_run_is_detached_attached_to_left_again_and_stopped(
    text: Path, tmp_path: Path, home: Path
) -> None:
    command = ["train", str(text), "--name", "my sea", *ENDLESS, "--detach", "--json"]
    status, out, err = outcome(command, tmp_path)
    begun = json.loads(out)
    assert status == 0
    assert (begun["name"], begun["state"]) == ("my sea", "training")
    assert begun.keys() == json.loads(call("runs", "--json").out).keys()
    assert err.splitlines() == [
        "my sea is being trained.",
        "Watch it: charloom attach 'my sea'",
        "Stop it:  charloom stop 'my sea'",
    ]

    with attached("my sea", tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert "my sea continues.\n" in process.communicate()[1]
    assert process.returncode == 130

    with attached("my sea", tmp_path) as process:
        assert process.stdout and process.stderr
        process.stdout.close()  # as a reader that wants no more does
        assert "my sea continues.\n" in process.stderr.read()
    assert process.returncode == 0

    until(lambda: (run := monitor("my sea")).validated and run.sample)
    assert call("pause", "my sea").code == 0  # no more events come
    now = monitor("my sea").progress
    assert now
    present = f"my sea  step {now.step:,}"
    parts = ("Ctrl-C leaves", "Paused at step", present, "held out", "chars/s", "▁")
    with terminal_with("attach", "my sea", home=home) as terminal:
        terminal.wait(lambda: all(part in terminal.text for part in parts))
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert "my sea stays paused." in terminal.text
        assert terminal.text.count(present) == 1
        assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")
    assert call("continue", "my sea").code == 0

    with terminal_with("attach", "my sea", home=home) as terminal:
        terminal.wait_for("chars/s")
        terminal.hang_up()
        assert terminal.process.wait() == -signal.SIGHUP
    assert is_training(ModelDir.named("my sea"))

    with attached("my sea", tmp_path) as process:
        stopped = call("stop", "my sea").err
        out, err = process.communicate()
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["event"] == "finished"
    assert err.startswith("Stopped and saved") and stopped.endswith(err)


def test_a_run_is_resumed_and_detached_and_its_trainers_death_is_reported(
    tmp_path: Path, launched: list["Popen[bytes]"]
) -> None:
    endless("sea")
    done = call("resume", "sea", "--detach")
    assert done.code == 0 and done.err.startswith(
        "sea was never saved; training starts from the begin"
    )
    assert call("stop", "sea").code == 0

    done = call("resume", "sea", "--detach")
    assert done.err.startswith("sea is being trained.\n") and done.out == ""
    until(lambda: monitor("sea").status is RunStatus.TRAINING)
    with start(["attach", "sea"], tmp_path) as process:
        assert process.stderr
        process.stderr.readline()
        launched[-1].kill()
        error = process.communicate()[1].splitlines()[-1]
    assert process.returncode == 1
    assert error.startswith("charloom: 'sea' is not being trained: ")
    assert error.endswith("; `charloom resume sea` continues it.")


@pytest.mark.usefixtures("own_trainers")
def test_a_run_that_cannot_begin_is_an_error(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = call("train", str(text), "--name", "sea", *ENDLESS, "--detach", "--json")
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "PyTorch cannot be loaded (no torch here)" in done.err


@needs_posix("signals between processes")
def test_ctrl_c_before_a_run_has_begun_ends_it(text: Path, tmp_path: Path) -> None:
    command = ["train", str(text), "--name", "sea", *ENDLESS, "--detach"]
    with start(command, tmp_path) as process:
        until(lambda: is_training(ModelDir.named("sea")))
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
    assert process.returncode == 130
    assert "Stopped and saved" in err and "being trained" not in err
    assert monitor("sea").status is RunStatus.STOPPED


@needs_terminal
@pytest.mark.parametrize("ignoring", [False, True])
def test_a_run_continues_when_the_terminal_it_was_started_in_is_closed(
    text: Path, home: Path, ignoring: bool
) -> None:
    command = [*CHARLOOM, "train", str(text), "--name", "sea", *ENDLESS]
    if ignoring:  # as nohup does; then there is no terminal to write to
        command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command]
    with Terminal(command, home=home) as terminal:
        terminal.wait_for("chars/s", timeout=60)
        terminal.hang_up()
        if ignoring:
            assert call("pause", "sea").code == 0  # which the command then tries to show
        assert terminal.process.wait() == (1 if ignoring else -signal.SIGHUP)
    assert monitor("sea").status is (RunStatus.PAUSED if ignoring else RunStatus.TRAINING)
    assert call("stop", "sea").code == 0
