from tests.faults.text_full import campaign
from tests.helpers.marks import needs_posix

pytestmark = needs_posix("limits on files")


def test_a_long_text_without_room_is_refused_in_a_sentence_and_leaves_nothing() -> None:
    report = campaign(2, seed=1)
    assert report.broken == []
    assert report.cases == 2
