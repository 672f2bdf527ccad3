"""Two trainers of one run, launched at the same moment, again and again."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from charloom.core.errors import CharloomError
from charloom.core.runs import events
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.events import Event, Finished, Progress, Started
from charloom.core.runs.trainer import TrainerProcess
from tests.faults.report import Report
from tests.helpers.run_cli import child
from tests.helpers.small_models import endless

_REFUSED = "is being trained."
_TRAINED_SECONDS = 1.0  # at most, in a round


class Rivals:
    """One run, and the trainers that want it; every round must end as it should."""

    def __init__(self, report: Report, random: Random) -> None:
        self._report, self._random = report, random
        self._folder = endless("sea")
        self._logs = [self._folder.metrics, self._folder.samples]
        self._step = 0
        self.rounds = self.events = 0

    def go_on(self, until: float) -> None:
        """Have one round after the other until that moment; see :func:`time.monotonic`."""
        while not self.rounds or time.monotonic() < until:
            self._round()
            self.rounds += 1

    def _round(self) -> None:
        before = [each.stat().st_size if each.exists() else 0 for each in self._logs]
        both = [TrainerProcess(self._folder, resume=self._step > 0) for _ in range(2)]
        with ThreadPoolExecutor() as pool:
            outcomes = list(pool.map(self._heard, both))
        refused = [words for words, _ in outcomes if words]
        self._hold(len(refused) == 1, f"refused were {refused}")
        self._hold(all(_REFUSED in words for words in refused), f"the message was {refused}")
        written = [
            line
            for log, position in zip(self._logs, before, strict=True)
            for line in self._lines(log, position)
        ]
        self.events += len(written)
        for words, heard in outcomes:
            if not words:
                same = sorted(map(events.to_line, heard)) == sorted(written)
                self._hold(same, f"{len(heard)} events came of the {len(written)} written")

    def _heard(self, training: TrainerProcess) -> tuple[str, list[Event]]:
        """Follow a trainer to its end, which is soon; return why it was refused, and what came."""
        heard: list[Event] = []
        try:
            for event in training.events():
                heard.append(event)
                if isinstance(event, Progress) and sum(type(e) is Progress for e in heard) == 1:
                    self._refuse_command()
                    time.sleep(self._random.random() * _TRAINED_SECONDS)
                    if self._random.random() < 0.5:
                        training.stop()
                    else:
                        send_command(self._folder, Command("stop"))
        except CharloomError as error:
            return str(error), heard
        return "", heard

    def _refuse_command(self) -> None:
        done = child("resume", self._folder.name)
        last = done.err.strip().rpartition("\n")[2]
        refused = last.startswith("charloom: ") and _REFUSED in last and not done.out
        self._hold(refused and done.code == 1, f"a third trainer ended with {done}")

    def _lines(self, log: Path, position: int) -> list[str]:
        """Return what was written after ``position``, held to be whole and in order."""
        data = log.read_bytes()[position:] if log.exists() else b""
        self._hold(data.endswith(b"\n") or not data, f"{log.name} ends with {data[-80:]!r}")
        lines = data.decode().splitlines()
        parsed = [events.from_line(line) for line in lines]
        self._hold(None not in parsed, f"{log.name} has an invalid line")
        if log is self._logs[0]:
            kinds = [type(event) for event in parsed]
            self._hold(kinds.count(Started) == kinds.count(Finished) == 1, f"it has {kinds}")
            self._hold(kinds[:1] + kinds[-1:] == [Started, Finished], f"it has {kinds}")
            self._hold('"reason": "stopped"' in lines[-1], f"it ended with {lines[-1]}")
            for step in [json.loads(line).get("step", self._step) for line in lines]:
                self._hold(step >= self._step, f"step {step} came after {self._step}")
                self._step = step
        return lines

    def _hold(self, promise: bool, otherwise: str) -> None:
        self._report.hold(promise, f"trainers, round {self.rounds}: {otherwise}")
