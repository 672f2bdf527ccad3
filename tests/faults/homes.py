"""A home on a file system with a fault: everything in it must survive."""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from charloom.core import paths
from charloom.core.files import make_folder
from charloom.core.library.database import Library
from charloom.core.model import checkpoint
from charloom.core.store.write import write_notes
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.faults import libraries
from tests.faults.disks import Fault
from tests.faults.report import Report
from tests.helpers.child_process import TEXT
from tests.helpers.factories import at_step, random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.helpers.gutenberg_server import gutenberg_file
from tests.helpers.run_cli import COMMAND, Result

MODEL = "weaver"
_ROOT = Path(__file__).parents[2]
_PLACES = ("home", "home/models", "home/texts")  # are made when first they are needed
_SENTENCE = re.compile(r"charloom: [^\n]+\.")
_JARGON = ("Traceback", "Errno", "Error:")


class Kept(NamedTuple):
    """What must not be lost of a generation."""

    id: int
    prompt: str
    text: str
    starred: int
    tags: str
    note: str


_ROWS = f"SELECT {', '.join(Kept._fields)} FROM generations ORDER BY id"

Contents = Mapping[str, bytes | list[object]]


class Home:
    """``folder`` is its ``CHARLOOM_HOME``, on ``disk``; ``outside`` is a folder without a fault.

    The fault is on from :meth:`spoiled` until :meth:`mend`.
    """

    def __init__(self, root: Path, fault: Fault, label: str, report: Report) -> None:
        self.disk, self.outside = root / "disk", root / "outside"
        self.folder = self.disk / "home"
        self.fault = fault
        self.refused = False
        """Whether anything was refused for the fault's sake."""
        self._label, self._report = label, report
        self._spoiled = False
        self._before: Contents = {}

    @contextmanager
    def spoiled(self) -> Iterator[None]:
        """Let the fault begin; it is over at the end, if it was not before."""
        self._before = contents(self.disk)
        self.fault.begin(self.disk)
        self._spoiled = True
        try:
            yield
        finally:
            self.mend()

    def mend(self) -> None:
        """End the fault."""
        if self._spoiled:
            self.fault.end(self.disk)
            self._spoiled = False

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command is to be run by now."""
        return self.fault.prefix if self._spoiled or not self.fault.constant else ()

    @property
    def environment(self) -> dict[str, str]:
        """That of its commands; Python's own files are torn by a limit, too, and stay so."""
        here = {"CHARLOOM_HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        return os.environ | here

    def run(self, *command: str) -> Result:
        """Run ``command``, under the fault if that is on."""
        done = subprocess.run(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environment,
            cwd=_ROOT,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def tries(self, *command: str) -> Result:
        """Return how ``command`` ends under the fault.

        If it is refused, the error is a sentence and nothing has changed; and when the fault is
        over, the same command works.
        """
        first = self.run(*command)
        if first.code != 0:
            self.refused = True
            self.hold(first.code == 1, f"it ended with {first}")
            self.check_message(first.err)
            self.mend()
            self.changed_nothing()
            second = self.run(*command)
            self.hold(second.code == 0, f"with the fault over, it ended with {second}")
        return first

    def does(self, *arguments: str) -> Result:
        """Do what :meth:`tries` does with a command of Charloom's."""
        return self.tries(*COMMAND, *arguments)

    def check_message(self, words: str) -> None:
        """Check that ``words`` end with one sentence and have no jargon."""
        last = words.strip().rpartition("\n")[2]
        right = _SENTENCE.fullmatch(last) and words.count("charloom: ") == 1
        self.hold(
            right and not any(each in words for each in _JARGON), f"the message was {words!r}"
        )

    def changed_nothing(self) -> None:
        """Hold what is there to what was there when the fault began, and nothing else to be there.

        To be called when it is over: it may hinder this check, too.
        """
        now = contents(self.disk)
        for name in self._before.keys() | now.keys():
            before, after = self._before.get(name), now.get(name)
            if before != after:
                self.hold(False, f"{name} was {_short(before)} and is {_short(after)}")

    def lost_nothing(self) -> None:
        """Check that everything is still there, except for preferences; new files are allowed."""
        now = contents(self.disk)
        for name, before in self._before.items():
            after = now.get(name)
            if isinstance(before, list) and isinstance(after, list):
                after = [row for row in after if row in before]
            if before != after and not name.endswith("preferences.json"):
                self.hold(False, f"{name} was {_short(before)} and is {_short(after)}")

    def kept(self, prompt: str) -> list[Kept]:
        """Return what a copy of the library has with this prompt, so that looking does nothing."""
        found = _rows(self.folder / "library.sqlite")
        return [each for each in found if each.prompt == prompt]

    def hold(self, promise: object, otherwise: str) -> None:
        """Note it when a promise is broken."""
        self._report.hold(bool(promise), f"{self._label}, {self.fault.name}: {otherwise}")


def furnish(root: Path) -> None:
    """Make a typical home in ``root``, to be copied, and files to import into it."""
    home, outside = root / "template", root / "outside"
    outside.mkdir(parents=True)
    (outside / "sea.txt").write_text(TEXT)
    checkpoint.save(random_checkpoint(hidden_size=32, seed=1), outside / "another.safetensors")
    with at_home(home):
        save_model(MODEL, random_checkpoint())
        save_model(MODEL, random_checkpoint(step=200))
        save_model("loser", at_step(1))
        write_notes(MODEL, "Mark this.")
        preferences.save(
            Preferences(model=f"{MODEL}@best", welcomed=True, length=60, until="", pace=0)
        )
        (make_folder(paths.downloads_dir()) / "pg11.txt").write_bytes(gutenberg_file("Alice\n"))
        with Library() as library:
            for number in range(1, 4):  # longer than what is left of many a disk
                text = f"kept {number}" * 500 * number
                library.add(generation(text, starred=True, tags=("sea",), note="ice"))


@contextmanager
def at_home(folder: Path) -> Iterator[None]:
    """Let ``folder`` be ``CHARLOOM_HOME`` for a while."""
    before = os.environ["CHARLOOM_HOME"]
    os.environ["CHARLOOM_HOME"] = str(folder)
    try:
        yield
    finally:
        os.environ["CHARLOOM_HOME"] = before


def contents(folder: Path) -> Contents:
    """Return what is in ``folder``, by name: the bytes of files, the rows of libraries.

    The files that SQLite keeps next to a library are part of it; an empty one counts as none.
    """
    found: dict[str, bytes | list[object]] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.name == "library.sqlite":
            if rows := _rows(path):
                with copied(path) as copy:
                    wrong = libraries.fault(copy)
                found[name] = [*rows, wrong]
        elif path.is_dir():
            if name not in _PLACES:
                found[f"{name}/"] = b""
        elif not path.name.startswith("library.sqlite-"):
            found[name] = path.read_bytes()
    return found


def _rows(path: Path) -> list[Kept]:
    try:
        with copied(path) as copy, closing(sqlite3.connect(copy)) as file:
            return [Kept(*row) for row in file.execute(_ROWS)]
    except sqlite3.Error:  # none yet, or copied while it was written
        return []


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """Have a copy of a library, so that looking at it changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for each in path.parent.glob(f"{path.name}*"):
            with suppress(FileNotFoundError):
                shutil.copy(each, folder)
        yield Path(folder) / path.name


def _short(value: object) -> str:
    return "nothing" if value is None else repr(value)[:200]
