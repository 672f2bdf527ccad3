from tests.faults.text_changed import campaign
from tests.helpers.marks import needs_posix

pytestmark = needs_posix("files that are read can be changed")


def test_a_text_that_is_changed_is_refused_or_read_as_it_was_or_is() -> None:
    report = campaign(2, seed=1)
    assert report.broken == []
    assert report.cases == 2
