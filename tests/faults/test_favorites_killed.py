from tests.faults.favorites_killed import campaign


def test_what_was_said_to_be_saved_is_there_whenever_a_process_is_killed() -> None:
    report = campaign(5, seed=1)
    assert report.broken == []
    assert report.cases == 5
    assert int(report.seen[0].removesuffix(" acknowledged changes").replace(",", "")) > 0
