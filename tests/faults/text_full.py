"""A disk that is too small for a long text, under everything that reads one.

An action either works or ends with a sentence and has changed nothing; with more room, it works. A
run that has no room for its ids says so, and is resumed.
"""

import gzip
import random
import shutil
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from charloom.core import paths
from tests.faults.disks import Fault, can_mount, limited, mounted, small
from tests.faults.homes import MODEL, Home, at_home
from tests.faults.report import Report
from tests.faults.text_changed import long_text
from tests.helpers.child_process import TINY
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import COMMAND

CASES = 60
_MEGABYTES = (12, 44)  # the text has 20; without room it is refused from 16 on
_SETTINGS = [*TINY, "--steps", "3", "--from", "none", "--preset", "small", "--name", "new"]


def _train(home: Home, text: str) -> None:
    """Make a run, under the fault or at last without it; then train it, likewise."""
    home.does("train", text, "--prepare", *_SETTINGS)
    first = home.run(*COMMAND, "resume", "new")
    if first.code != 0:
        home.refused = True
        home.check_message(first.err)
        home.mend()
        second = home.run(*COMMAND, "resume", "new")
        home.hold(second.code == 0, f"with more room, it ended with {second}")


ACTIONS: dict[str, Callable[[Home, str], object]] = {
    "writing": lambda home, text: home.does("corpus", "show", text),
    "the end": lambda home, text: home.does("corpus", "show", text, "--start", "20000"),
    "comparing": lambda home, text: home.does(
        "compare", MODEL, "--text", text, "--prompt", "the", "--length", "3"
    ),
    "training": _train,
    "scoring": lambda home, text: home.does("score", text, "--model", MODEL),
}


def campaign(cases: int, seed: int) -> Report:
    """Try actions ``cases`` times on disks of random sizes."""
    report = Report("a disk too small for a long text, under everything that reads one")
    draw, root, refused = random.Random(seed), paths.home(), 0
    _furnish(root)
    makers = [limited_to, small] if can_mount() else [limited_to]
    for number in range(cases):
        name = list(ACTIONS)[number % len(ACTIONS)]
        text = str(root / "outside" / draw.choice(["long.txt", "long.txt.gz"]))
        fault = draw.choice(makers)(draw.randint(*_MEGABYTES))
        folder = root / "disk"
        with mounted(folder, fault.size) if fault.mounted else nullcontext():
            folder.mkdir(exist_ok=True)
            shutil.copytree(root / "template", folder / "home")
            home = Home(root, fault, f"{name} {Path(text).name}", report)
            try:
                with home.spoiled():
                    ACTIONS[name](home, text)
                left = [path.name for path in folder.rglob(".*.tmp")]
                home.hold(not left, f"{left} is left")
            except subprocess.CalledProcessError as error:
                home.hold(False, f"{error}")
        shutil.rmtree(folder)
        report.cases += 1
        refused += home.refused
    report.seen = [f"{refused:,} refused, and done with more room"]
    return report


def limited_to(megabytes: int) -> Fault:
    """Return the fault that no file may be larger."""
    return limited(megabytes * 2_000)


def _furnish(root: Path) -> None:
    outside = root / "outside"
    outside.mkdir(parents=True)
    text = long_text("sea")
    (outside / "long.txt").write_bytes(text)
    (outside / "long.txt.gz").write_bytes(gzip.compress(text, 1))
    with at_home(root / "template"):
        save_model(MODEL, random_checkpoint())
