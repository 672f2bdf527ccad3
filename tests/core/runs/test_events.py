import json
import math
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import StorageError
from charloom.core.runs import events
from charloom.core.runs.event_log import EventLog
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Evaluating,
    Event,
    Finished,
    Paused,
    Preparing,
    Progress,
    RateChanged,
    RunWarning,
    Sample,
    Started,
    ThreadsChanged,
    Validated,
    bits,
    from_line,
    record,
    to_line,
)
from charloom.core.store.model_dir import ModelDir

MODEL, TRAINING = ModelConfig(9).to_json(), TrainConfig(steps=5).to_json()
EVERY: list[Event] = [
    Started(
        0, "cpu", "float32", 1, 1_234, 900, 100, None, 2.2, 2.0, 1.9, 1.8, None, MODEL, TRAINING
    ),
    Progress(3, 0.5, 2.0, bits(2.0), 0.004, 51_204.5, 1.5, 2.5, 0.375),
    Validated(4, 1.5, bits(1.5), 1.25, 3, 24_000, 0.01),
    Sample(5, 'a"b\\c\n\x1b[31m\u2028é漢\U0001f9f5\ud800'),
    CheckpointSaved(5, "step-00000005.safetensors"),
    Paused(5, "There is no room."),
    Continued(5),
    RateChanged(5, 1e-7),
    RunWarning("The text is short."),
    Evaluating(4, 16_384, 2_097_152, 99.5),
    Finished(5, "completed", 1.5, bits(1.5), 1.6, 1.4, 4, 3.5),
    Finished.failed("There is not enough memory."),
    ThreadsChanged(5, 1, 8_250.5),
    Preparing(0.375),
]


@pytest.mark.parametrize("event", EVERY)
def test_an_event_is_one_line_that_gives_it_back(event: Event) -> None:
    line = to_line(event)
    assert len(line.splitlines()) == 1 and line.isascii()
    assert from_line(line) == from_line(line + "\n") == event


@pytest.fixture
def folder(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path)


def test_every_kind_of_event_has_been_looked_at() -> None:
    assert {type(event) for event in EVERY} == set(get_args(Event))


@pytest.mark.parametrize(
    ("event", "name", "keys"),
    [
        (EVERY[0], "started", "step device uniform unigram bigram five_gram xz model training"),
        (EVERY[1], "progress", "step epoch loss lr chars_per_second eta_seconds"),
        (EVERY[2], "validated", "val_loss val_bits_per_char best_val_loss standard_error"),
        (EVERY[3], "sample", "step text"),
        (EVERY[4], "checkpoint", "step file"),
        (EVERY[5], "paused", "step message"),
        (EVERY[6], "continued", "step"),
        (EVERY[7], "rate", "step lr"),
        (EVERY[8], "warning", "message"),
        (EVERY[9], "evaluating", "step counted_characters max_characters eta_seconds"),
        (EVERY[10], "finished", "reason val_loss val_bits_per_char standard_error"),
        (EVERY[12], "threads", "step threads chars_per_second"),
        (EVERY[13], "preparing", "fraction"),
    ],
)
def test_scripts_find_the_names_they_rely_on(event: Event, name: str, keys: str) -> None:
    data = json.loads(to_line(event))
    assert data["event"] == name
    assert data.keys() >= set(keys.split())
    assert data.keys() == {"event", *(each.name for each in fields(event))}


@pytest.mark.parametrize("event", EVERY)
def test_a_torn_line_is_no_event(event: Event) -> None:
    line = to_line(event)
    assert [from_line(line[:length]) for length in range(len(line))] == [None] * len(line)


@pytest.mark.parametrize(
    "line",
    [
        *("", "\n", "null", "7", '"started"', "[]", "{}", "NaN"),
        '{"event": "weaved", "step": 1}',
        '{"event": ["sample"], "step": 1, "text": ""}',
        '{"event": null}',
        '{"event": "sample", "step": 1}',
        '{"event": "sample", "step": 1, "text": "", "colour": 2}',
        '{"event": "warning", "message": ' + "9" * 5_000 + "}",
        "[" * 100_000,
        '{"event": "warning"}{"event": "warning"}',
        '{"event": "sample", "step": "one", "text": ""}',
        '{"event": "sample", "step": 1.5, "text": ""}',
        '{"event": "rate", "step": 1, "lr": NaN}',
        '{"event": "rate", "step": 1, "lr": -Infinity}',
        '{"event": "rate", "step": 1, "lr": 1e999}',
        '{"event": "paused", "step message": 1' + "0" * 400 + "}",
    ],
    ids=lambda line: line[:30],
)
def test_a_line_that_is_none_of_ours_is_no_event(line: str) -> None:
    assert from_line(line) is None


@given(st.text())
def test_no_line_does_harm(line: str) -> None:
    assert from_line(line) is None


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_json_cannot_say_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_line(Validated(1, number, number, 1.0, 1, 1, 0.1))


def test_events_are_recorded_in_the_run_s_files_and_what_was_torn_is_passed_over(
    folder: ModelDir,
) -> None:
    folder.metrics.write_text('{"event": "warn')
    for event in EVERY:
        record(folder, event)
    samples = folder.samples.read_bytes().splitlines()
    assert [from_line(line) for line in samples] == [EVERY[3]]
    lines = folder.metrics.read_bytes().splitlines()
    others = [event for event in EVERY if not isinstance(event, Sample)]
    assert [from_line(line) for line in lines] == [None, *others]


def test_what_cannot_be_recorded_waits_in_order_and_gives_up_the_room_that_was_reserved(
    folder: ModelDir,
) -> None:
    journal = EventLog(folder)
    reserve, log = folder.reserve, folder.metrics
    assert reserve.stat().st_size == 65_536
    log.mkdir()  # where nothing can be appended
    for event in (RunWarning("one"), Paused(5, "There is no room."), Sample(5, "text")):
        journal.record(event)
    assert not reserve.exists()
    with pytest.raises(StorageError, match=r"The events of .* cannot be written"):
        journal.close()
    log.rmdir()
    journal.record(Continued(5))
    assert reserve.exists()
    journal.record(RunWarning("two"))
    journal.close()
    assert not reserve.exists()
    lines = log.read_bytes().splitlines()
    expected = [RunWarning("one"), Paused(5, "There is no room."), Continued(5), RunWarning("two")]
    assert [from_line(line) for line in lines] == expected
    assert from_line(folder.samples.read_bytes()) == Sample(5, "text")


def test_a_nat_is_more_than_a_bit() -> None:
    assert events.bits(math.log(2)) == pytest.approx(1.0)
    assert events.bits(1.0) == pytest.approx(1.4426950408889634)
