"""Processes that save favorites are killed at any moment: all acknowledged ones are kept."""

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.core.model import checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.store.read import model_names
from tests.faults.libraries import fault
from tests.faults.report import Report
from tests.faults.saving import Favorite, after
from tests.helpers.factories import checkpoint_path, random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.helpers.run_cli import COMMAND

CASES = 50
_IN_ONE = 10  # cases after which there is a new library: the making of one can be killed, too
_ROOT = Path(__file__).parents[2]
_SECONDS = 0.4  # in which a process is killed; half of that it takes to start
_MODEL, _PROMPT, _LENGTH = "weaver", "the loom", 30


def campaign(cases: int, seed: int) -> Report:
    """Kill ``cases`` times: mostly one process, now and then two on one library, or the command."""
    this = _Campaign(seed)
    for number in range(cases):
        if number % _IN_ONE == 0:
            this.begin_library()
        if number % 5 == 3:
            this.kill_command()
        else:
            this.kill_savers(2 if number % 5 == 2 else 1)
        this.check()
    return this.report()


class _Campaign:
    """One library after the other, and what must be in it."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._report = Report("process killed by SIGKILL while it saves favorites")
        self._processes = self._random.randrange(1_000) * 1_000  # so many were numbered
        self._kept: dict[str, Favorite] = {}
        self._begun: dict[str, Favorite | None] = {}  # the result of an unacknowledged action
        self._seen: Counter[str] = Counter()

    def begin_library(self) -> None:
        """Have no library yet."""
        for each in paths.home().glob("library.sqlite*"):
            each.unlink()
        self._kept.clear()

    def kill_savers(self, count: int) -> None:
        """Kill so many processes that save at the same time."""
        savers = [self._next() for _ in range(count)]
        commands = [[sys.executable, "-m", "tests.faults.saving", str(saver)] for saver in savers]
        for saver, count in zip(savers, self._killed(b"\n", commands), strict=True):
            there, deed = after(saver, count)
            self._kept |= there
            self._begun[deed.name] = deed.after

    def kill_command(self) -> None:
        """Kill ``charloom generate --favorite``, which writes one text after the other."""
        if _MODEL not in model_names():
            save_model(_MODEL, random_checkpoint())
        first = self._next()
        options = {"model": _MODEL, "count": 500, "length": _LENGTH, "seed": first}
        given = [f"--{name}={value}" for name, value in options.items()]
        command = [*COMMAND, "generate", _PROMPT, "--favorite", *given]
        (count,) = self._killed(rb"favorite [0-9]+\n", [command])
        model = NumpyLSTM(checkpoint.load(checkpoint_path(_MODEL)).checkpoint)
        for seed in range(first, first + count + 1):
            draft = Completion(Sampler(model, _PROMPT, SamplingConfig(), seed), _LENGTH)
            text = Favorite("".join(character for character, _ in draft))
            (self._kept if seed < first + count else self._begun)[f"seed {seed}"] = text

    def check(self) -> None:
        """Compare the library with what was acknowledged, and check that it can be used."""
        self._report.cases += 1
        try:
            with Library() as library:
                found = {_name(each): Favorite.of(each) for each in library.recent(-1)}
                library.remove(library.add(generation("after")).id)
        except CharloomError as error:
            self._hold(False, str(error))
            return
        wrong = fault(paths.library_file())
        self._hold(not wrong, wrong)
        for name in self._kept.keys() | found.keys():
            before, now = self._kept.get(name), found.get(name)
            begun = name in self._begun and now == self._begun[name]
            self._seen["begun changes that were whole"] += begun
            self._hold(begun or now == before, f"{name!r} was {before!r} and is {now!r}"[:500])
        self._kept, self._begun = found, {}

    def report(self) -> Report:
        """Return what it came to."""
        self._report.seen = [f"{count:,} {what}" for what, count in self._seen.items()]
        return self._report

    def _next(self) -> int:
        self._processes += 1_000
        return self._processes

    def _killed(self, sign: bytes, commands: list[list[str]]) -> list[int]:
        """Run the commands, kill them, and return how often each of them wrote ``sign``."""
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, str(number)) for number in range(len(commands))]
            running = [_started(*each) for each in zip(commands, files, strict=True)]
            self._wait(running[0], files[0], sign)
            for each in running:
                self._hold(each.poll() is None, f"it ended by itself ({each.poll()})")
                each.kill()
            for each in running:
                each.wait()
            written = [each.read_bytes() for each in files]
        for words in written:
            self._hold(b"Traceback" not in words, words.decode("utf-8", "replace"))
        counts = [len(re.findall(sign, words)) for words in written]
        self._seen["acknowledged changes"] += sum(counts)
        self._seen["killed before the first"] += counts.count(0)
        return counts

    def _wait(self, process: "subprocess.Popen[bytes]", file: Path, sign: bytes) -> None:
        """Wait for a moment of one of three kinds."""
        kind = self._random.choice(("any", "at work", "right after"))
        seconds = self._random.random() * _SECONDS
        times = 1 if kind == "at work" else self._random.randrange(1, 60)
        while kind != "any" and process.poll() is None:
            if len(re.findall(sign, file.read_bytes())) >= times:
                break
            time.sleep(0)
        if kind != "right after":
            time.sleep(seconds)

    def _hold(self, promise: bool, otherwise: str) -> None:
        self._report.hold(promise, f"case {self._report.cases}: {otherwise}")


def _started(command: list[str], file: Path) -> "subprocess.Popen[bytes]":
    with file.open("wb") as written:
        return subprocess.Popen(command, cwd=_ROOT, stdout=written, stderr=subprocess.STDOUT)


def _name(stored: Generation) -> str:
    """Return what a favorite is known by."""
    return f"seed {stored.seed}" if stored.model == _MODEL else Favorite.of(stored).name
