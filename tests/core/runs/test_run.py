import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from charloom.core.data import corpus
from charloom.core.errors import CharloomError
from charloom.core.runs import events
from charloom.core.runs.commands import EXIT_ALREADY_TRAINING, Command, send_command
from charloom.core.runs.events import (
    CheckpointSaved,
    Event,
    Finished,
    Progress,
    RunWarning,
    Started,
    Validated,
)
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training
from charloom.core.runs.run import create_run, read_run_config, read_training_corpus
from charloom.core.runs.trainer import TrainerProcess, launch_trainer
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.core.store.write import remove_model
from tests.helpers.child_process import TEXT
from tests.helpers.factories import ref
from tests.helpers.marks import is_private, needs_posix
from tests.helpers.small_models import SMALL, create, endless

KILLED = "exit 1" if sys.platform == "win32" else "signal 9"


def until(kind: type, training: TrainerProcess) -> Event:
    return next(event for event in training.events() if isinstance(event, kind))


def test_too_large_a_vocabulary_is_refused_before_anything_is_made() -> None:
    many = "".join(map(chr, range(0xF0000, 0xF0000 + 70_000)))
    text = corpus.from_bytes((many + many[:40_000]).encode(), title="many", source="many.txt")
    with pytest.raises(CharloomError, match=r"‘fold’ must be at least 2, which leaves 40,001 "):
        create_run("many", text, "small", {}, min_count=1)
    assert not ModelDir.named("many").path.exists()
    create_run("many", text, "small", {}, min_count=2)
    rare = corpus.from_bytes(many.encode(), title="rare", source="rare.txt")  # each once
    for min_count in (0, 1, 2):
        with pytest.raises(CharloomError, match="70,000 different characters, all of them rare"):
            create_run("rare", rare, "small", {}, min_count)


@pytest.mark.usefixtures("own_trainers")
def test_a_run_directory_holds_all_that_is_known_of_the_run() -> None:
    folder = create(steps=300)
    seen = list(TrainerProcess(folder).events())
    assert isinstance(seen[0], Started) and isinstance(seen[-1], Finished)
    assert seen[-1].step == 300
    assert {each.name for each in folder.path.iterdir()} >= {
        *("run.json", "corpus.txt", "metrics.jsonl", "samples.jsonl"),
        *("checkpoints", "resume.safetensors"),
    }
    plan = json.loads(folder.run_config.read_text())
    assert plan["training"]["steps"] == 300 and plan["model"]["hidden_size"] == 8
    lines = folder.metrics.read_text().splitlines()
    kinds = {json.loads(line)["event"] for line in lines}
    assert kinds == {"started", "progress", "validated", "checkpoint", "finished"}
    samples = folder.samples.read_text().splitlines()
    assert {json.loads(line)["event"] for line in samples} == {"sample"}
    assert load_checkpoint(ref("small")).checkpoint.losses.carried == seen[-1].val_loss
    assert load_checkpoint(ref("small@last")).checkpoint.step == 300
    assert is_private(folder.path)


def test_what_was_adjusted_is_told_right_after_the_start_and_kept() -> None:
    folder = create(steps=1, batch_size=64, device="mps" if torch.cuda.is_available() else "cuda")
    seen = list(TrainerProcess(folder).events())
    assert [type(event) for event in seen[:4]] == [Started, RunWarning, RunWarning, Progress]
    sentences = [event.message for event in seen if isinstance(event, RunWarning)]
    assert "The text is short: training with batch" in sentences[0]
    assert "cannot be used on this machine" in sentences[1]
    assert read_run_config(folder).training_notes == sentences[:1]


def test_a_trainer_that_is_told_to_stop_before_it_has_begun_still_saves() -> None:
    training = TrainerProcess(endless())
    training.stop()
    end = until(Finished, training)
    assert isinstance(end, Finished) and end.reason == "stopped"
    assert load_checkpoint(ref("small@last")).checkpoint.step == end.step


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory in use from /proc")
def test_a_network_too_large_for_the_memory_is_told_in_a_sentence() -> None:
    text = corpus.from_bytes(TEXT.encode() * 9, title="sea", source="sea.txt")
    large = SMALL | {
        "embedding_dim": 256,
        "batch_size": 1024,
        "window": 4096,
        "batching": "shuffled",
    }
    folder = create_run("large", text, "small", large, min_count=0)
    # PyTorch alone takes up to 3 GiB of address space: the limit counts from there.
    limited = """
import resource, sys
import torch
from charloom.core.training import worker
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), used + (2 << 30)))
sys.exit(worker.main(sys.argv[1:]))
"""
    command = [sys.executable, "-P", "-c", limited, str(folder.path), "0"]
    child = subprocess.run(command, check=False)
    assert child.returncode == 1
    last = folder.metrics.read_text().splitlines()[-1]
    end = events.from_line(last)
    assert isinstance(end, Finished) and end.reason == "failed"
    assert "not enough memory" in end.message


