from tests.faults.disk_full import campaign
from tests.helpers.marks import needs_posix

pytestmark = needs_posix("limits on files and memory")
_CASES = 12  # on a full disk where one can be mounted, else under a limit on the size of files


def test_what_a_person_does_on_a_full_disk_is_refused_in_a_sentence_and_loses_nothing() -> None:
    report = campaign(_CASES, seed=1)
    assert report.broken == []
    assert report.cases == _CASES
    assert report.seen[0] == f"{_CASES - 1} refused"  # a model can be removed all the same
