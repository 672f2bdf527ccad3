"""Many at once: two trainers that want one run, two apps and commands that share one library."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from random import Random

from charloom.core import paths
from charloom.core.library.database import Library
from tests.faults.libraries import fault
from tests.faults.report import Report
from tests.faults.rivals import Rivals
from tests.faults.visitors import App, Commands, prepare

CASES = 60
_NAMES = ("warp", "weft")


def campaign(cases: int, seed: int) -> Report:
    """Let all of them go on for so many seconds, each at least once; see what is there then."""
    report = Report(f"two trainers on one run; two apps and commands on one library, {cases} s")
    prepare()
    rivals, commands = Rivals(report, Random(seed)), Commands(report)
    with ExitStack() as open_:
        apps = [open_.enter_context(App.opened(each, paths.home(), report)) for each in _NAMES]
        end = time.monotonic() + cases
        busy = [rivals.go_on, commands.go_on, *(each.go_on for each in apps)]
        _all_at_once(report, [partial(each, end) for each in busy])
        _all_at_once(report, [each.leave for each in apps])
    _check(report, apps, commands)
    stars = sum(len(each.starred) for each in apps)
    report.cases = rivals.rounds + stars + len(commands.tagged)
    report.seen = [
        f"{rivals.rounds:,} rounds of two trainers with {rivals.events:,} events",
        f"{stars:,} stars in two apps",
        f"{len(commands.tagged):,} favorites of commands",
    ]
    return report


def _all_at_once(report: Report, jobs: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(job) for job in jobs]:
            try:
                future.result()
            except Exception as error:  # such as a screen that did not come
                report.hold(False, f"{type(error).__name__}: {error}")


def _check(report: Report, apps: list[App], commands: Commands) -> None:
    """Compare the library with what screens and commands reported."""
    with Library() as library:
        there = library.recent(-1)
    wrong = fault(paths.library_file())
    report.hold(not wrong, wrong)
    stars = Counter(each.prompt for each in there if each.starred and not each.tags)
    shown = Counter(prompt for app in apps for prompt in app.starred)
    report.hold(stars == shown, f"{shown - stars} are not there, {stars - shown} were never shown")
    tagged = {each.id: each.tags for each in there if each.prompt == "tape" and each.starred}
    expected = {number: (tag,) for number, tag in commands.tagged.items()}
    report.hold(tagged == expected, f"commands reported {expected}, there is {tagged}")
    report.hold(len(there) == len(shown) + len(expected), f"there are {len(there)} texts")
