import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.errors import CharloomError
from charloom.core.runs import commands
from charloom.core.runs.commands import Command, CommandReader, _parse, send_command
from charloom.core.runs.jsonl import file_size
from charloom.core.store.model_dir import ModelDir
from tests.helpers.marks import needs_posix


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every call read the file."""
    monkeypatch.setattr(commands, "_POLL_SECONDS", 0.0)


def received(reader: CommandReader) -> list[Command]:
    return list(iter(reader.next, None))


@pytest.fixture
def folder(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path)


def test_commands_are_received_in_order_and_once(folder: ModelDir) -> None:
    reader = CommandReader(folder, 0)
    assert reader.next() is None
    sent = [Command("pause"), Command("set-lr", 1e-7), Command("set-lr", 1), Command("continue")]
    for command in sent:
        send_command(folder, command)
    assert received(reader) == sent
    send_command(folder, Command("stop"))
    assert received(reader) == [Command("stop")]
    assert received(reader) == []


def test_earlier_commands_are_not_received(folder: ModelDir) -> None:
    send_command(folder, Command("stop"))
    reader = CommandReader(folder, file_size(folder.commands))
    send_command(folder, Command("checkpoint"))
    assert received(reader) == [Command("checkpoint")]
    folder.commands.write_text("")
    assert received(reader) == []
    send_command(folder, Command("pause"))
    assert received(reader) == [Command("pause")]


def test_a_line_that_was_cut_off_is_ignored_and_spoils_no_other(folder: ModelDir) -> None:
    folder.commands.write_text('{"command": "st')
    reader = CommandReader(folder, 0)
    send_command(folder, Command("pause"))
    assert received(reader) == [Command("pause")]


@pytest.mark.parametrize("rate", [None, 0, -1, 0.9e-7, 1.1, math.nan, math.inf, True, "0.1", []])
def test_a_learning_rate_that_makes_no_sense_is_refused_in_a_sentence(rate: Any) -> None:
    with pytest.raises(CharloomError, match=r"number.*\.$"):
        Command("set-lr", rate)


@pytest.mark.parametrize("kind", ["", "Pause", "set-rate", None, [], 7])
def test_an_unknown_command_is_refused(kind: Any) -> None:
    with pytest.raises(CharloomError, match="understands pause, continue"):
        Command(kind)


HOSTILE = [
    *(b"", b"null", b"7", b'"stop"', b"[]", b"{}", b"\xff\xfe{", b"[" * 10_000, b"{" * 10_000),
    *(
        b'{"command": "explode"}',
        b'{"command": ["stop"]}',
        b'{"command": {}}',
        b'{"stop": "command"}',
    ),
    *(b'{"command": "set-lr"}', b'{"command": "set-lr", "value": "1"}', b'{"command": null}'),
    *(b'{"command": "set-lr", "value": NaN}', b'{"command": "set-lr", "value": 1e999}'),
    b'{"command": "set-lr", "value": 1' + b"0" * 400 + b"}",
    b'{"command": "set-lr", "value": ' + b"9" * 5_000 + b"}",
]


def test_lines_that_are_no_commands_are_ignored(folder: ModelDir) -> None:
    reader = CommandReader(folder, 0)
    folder.commands.write_bytes(b"\n".join([*HOSTILE, b""]))
    send_command(folder, Command("stop"))
    assert received(reader) == [Command("stop")]


@given(st.binary())
def test_no_line_does_harm(line: bytes) -> None:
    assert _parse(line) is None


def test_a_command_is_a_line_that_a_user_can_write(folder: ModelDir) -> None:
    send_command(folder, Command("pause"))
    send_command(folder, Command("set-lr", 0.001))
    lines = folder.commands.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"command": "pause"},
        {"command": "set-lr", "value": 0.001},
    ]


@needs_posix("/dev")
def test_a_command_that_cannot_be_written_is_reported_in_a_sentence(folder: ModelDir) -> None:
    gone = ModelDir(folder.path / "gone")
    with pytest.raises(CharloomError, match=r"'gone' cannot be written.*is there.*\.$"):
        send_command(gone, Command("pause"))
    assert not gone.path.exists()
    folder.commands.symlink_to("/dev/full")
    with pytest.raises(CharloomError, match=r"cannot be written \(No space left.*has room\.$"):
        send_command(folder, Command("pause"))


def test_an_unreadable_file_of_commands_is_ignored(folder: ModelDir) -> None:
    folder.commands.mkdir()
    reader = CommandReader(folder, 0)
    assert reader.next() is None
