"""Scores in tables."""

import math

from charloom.tui.formatting.units import bits_cell


def test_a_score_has_as_many_decimals_as_its_error_has_any() -> None:
    nats, error = 2.114 * math.log(2), 0.0123 * math.log(2)
    assert bits_cell(nats, error, 4) == "2.11 ±0.01"
    assert bits_cell(nats, error / 4, 4) == "2.114 ±0.003"
    assert bits_cell(nats, None, 4) == "2.1140"