def test_a_trainer_that_is_killed_leaves_its_last_checkpoint_and_a_sentence() -> None:
    folder = create(steps=8_000, checkpoint_seconds=0.2, patience=1.0)  # validated every 2,000
    training = TrainerProcess(folder)
    with pytest.raises(CharloomError, match=KILLED):
        for event in training.events():
            if isinstance(event, Validated):
                training._process.kill()
    assert load_checkpoint(ref("small")).checkpoint.step > 0


def test_a_second_trainer_is_refused_and_the_first_goes_on() -> None:
    folder = endless()
    first = TrainerProcess(folder)
    until(Progress, first)
    second = TrainerProcess(folder)
    with pytest.raises(CharloomError, match=r"'small' is being trained\."):
        list(second.events())
    until(Progress, first)
    with pytest.raises(CharloomError, match="small"):
        remove_model("small")
    first.stop()
    until(Finished, first)
    remove_model("small")


def test_an_order_to_an_earlier_trainer_is_not_obeyed_and_one_at_the_start_is() -> None:
    folder = endless()
    send_command(folder, Command("stop"))
    training = TrainerProcess(folder)
    send_command(folder, Command("checkpoint"))  # Python has not even started yet
    saved = until(CheckpointSaved, training)
    assert isinstance(saved, CheckpointSaved) and saved.step == 0
    assert isinstance(until(Progress, training), Progress)
    send_command(folder, Command("stop"))
    end = until(Finished, training)
    assert isinstance(end, Finished) and end.reason == "stopped"


@pytest.mark.parametrize("writable", [True, False])
def test_it_can_be_stopped_from_its_first_moment_on(writable: bool) -> None:
    folder = endless()
    if not writable:
        folder.commands.mkdir()
    training = TrainerProcess(folder)
    if not writable:  # then a signal stops it, which needs a process that is ready for it
        until(Started, training)
    training.stop()
    end = until(Finished, training)
    assert isinstance(end, Finished) and end.reason == "stopped"
    assert training._process.wait() == 0


def test_a_run_that_was_paused_stopped_and_resumed_ends_bit_for_bit_as_another() -> None:
    undisturbed = TrainerProcess(create("whole", steps=2_000))
    folder = create("parted", steps=2_000)
    training = TrainerProcess(folder)
    until(Started, training)
    for order in (Command("pause"), Command("continue"), Command("pause"), Command("stop")):
        send_command(folder, order)
    stopped = until(Finished, training)
    assert isinstance(stopped, Finished) and stopped.reason == "stopped"
    assert load_checkpoint(ref("parted@last")).checkpoint.step == stopped.step < 2_000
    again = TrainerProcess(folder, resume=True)
    started = until(Started, again)
    assert isinstance(started, Started) and started.step == stopped.step
    until(Finished, again)
    until(Finished, undisturbed)
    one, other = (
        load_checkpoint(ref(f"{name}@2000")).checkpoint.tensors for name in ("whole", "parted")
    )
    assert all((one[name] == other[name]).all() for name in one)


def test_a_trainer_waits_for_those_who_only_look_at_the_lock() -> None:
    folder = create(steps=1)
    with FileLock(folder.lock):
        process = launch_trainer(folder)
        time.sleep(0.3)
    assert process.wait() == 0
    with FileLock(folder.lock):
        assert launch_trainer(folder).wait() == EXIT_ALREADY_TRAINING


