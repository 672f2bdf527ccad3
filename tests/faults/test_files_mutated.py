import math
import re

import pytest

from tests.faults import files_mutated


def test_a_wrong_file_is_refused_or_is_what_it_seems_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_mutated, "LONGEST_SECONDS", math.inf)  # timings are for the long form
    report = files_mutated.campaign(100, seed=1)
    assert report.broken == []
    assert report.cases == 100
    for sort, seen in zip(("checkpoints", "texts"), report.seen, strict=True):
        counts = re.match(rf"{sort}: (\d+) accepted, (\d+) refused in (\d+) different", seen)
        assert counts and all(int(count) > 5 for count in counts.groups())
