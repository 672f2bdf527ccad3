"""Commands to a trainer, and the exit status and signals of its process.

The file ``commands.jsonl`` in the run's folder holds one JSON object per line, such as
``{"command": "pause"}``. Any process may append to it. A trainer obeys the lines that come after it
was launched, so a command to an earlier trainer never reaches a later one.
"""

import json
import signal
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

from charloom.core.config import TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.runs.jsonl import LineTail, append_line
from charloom.core.sanitize import quoted
from charloom.core.store.model_dir import ModelDir

CommandKind = Literal["pause", "continue", "stop", "checkpoint", "set-lr"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that stop a trainer, as the command does."""
EXIT_ALREADY_TRAINING = 3
"""The exit status of a trainer whose run another one is training."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Command:
    """An action at the next step boundary; an invalid one raises :class:`CharloomError`."""

    kind: CommandKind
    value: float | None = None
    """For ``set-lr``: the learning rate from the next step on."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(CommandKind):
            kinds = ", ".join(get_args(CommandKind))
            raise CharloomError(f"A trainer understands {kinds}, not {quoted(str(self.kind))}.")
        if self.kind == "set-lr":
            if self.value is None:
                raise CharloomError("The command set-lr needs a number.")
            TrainConfig(learning_rate=self.value)  # checks the range


def send_command(folder: ModelDir, command: Command) -> None:
    """Send ``command`` to the trainer of a run; without a trainer, it has no effect."""
    value = {} if command.value is None else {"value": command.value}
    try:
        append_line(folder.commands, json.dumps({"command": command.kind} | value).encode())
    except OSError as error:
        raise CharloomError(
            f"The command to {folder.name!r} cannot be written ({error.strerror}); see that "
            f"{str(folder.path)!r} is there, can be written to, and has room."
        ) from error


class CommandReader:
    """Reads the commands after ``position`` in a run's file; if its folder is gone, to stop."""

    def __init__(self, folder: ModelDir, position: int) -> None:
        self._folder = folder
        self._lines = LineTail(folder.commands, position)
        self._pending: deque[Command] = deque()
        self._next_poll = 0.0

    def next(self) -> Command | None:
        """Return the next command, if there is one; the file is read ten times a second."""
        if not self._pending and (now := time.perf_counter()) >= self._next_poll:
            self._next_poll = now + _POLL_SECONDS
            self._pending.extend(c for line in self._lines.read() if (c := _parse(line)))
            if not self._folder.path.is_dir():
                self._pending.append(Command("stop"))
        return self._pending.popleft() if self._pending else None


def _parse(line: bytes) -> Command | None:
    """Return the command in ``line``; None if it is cut off or unknown."""
    try:
        record = json.loads(line)
        return Command(record["command"], record.get("value"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CharloomError):
        return None
