"""What a trainer can be told while it trains, and what its process understands.

``models/NAME/orders.jsonl`` holds the orders, one JSON object a line: ``{"order": "pause"}``.
Whoever has something to say appends to it; the trainer obeys what comes after it took the run's
lock, so that no order meant for an earlier trainer is ever obeyed by a later one.
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
from charloom.core.store.model_dir import ModelDir

CommandKind = Literal["pause", "continue", "stop", "checkpoint", "set-lr"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""What a trainer takes as the order to stop, besides the order itself."""
EXIT_ALREADY_TRAINING = 3
"""The exit status of a trainer that found another one at work on its run."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do at the next step boundary; an invalid one raises :class:`CharloomError`."""

    kind: CommandKind
    value: float | None = None
    """The learning rate from the next step on, for ``set-lr``."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(CommandKind):
            kinds = ", ".join(get_args(CommandKind))
            raise CharloomError(f"A trainer understands {kinds}, not {str(self.kind)[:40]!r}.")
        if self.kind == "set-lr":
            if self.value is None:
                raise CharloomError("The order to set the learning rate needs a number.")
            TrainConfig(learning_rate=self.value)  # refuses what is out of range


def send_command(folder: ModelDir, order: Command) -> None:
    """Tell the trainer of the run in ``folder``; where none is at work, nobody hears it."""
    said = {"order": order.kind} | ({} if order.value is None else {"value": order.value})
    try:
        append_line(folder.commands, json.dumps(said).encode())
    except OSError as error:
        raise CharloomError(
            f"The order for {folder.name!r} cannot be written ({error.strerror}); see that "
            f"{str(folder.path)!r} is there, can be written to, and has room."
        ) from error


class CommandReader:
    """The orders given from now on to the run in ``folder``; when that is gone, to stop."""

    def __init__(self, folder: ModelDir) -> None:
        self._folder = folder
        self._lines = LineTail.tail(folder.commands)
        self._waiting: deque[Command] = deque()
        self._next_look = 0.0

    def next(self) -> Command | None:
        """Return the next order, if there is one; the file is looked at ten times a second."""
        if not self._waiting and (now := time.perf_counter()) >= self._next_look:
            self._next_look = now + _POLL_SECONDS
            self._waiting.extend(order for line in self._lines.read() if (order := _parsed(line)))
            if not self._folder.path.is_dir():
                self._waiting.append(Command("stop"))
        return self._waiting.popleft() if self._waiting else None


def _parsed(line: bytes) -> Command | None:
    """Return the order in ``line``, or None when the line is torn or tells of no known order."""
    try:
        said = json.loads(line)
        return Command(said["order"], said.get("value"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CharloomError):
        return None
