"""Files that are wrong in every way: they are imported as checkpoints, and read as texts.

Whatever is in one, it is refused in a sentence or is what it seems to be. It takes neither much
memory nor much time, and nothing but a whole model is ever left of it.
"""

import shutil
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

from charloom.core import paths
from tests.faults.opening import import_, read
from tests.faults.refusals import Refusal
from tests.faults.report import Report
from tests.faults.strangers import gift
from tests.faults.wastepaper import scrap
from tests.helpers.factories import at_step, save_model

CASES = 20_000
LONGEST_SECONDS = 2.0

_MB = 1 << 20
_MOST_MEMORY = 64 * _MB  # for a file of less than 1 MB


def campaign(cases: int, seed: int) -> Report:
    """Have so many files imported and read, by turns."""
    report = Report("wrong files, imported as checkpoints and read as texts")
    for name in ("Creature", "straße", "fin"):
        save_model(name, at_step(1))
    place = paths.home().parent / "incoming"
    (place.parent / "bystander").write_text("This is to stay as it is.")
    imported, texts = _Seen("checkpoints"), _Seen("texts")
    tracemalloc.start()
    for case in range(cases):
        random = Random(f"{seed} {case}")
        place.mkdir()
        if case % 2:
            paper = scrap(random)
            texts.look(report, f"{case}, {paper.kind}", partial(read, place, paper))
        else:
            given = gift(random)
            imported.look(report, f"{case}, {given.kind}", partial(import_, place, given))
        shutil.rmtree(place)
    tracemalloc.stop()
    report.cases = cases
    report.seen = [str(imported), str(texts)]
    return report


class _Seen:
    """What became of files of one sort, and what that took."""

    def __init__(self, sort: str) -> None:
        self._sort = sort
        self._accepted = 0
        self._refused = Counter[str]()
        self._seconds, self._slowest = 0.0, ""
        self._memory, self._largest = 0, ""

    def __str__(self) -> str:
        return (
            f"{self._sort}: {self._accepted:,} accepted, {self._refused.total():,} refused in "
            f"{len(self._refused):,} different sentences, at most {self._seconds:.2f} s "
            f"({self._slowest}) and {self._memory / _MB:.1f} MB ({self._largest})"
        )

    def look(self, report: Report, case: str, use: Callable[[], Refusal | None]) -> None:
        """Run ``use`` and record the result; run it again to time it without instrumentation."""
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        try:
            seconds, refusal = _timed(use)
        except Exception as error:  # nothing may fail but by a refusal, which has been caught
            report.hold(False, f"{self._sort} {case}: {type(error).__name__}: {error}"[:1_000])
            return
        memory = tracemalloc.get_traced_memory()[1] - before
        if seconds > LONGEST_SECONDS:
            tracemalloc.stop()
            seconds, _ = _timed(use)
            tracemalloc.start()
        if refusal:
            self._refused[refusal.kind] += 1
        else:
            self._accepted += 1
        self._seconds, self._slowest = max((self._seconds, self._slowest), (seconds, case))
        self._memory, self._largest = max((self._memory, self._largest), (memory, case))
        report.hold(memory < _MOST_MEMORY, f"{self._sort} {case} took {memory / _MB:.0f} MB")
        report.hold(seconds < LONGEST_SECONDS, f"{self._sort} {case} took {seconds:.1f} s")


def _timed(use: Callable[[], Refusal | None]) -> tuple[float, Refusal | None]:
    begin = time.perf_counter()
    refusal = use()
    return time.perf_counter() - begin, refusal
