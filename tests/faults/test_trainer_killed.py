from tests.faults import trainer_killed


def test_a_trainer_that_is_killed_loses_nothing_that_was_saved_and_ends_as_if_undisturbed() -> None:
    report = trainer_killed.campaign(2, seed=1)
    assert report.broken == []
    assert report.cases >= 1
