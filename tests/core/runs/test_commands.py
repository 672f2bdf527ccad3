import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.errors import CharloomError
from charloom.core.runs import commands
from charloom.core.runs.commands import Command, CommandReader, _parsed, send_command
from charloom.core.store.model_dir import ModelDir


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every look at the file be due."""
    monkeypatch.setattr(commands, "_POLL_SECONDS", 0.0)


def heard(inbox: CommandReader) -> list[Command]:
    return list(iter(inbox.next, None))


@pytest.fixture
def folder(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path)


def test_what_is_given_is_heard_in_turn_and_once(folder: ModelDir) -> None:
    inbox = CommandReader(folder)
    assert inbox.next() is None
    given = [Command("pause"), Command("set-lr", 1e-7), Command("set-lr", 1), Command("continue")]
    for order in given:
        send_command(folder, order)
    assert heard(inbox) == given
    send_command(folder, Command("stop"))
    assert heard(inbox) == [Command("stop")]
    assert heard(inbox) == []


def test_what_was_given_before_is_not_heard(folder: ModelDir) -> None:
    send_command(folder, Command("stop"))
    inbox = CommandReader(folder)
    send_command(folder, Command("checkpoint"))
    assert heard(inbox) == [Command("checkpoint")]
    folder.commands.write_text("")
    assert heard(inbox) == []
    send_command(folder, Command("pause"))
    assert heard(inbox) == [Command("pause")]


def test_an_order_that_was_torn_is_none_and_spoils_no_other(folder: ModelDir) -> None:
    folder.commands.write_text('{"order": "st')
    inbox = CommandReader(folder)
    send_command(folder, Command("pause"))
    assert heard(inbox) == [Command("pause")]


@pytest.mark.parametrize("rate", [None, 0, -1, 0.9e-7, 1.1, math.nan, math.inf, True, "0.1", []])
def test_a_learning_rate_that_makes_no_sense_is_refused_in_a_sentence(rate: Any) -> None:
    with pytest.raises(CharloomError, match=r"number.*\.$"):
        Command("set-lr", rate)


@pytest.mark.parametrize("kind", ["", "Pause", "set-rate", None, [], 7])
def test_what_a_trainer_does_not_understand_is_refused(kind: Any) -> None:
    with pytest.raises(CharloomError, match="understands pause, continue"):
        Command(kind)


HOSTILE = [
    *(b"", b"null", b"7", b'"stop"', b"[]", b"{}", b"\xff\xfe{", b"[" * 10_000, b"{" * 10_000),
    *(b'{"order": "explode"}', b'{"order": ["stop"]}', b'{"order": {}}', b'{"stop": "order"}'),
    *(b'{"order": "set-lr"}', b'{"order": "set-lr", "value": "1"}', b'{"order": null}'),
    *(b'{"order": "set-lr", "value": NaN}', b'{"order": "set-lr", "value": 1e999}'),
    b'{"order": "set-lr", "value": 1' + b"0" * 400 + b"}",
    b'{"order": "set-lr", "value": ' + b"9" * 5_000 + b"}",
]


def test_lines_that_are_no_orders_are_passed_over(folder: ModelDir) -> None:
    inbox = CommandReader(folder)
    folder.commands.write_bytes(b"\n".join([*HOSTILE, b""]))
    send_command(folder, Command("stop"))
    assert heard(inbox) == [Command("stop")]


@given(st.binary())
def test_no_line_whatever_is_in_it_does_harm(line: bytes) -> None:
    assert _parsed(line) is None


def test_an_order_is_a_line_that_a_person_can_write(folder: ModelDir) -> None:
    send_command(folder, Command("pause"))
    send_command(folder, Command("set-lr", 0.001))
    lines = folder.commands.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"order": "pause"},
        {"order": "set-lr", "value": 0.001},
    ]


def test_an_order_that_cannot_be_written_is_told_in_a_sentence(folder: ModelDir) -> None:
    gone = ModelDir(folder.path / "gone")
    with pytest.raises(CharloomError, match=r"'gone' cannot be written.*is there.*\.$"):
        send_command(gone, Command("pause"))
    assert not gone.path.exists()
    folder.commands.symlink_to("/dev/full")
    with pytest.raises(CharloomError, match=r"cannot be written \(No space left.*has room\.$"):
        send_command(folder, Command("pause"))


def test_a_file_of_orders_that_cannot_be_read_is_no_order(folder: ModelDir) -> None:
    folder.commands.mkdir()
    inbox = CommandReader(folder)
    assert inbox.next() is None
