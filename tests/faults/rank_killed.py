"""Runs of two processes, a random one of which is killed: :mod:`tests.faults.trainer_killed`."""

from tests.faults import trainer_killed
from tests.faults.report import Report

CASES = 50


def campaign(cases: int, seed: int) -> Report:
    """Kill processes ``cases`` times in all."""
    return trainer_killed.campaign(cases, seed, processes=2)
