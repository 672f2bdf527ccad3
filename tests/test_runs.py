import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from core import corpus, events, runs, store
from core.errors import CharloomError
from core.events import Event, Finished, Progress, Sample, Started, Validated, Warned
from tests.child import TEXT

SMALL: dict[str, Any] = {
    "hidden": 8,
    "embedding": 4,
    "batch": 4,
    "window": 16,
    "threads": 1,
    "precision": "float32",
}


def create(name: str = "small", **chosen: Any) -> Path:
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    return runs.create(name, text, "small", SMALL | chosen, fold=0)


def endless(name: str = "small") -> Path:
    return create(name, steps=1_000_000, checkpoint_seconds=0.2, patience=1.0)


def until(kind: type, training: runs.Training) -> Event:
    return next(event for event in training.events() if isinstance(event, kind))


def test_a_run_directory_holds_all_that_is_known_of_the_run() -> None:
    folder = create(steps=300)
    seen = list(runs.Training(folder).events())
    assert isinstance(seen[0], Started) and isinstance(seen[-1], Finished)
    assert seen[-1].step == 300
    assert {each.name for each in folder.iterdir()} >= {
        *("run.json", "corpus.txt", "metrics.jsonl", "samples.jsonl"),
        *("checkpoints", "resume.safetensors"),
    }
    plan = json.loads((folder / "run.json").read_text())
    assert plan["training"]["steps"] == 300 and plan["model"]["hidden"] == 8
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    kinds = {json.loads(line)["event"] for line in lines}
    assert kinds == {"started", "progress", "validated", "checkpoint", "finished"}
    samples = (folder / "samples.jsonl").read_text().splitlines()
    assert {json.loads(line)["event"] for line in samples} == {"sample"}
    assert store.load("small").checkpoint.losses.carried == seen[-1].val_loss
    assert store.load("small@last").checkpoint.step == 300
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_was_adjusted_is_told_right_after_the_start_and_kept() -> None:
    folder = create(steps=1, batch=64, device="mps" if torch.cuda.is_available() else "cuda")
    seen = list(runs.Training(folder).events())
    assert [type(event) for event in seen[:4]] == [Started, Warned, Warned, Progress]
    sentences = [event.message for event in seen if isinstance(event, Warned)]
    assert "The text is short: training with --batch" in sentences[0]
    assert "cannot be used on this machine" in sentences[1]
    assert runs.read_plan(folder).notes == sentences[:1]


def test_a_trainer_that_is_told_to_stop_before_it_has_begun_still_saves() -> None:
    training = runs.Training(endless())
    training.stop()
    end = until(Finished, training)
    assert isinstance(end, Finished) and end.reason == "stopped"
    assert store.load("small@last").checkpoint.step == end.step


def test_a_network_too_large_for_the_memory_is_told_in_a_sentence() -> None:
    text = corpus.from_bytes(TEXT.encode() * 9, title="sea", source="sea.txt")
    large = SMALL | {"embedding": 256, "batch": 1024, "window": 4096, "order": "shuffled"}
    folder = runs.create("large", text, "small", large, fold=0)
    command = [sys.executable, "-P", "-m", "core.trainer", str(folder), str(time.time())]
    limits = (3 << 30, 3 << 30)  # bytes
    child = subprocess.run(
        command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limits), check=False
    )
    assert child.returncode == 1
    last = (folder / "metrics.jsonl").read_text().splitlines()[-1]
    end = events.from_line(last)
    assert isinstance(end, Finished) and end.reason == "failed"
    assert "not enough memory" in end.message


def test_a_stopped_run_goes_on_from_its_step() -> None:
    folder = endless()
    training = runs.Training(folder)
    until(Progress, training)
    training.stop()
    stopped = until(Finished, training)
    assert isinstance(stopped, Finished) and stopped.reason == "stopped"
    assert store.load("small@last").checkpoint.step == stopped.step > 0
    again = runs.Training(folder, resume=True)
    started = until(Started, again)
    assert isinstance(started, Started) and started.step == stopped.step
    until(Progress, again)
    again.stop()
    end = until(Finished, again)
    assert isinstance(end, Finished) and end.step > stopped.step


def test_a_trainer_that_is_killed_leaves_its_last_checkpoint_and_a_sentence() -> None:
    folder = endless()
    training = runs.Training(folder)
    with pytest.raises(CharloomError, match="signal 9"):
        for event in training.events():
            if isinstance(event, Validated):
                os.kill(training._process.pid, signal.SIGKILL)
    assert store.load("small").checkpoint.step > 0


def test_a_second_trainer_is_refused_and_the_first_goes_on() -> None:
    folder = endless()
    first = runs.Training(folder)
    until(Progress, first)
    second = runs.Training(folder)
    with pytest.raises(CharloomError, match="'small' is being trained already"):
        list(second.events())
    until(Progress, first)
    with pytest.raises(CharloomError, match="small"):
        store.remove("small")
    first.stop()
    until(Finished, first)
    store.remove("small")


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tail = runs.Tail(path)
    assert list(tail.events()) == []
    sample = '{"event": "sample", "step": 1, "text": "é"}'.encode()
    path.write_bytes(sample[:-3])
    assert list(tail.events()) == []
    path.write_bytes(sample + b"\n" + b"\xff{torn\n" + sample[:5])
    assert list(tail.events()) == [Sample(1, "é")]
    assert list(tail.events()) == []


def test_a_line_that_was_torn_is_ended_before_the_next_is_written(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"event": "warn')
    (tmp_path / "samples.jsonl").write_text(events.to_line(Sample(1, "é")) + "\n")
    written: list[Event] = [Warned("é"), Sample(2, "\n")]
    with closing(runs.Journal(tmp_path)) as journal:
        for event in written:
            journal.write(event)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [events.from_line(line) for line in lines] == [None, Warned("é")]
    lines = (tmp_path / "samples.jsonl").read_text().splitlines()
    assert [events.from_line(line) for line in lines] == [Sample(1, "é"), Sample(2, "\n")]


def test_a_run_whose_text_was_changed_does_not_go_on() -> None:
    folder = create()
    plan, path = runs.read_plan(folder), folder / "corpus.txt"
    text = path.read_bytes()
    assert runs.read_text(folder, plan) == text.decode() == TEXT
    for wrong in (text.replace(b"grey", b"blue"), text[:-1], b"", b"\xff"):
        path.write_bytes(wrong)
        with pytest.raises(CharloomError, match="'small' is missing or was changed"):
            runs.read_text(folder, plan)
    path.unlink()
    with pytest.raises(CharloomError, match="'small' is missing or was changed"):
        runs.read_text(folder, plan)


def test_a_plan_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for wrong in ("", "[]", "{}", '{"preset": 1, "colour": 2}'):
        (tmp_path / "run.json").write_text(wrong)
        with pytest.raises(CharloomError, match="start a new run"):
            runs.read_plan(tmp_path)


def test_what_is_chosen_for_auto_fits_the_minutes_that_were_given() -> None:
    begin = time.monotonic()
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    folder = runs.create("auto", text, "auto", {"minutes": 0.1, "threads": 1}, fold=0)
    end = until(Finished, runs.Training(folder))
    assert isinstance(end, Finished) and end.val_loss is not None
    assert end.elapsed_seconds <= time.monotonic() - begin
    plan = runs.read_plan(folder)
    assert plan.model and plan.training and plan.training["minutes"] == 0.1
