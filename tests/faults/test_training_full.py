import pytest

from tests.faults import training_full


def test_a_run_without_room_waits_says_why_and_ends_as_if_undisturbed() -> None:
    report = training_full.campaign(1, seed=1)
    if not report.cases:
        pytest.skip("no file system can be mounted here")
    assert report.broken == []
    assert report.cases == 1
