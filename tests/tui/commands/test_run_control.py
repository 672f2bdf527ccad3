"""`charloom pause`, `continue`, `checkpoint` and `stop`, and what they report."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from filelock import FileLock

from charloom.core.runs import events
from charloom.core.runs.commands import CommandReader
from charloom.core.runs.events import CheckpointSaved, Continued, Event, Paused
from charloom.core.runs.jsonl import file_size
from charloom.core.runs.monitor import is_training
from charloom.core.runs.trainer import launch_trainer
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.tui.commands import runs
from tests.helpers.factories import random_checkpoint, ref, save_model, tree
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import call
from tests.helpers.small_models import endless
from tests.tui.helpers.run_folders import at_work, course, end, write_run

COMMANDS = ("pause", "continue", "checkpoint", "stop")


def test_a_trainer_is_paused_saved_continued_and_stopped() -> None:
    folder = endless("my sea")
    process = launch_trainer(folder)
    while not is_training(folder):
        time.sleep(0.01)

    done = call("pause", "my sea", "--json")  # torch is not even imported yet
    event = json.loads(done.out)
    step = event["step"]
    assert done.code == 0 and event["event"] == "paused"
    hint = "`charloom continue 'my sea'` continues it."
    assert done.err == f"my sea is paused at step {step:,}. {hint}\n"
    again = call("pause", "my sea")
    assert again == (0, "", f"my sea is already paused at step {step:,}. {hint}\n")

    done = call("checkpoint", "my sea")
    path = folder.checkpoint(step)
    assert done == (0, f"{path}\n", f"my sea is saved at step {step:,}.\n")
    assert path.is_file()

    done = call("continue", "my sea")
    assert done == (0, "", f"my sea continues from step {step:,}.\n")
    assert call("continue", "my sea").err == "my sea is not paused; it is being trained.\n"
    assert json.loads(call("checkpoint", "my sea", "--json").out)["step"] >= step

    done = call("stop", "my sea", "--json")
    finished = json.loads(done.out)
    assert (done.code, finished["event"], finished["reason"]) == (0, "finished", "stopped")
    assert "Stopped and saved" in done.err and "charloom resume 'my sea'" in done.err
    assert process.wait() == 0
    assert load_checkpoint(ref("my sea@last")).checkpoint.step == finished["step"]


@pytest.mark.parametrize("command", [*COMMANDS, "attach"])
def test_a_run_that_is_not_being_trained_is_reported_with_a_hint(command: str) -> None:
    save_model("imported", random_checkpoint())
    write_run("new run")
    write_run("stopped", *course(300), end("stopped"))
    write_run("done", *course(300), end())
    write_run("failed", *course(300), end("failed", "It broke."))
    write_run("killed", *course(300)).trainer_log.write_text("Bus error\n")
    begin, hint = "is not being trained", "`charloom resume {}` continues it."
    for name, rest in {
        "imported": ": it was imported and has no run; `charloom runs` lists all runs.",
        "frankenstein": ": it was imported and has no run; `charloom runs` lists all runs.",
        "new run": " yet; `charloom resume 'new run'` starts it.",
        "stopped": f": it was stopped; {hint.format('stopped')}",
        "done": ": it is done; `charloom generate --model done` generates text.",
        "failed": f": It broke; {hint.format('failed')}",
        "killed": f": Bus error; {hint.format('killed')}",
    }.items():
        assert call(command, name) == (1, "", f"charloom: {name!r} {begin}{rest}\n")
    missing = call(command, "nobody")
    assert missing.code == 1 and "no model called 'nobody'" in missing.err


def sent(folder: ModelDir) -> list[str]:
    """Return the commands that were sent to the run in ``folder``."""
    lines = folder.commands.read_text().splitlines()
    return [json.loads(line)["command"] for line in lines]


@contextmanager
def trainer(folder: ModelDir, *answers: Event | Callable[[], object]) -> Iterator[None]:
    """Hold the lock of a run until a command arrives; then do what a trainer would."""
    inbox = CommandReader(folder, file_size(folder.commands))
    lock = FileLock(folder.lock, thread_local=False)

    def obey() -> None:
        while inbox.next() is None:
            time.sleep(0.01)
        for answer in answers:
            if callable(answer):
                answer()
            else:
                events.record(folder, answer)
        lock.release()

    lock.acquire()
    thread = threading.Thread(target=obey)
    thread.start()
    yield
    thread.join()


def test_a_run_that_is_being_trained_gets_no_second_trainer() -> None:
    folder = write_run("my sea", *course(300))
    with at_work(folder):
        done = call("resume", "my sea")
    assert done.code == 1
    assert done.err == (
        "charloom: 'my sea' is being trained. "
        "`charloom attach 'my sea'` shows it, `charloom stop 'my sea'` stops it.\n"
    )
    assert not folder.trainer_log.exists() and not folder.commands.exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_trainer_that_dies_is_waited_for_no_longer(command: str) -> None:
    folder = write_run("sea", *course(300), *([Paused(300)] if command == "continue" else []))
    folder.trainer_log.write_text("Bus error\n")
    with trainer(folder):
        done = call(command, "sea")
    assert done.code == 1 and "'sea' is not being trained: Bus error; `charloom" in done.err
    assert sent(folder) == [command]


def test_a_run_that_ends_before_it_can_be_paused_is_an_error() -> None:
    with trainer(write_run("sea", *course(300)), end()):
        done = call("pause", "sea")
    assert done.code == 1 and "'sea' is not being trained: it is done" in done.err


def test_a_run_that_fails_when_it_is_stopped_is_an_error() -> None:
    with trainer(write_run("sea", *course(300)), end("failed", "It broke.")):
        done = call("stop", "sea")
    assert done.code == 1 and done.err.endswith("\ncharloom: It broke.\n")


def test_a_trainer_that_does_not_answer_keeps_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "_TIMEOUT_SECONDS", 0.0)
    folder = write_run("sea", *course(300))
    with at_work(folder):
        done = call("pause", "sea")
    assert done.code == 1 and "not answered the command to pause; `charloom runs`" in done.err
    assert sent(folder) == ["pause"]


@needs_posix("signals between processes")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_waiting_and_the_command_remains(kind: signal.Signals) -> None:
    folder, left = write_run("sea", *course(300)), threading.Event()
    with trainer(folder, lambda: os.kill(os.getpid(), kind), left.wait):
        done = call("stop", "sea")
        left.set()
    assert done.code == 130 and "sea will stop; `charloom runs`" in done.err
    assert sent(folder) == ["stop"]


def test_a_run_that_has_paused_by_itself_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [*course(300), Paused(200), Continued(200), Paused(300, "There is no room on disk.")]
    folder = write_run("sea", *story)
    with at_work(folder):
        done = call("pause", "sea", "--json")
        assert done.err == "sea is already paused at step 300. There is no room on disk.\n"
        assert json.loads(done.out)["message"] == "There is no room on disk."
        with monkeypatch.context() as patched:
            patched.setattr(runs, "_TIMEOUT_SECONDS", 0.0)
            assert call("continue", "sea").err == "charloom: There is no room on disk.\n"
    with trainer(folder, Continued(300), CheckpointSaved(300, "step-00000300.safetensors")):
        assert call("continue", "sea") == (0, "", "sea continues from step 300.\n")
    assert sent(folder) == ["continue", "continue"]


@pytest.mark.parametrize("reason", ["completed", "no longer improving"])
def test_a_finished_run_is_not_resumed_and_stays_as_it_is(reason: str) -> None:
    folder = write_run("sea", *course(300), end(reason))
    before = tree(folder.path)
    done = call("resume", "sea")
    assert (done.code, done.out) == (0, "")
    assert done.err == (
        f"'sea' is finished ({reason}) and stays as it is; "
        "`charloom train --more sea` trains it further, as a new run.\n"
    )
    assert events.from_line(call("resume", "sea", "--detach", "--json").out) == end(reason)
    assert tree(folder.path) == before
