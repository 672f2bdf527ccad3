import pytest

from tests.faults.shared import campaign
from tests.helpers.run_cli import needs_terminal

pytestmark = [needs_terminal, pytest.mark.usefixtures("own_trainers")]


def test_many_at_once_lose_nothing_and_meet_no_lock() -> None:
    report = campaign(1, seed=1)
    assert report.broken == []
    assert report.cases >= 4  # a round of trainers, a star in each app, a favorite of a command