@pytest.mark.usefixtures("own_trainers")
@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (
            "ImportError('no torch\\nhere')",
            "PyTorch cannot be loaded (no torch); reinstall",
        ),
        (
            "OSError('libtorch.so: no such file')",
            "PyTorch cannot be loaded (libtorch.so: no such",
        ),
        ("MemoryError()", "There is not enough memory to load PyTorch"),
        ("OSError(12, 'Cannot allocate memory')", "There is not enough memory to load PyTorch"),
        (
            "ImportError('libtorch_cpu.so: failed to map segment from shared object')",
            "There is not enough memory to load PyTorch",
        ),
        (
            "ImportError('x.so: failed to map segment from shared object: not permitted')",
            "PyTorch cannot be loaded (x.so: failed",
        ),
        ("ValueError('?')", "Training failed (ValueError); see '"),
    ],
)
def test_the_last_event_says_why_a_trainer_ended(
    failure: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(f"raise {failure}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = create()
    folder.trainer_log.write_text("what an earlier trainer printed\n")
    (end,) = TrainerProcess(folder).events()
    assert isinstance(end, Finished) and end.reason == "failed"
    assert end.message.startswith(sentence)
    log = folder.trainer_log.read_text()
    assert log.endswith(end.message + "\n") and "earlier" not in log
    assert "Traceback" in log or "memory" in end.message


@needs_posix("/dev")
def test_a_trainer_that_cannot_write_what_happens_leaves_that_in_its_log() -> None:
    folder = create(steps=1)
    folder.metrics.symlink_to("/dev/full")
    with pytest.raises(CharloomError, match=r"failed \(exit 1\).*trainer.log' has more"):
        list(TrainerProcess(folder).events())
    assert "No space left on device" in folder.trainer_log.read_text()


def test_the_launching_process_may_exit_quietly(tmp_path: Path) -> None:
    folder = endless()
    code = (
        "import sys; from charloom.core.runs.trainer import launch_trainer\n"
        "from charloom.core.store.model_dir import ModelDir\n"
        "folder = ModelDir.named(sys.argv[1])\n"
        "process = launch_trainer(folder); print(process.poll())\n"
        "launch_trainer(folder)"  # and one to which there is no reference
    )
    command = [sys.executable, "-P", "-X", "dev", "-W", "error", "-c", code, folder.name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("None\n", "")
    while not is_training(folder):
        time.sleep(0.01)
    send_command(folder, Command("stop"))
    while is_training(folder):
        time.sleep(0.01)
    run = RunMonitor(folder)
    run.refresh()
    assert run.status is RunStatus.STOPPED


def test_a_run_that_cannot_be_started_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CharloomError, match=r"'gone' cannot be started.*\.$"):
        launch_trainer(ModelDir(tmp_path / "gone"))


def test_a_run_whose_text_was_changed_does_not_go_on() -> None:
    folder = create()
    plan, path = read_run_config(folder), folder.corpus
    text = path.read_bytes()
    assert read_training_corpus(folder, plan).text == text.decode() == TEXT
    for wrong in (text.replace(b"grey", b"blue"), text[:-1], b"", b"\xff"):
        path.write_bytes(wrong)
        with pytest.raises(CharloomError, match="'small' is missing or was changed"):
            read_training_corpus(folder, plan)
    path.unlink()
    with pytest.raises(CharloomError, match="'small' is missing or was changed"):
        read_training_corpus(folder, plan)


def test_a_config_that_cannot_be_read_is_refused() -> None:
    folder = create()
    config = json.loads(folder.run_config.read_text())
    wrong_model = json.dumps(config | {"model": {"vocab_size": 3, "units": 8}})
    for wrong in ("", "[]", "{}", '{"preset": 1}', wrong_model):
        folder.run_config.write_text(wrong)
        with pytest.raises(CharloomError, match=r"'small' has no readable run.json.*start a new"):
            read_run_config(folder)


def test_a_run_of_the_former_format_is_refused_with_the_reason() -> None:
    folder = create()
    config = json.loads(folder.run_config.read_text())
    config["chosen"], config["fold"] = config.pop("overrides"), config.pop("min_count")
    folder.run_config.write_text(json.dumps(config))
    with pytest.raises(CharloomError, match=r"'small' was made by another version.*new run.*\.$"):
        read_run_config(folder)


@pytest.mark.usefixtures("own_trainers")
def test_a_run_of_a_second_trains_a_second_however_long_it_takes_to_start() -> None:
    begin = time.monotonic()
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    folder = create_run("auto", text, "auto", {"minutes": 0.02, "threads": 1}, min_count=0)
    end = until(Finished, TrainerProcess(folder))
    assert isinstance(end, Finished) and end.val_loss is not None
    assert (end.reason, end.step > 0) == ("completed", True)
    assert 0.5 < end.elapsed_seconds <= time.monotonic() - begin
    plan = read_run_config(folder)
    assert plan.model and plan.training and plan.training.minutes == 0.02
