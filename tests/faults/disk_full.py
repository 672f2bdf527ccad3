"""A disk that is full or read-only: every action of the user is refused in words.

Whatever a stage does either works or ends with one sentence and has changed nothing; and it works
when the fault is over. The stages are tried under every fault that can be brought about here.
"""

import itertools
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

from charloom.core import paths
from tests.core.library.test_database_file import FIRST_VERSION
from tests.faults.disks import Fault, can_mount, faults, mounted
from tests.faults.homes import MODEL, Home, furnish
from tests.faults.opened import choose_theme, opened_before_it, opened_under_it
from tests.faults.report import Report
from tests.helpers.gutenberg_server import Answer, gutenberg_file, running

_DEED = """
import sys
from charloom.core.errors import CharloomError
try:
    {code}
except CharloomError as error:
    sys.exit(f"charloom: {{error}}")
"""
_OUTPUT = ("--output", "{disk}/all.txt")


@dataclass(frozen=True, slots=True)
class Stage:
    """An action of the user: ``act`` gets a home with a fault.

    ``prepare`` is given it before.
    """

    name: str
    act: Callable[[Home], object]
    prepare: Callable[[Home], object] = lambda _: None


def command(*arguments: str) -> Callable[[Home], object]:
    """Return what runs a command of Charloom's; the places of the home may stand in braces."""

    def act(home: Home) -> None:
        places = {"disk": home.disk, "outside": home.outside}
        home.does(*(each.format_map(places) for each in arguments))

    return act


def deed(code: str) -> Callable[[Home], object]:
    """Return what does in a process of its own what the app does."""
    return lambda home: home.tries(sys.executable, "-c", _DEED.format(code=code))


def _generate(home: Home) -> None:
    """Whatever becomes of a text in the library, it is written to stdout."""
    arguments = ("--favorite", "--model", MODEL, "--seed", "7", "--length", "2000")
    out = home.does("generate", "the loom", *arguments).out
    (kept,) = home.kept("the loom")
    home.hold(kept.starred, "it is no favorite")
    readable = home.fault.name != "no permission to read anything"
    home.hold(out == f"the loom{kept.text}\n" or not readable, f"it wrote {out!r}")


def _download(home: Home) -> None:
    """A text that is not in the cache comes from a real server."""
    with running() as server:
        server.serve(84, Answer(gutenberg_file("A monster.\n" * 2_000)))
        home.does("corpus", "get", "frankenstein", "--mirror", server.address)


def _exported(home: Home) -> None:
    (home.disk / "all.txt").write_text("the user's own words")


def _without_library(home: Home) -> None:
    (home.folder / "library.sqlite").unlink()


def _old_library(home: Home) -> None:
    _without_library(home)
    with closing(sqlite3.connect(home.folder / "library.sqlite")) as file:
        file.executescript(FIRST_VERSION.read_text("utf-8"))


def _without_home(home: Home) -> None:
    shutil.rmtree(home.folder)


STAGES = [  # those first that say the most
    Stage("opening the app", opened_under_it),
    Stage("generating a favorite", _generate),
    Stage("the first favorite", _generate, _without_library),
    Stage("migrating the library", command("favorites", "list"), _old_library),
    Stage("making a run", deed("from tests.helpers.small_models import create; create('new')")),
    Stage("importing a model", command("models", "import", "{outside}/another.safetensors")),
    Stage("downloading a text", _download),
    Stage("replacing a file", command("favorites", "export", *_OUTPUT, "--force"), _exported),
    Stage("exporting a model", command("models", "export", MODEL, "{disk}/copy.safetensors")),
    Stage(
        "noting",
        deed(f"from charloom.core.store.write import write_notes as w; w('{MODEL}', 'x' * 9_000)"),
    ),
    Stage("removing a model", command("models", "remove", MODEL, "--yes")),
    Stage("tagging a favorite", command("favorites", "tag", "1", "gothic")),
    Stage("deleting a text", command("favorites", "remove", "1", "--delete", "--yes")),
    Stage("exporting favorites", command("favorites", "export", *_OUTPUT)),
    Stage("renaming a model", command("models", "rename", MODEL, "spinner")),
    Stage("pinning a checkpoint", command("models", "pin", f"{MODEL}@100")),
    Stage("pruning a model", command("models", "prune", MODEL)),
    Stage("the very first favorite", command("generate", "the", "--favorite"), _without_home),
    Stage("choosing a theme", choose_theme),
    Stage("the fault while the app is open", opened_before_it),
]
_PAIRS = list(itertools.product(faults(), STAGES))
CASES = len(_PAIRS)


def campaign(cases: int, seed: int) -> Report:
    """Try every stage under every fault: all under the plainest, then the others as ``seed`` says.

    ``cases`` is how many of these are tried, of those that can be brought about here.
    """
    report = Report("a full, read-only or inaccessible disk, under everything that a user can do")
    root, room = paths.home(), can_mount()
    furnish(root)
    pairs = [pair for pair in _PAIRS if room or not pair[0].mounted]
    first, others = pairs[: len(STAGES)], pairs[len(STAGES) :]
    Random(seed).shuffle(others)
    refused: Counter[str] = Counter()
    for fault, stage in [*first, *others][:cases]:
        with _disk(root, fault):
            shutil.copytree(root / "template", root / "disk" / "home")
            home = Home(root, fault, stage.name, report)
            stage.prepare(home)
            try:
                with home.spoiled():
                    stage.act(home)
            except Exception as error:  # such as a screen that did not come
                home.hold(False, f"{type(error).__name__}: {error}")
        report.cases += 1
        refused[fault.name] += home.refused
    report.seen = [
        f"{refused.total():,} refused",
        *(f"{count} with {name}" for name, count in refused.items()),
    ]
    return report


@contextmanager
def _disk(root: Path, fault: Fault) -> Iterator[None]:
    """Have an empty folder ``disk``, on a small file system of its own if ``fault`` takes that."""
    folder = root / "disk"
    with mounted(folder) if fault.mounted else nullcontext():
        folder.mkdir(exist_ok=True)
        yield
    shutil.rmtree(folder)
