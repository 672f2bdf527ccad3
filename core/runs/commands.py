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
from pathlib import Path
from typing import Literal, get_args

from charloom.core.config import TrainSettings
from charloom.core.errors import CharloomError
from charloom.core.runs.jsonl import Lines, append

Kind = Literal["pause", "continue", "stop", "checkpoint", "set-lr"]

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""What a trainer takes as the order to stop, besides the order itself."""
BUSY = 3
"""The exit status of a trainer that found another one at work on its run."""

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """Something to do at the next step boundary; an invalid one raises :class:`CharloomError`."""

    kind: Kind
    value: float | None = None
    """The learning rate from the next step on, for ``set-lr``."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise CharloomError(
                f"A trainer understands {', '.join(get_args(Kind))}, not {str(self.kind)[:40]!r}."
            )
        if self.kind == "set-lr":
            if self.value is None:
                raise CharloomError("The order to set the learning rate needs a number.")
            TrainSettings(rate=self.value)  # refuses what is out of range


def give(folder: Path, order: Order) -> None:
    """Tell the trainer of the run in ``folder``; where none is at work, nobody hears it."""
    said = {"order": order.kind} | ({} if order.value is None else {"value": order.value})
    try:
        append(_file(folder), json.dumps(said).encode())
    except OSError as error:
        raise CharloomError(
            f"The order for {folder.name!r} cannot be written ({error.strerror}); see that "
            f"{str(folder)!r} is there, can be written to, and has room."
        ) from error


class Inbox:
    """The orders given from now on to the run in ``folder``; when that is gone, to stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = Lines.tail(_file(folder))
        self._waiting: deque[Order] = deque()
        self._next_look = 0.0

    def next(self) -> Order | None:
        """Return the next order, if there is one; the file is looked at ten times a second."""
        if not self._waiting and (now := time.perf_counter()) >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self._waiting.extend(order for line in self._lines.read() if (order := _parsed(line)))
            if not self._folder.is_dir():
                self._waiting.append(Order("stop"))
        return self._waiting.popleft() if self._waiting else None


def _file(folder: Path) -> Path:
    return folder / "orders.jsonl"


def _parsed(line: bytes) -> Order | None:
    """Return the order in ``line``, or None when the line is torn or tells of no known order."""
    try:
        said = json.loads(line)
        return Order(said["order"], said.get("value"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CharloomError):
        return None
