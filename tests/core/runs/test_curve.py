import itertools
import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.runs.curve import DownsampledCurve

VALUES = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=300)


def of(values: list[float], capacity: int = 2048) -> DownsampledCurve:
    series = DownsampledCurve(capacity)
    for step, value in enumerate(values):
        series.append(step, value)
    return series


def test_a_short_curve_is_kept_as_it_is() -> None:
    series = of([3.0, 1.0, 2.0])
    assert series.points() == [(0, 3.0), (1, 1.0), (2, 2.0)]
    assert (series.last, series.lowest, len(series)) == ((2, 2.0), (1, 1.0), 3)


def test_an_empty_curve_has_no_points() -> None:
    series = DownsampledCurve()
    series.truncate(0)
    assert (list(series.points()), series.last, series.lowest, len(series)) == ([], None, None, 0)


def test_a_curve_that_is_full_is_merged_in_pairs_and_goes_on_like_that() -> None:
    series = of([float(step) for step in range(4)], capacity=4)
    assert series.points() == [(0.5, 0.5), (2.5, 2.5)]
    series.append(4, 8.0)
    assert series.points()[2:] == [(4, 8.0)]  # the newest is there at once
    series.append(5, 6.0)
    assert series.points()[2:] == [(4.5, 7.0)]


def test_however_long_a_curve_grows_it_stays_small_and_evenly_spread() -> None:
    series = DownsampledCurve(capacity=64)
    for step in range(100_000):
        series.append(step, math.sin(step / 9_000))
        assert len(series) <= 64
    points = series.points()
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(points)]
    assert len(points) >= 32 and gaps[:-1] == pytest.approx([gaps[0]] * (len(gaps) - 1))
    assert 0 < gaps[-1] <= gaps[0] + 1e-6
    assert all(value == pytest.approx(math.sin(step / 9_000), abs=0.01) for step, value in points)


@given(values=VALUES, capacity=st.integers(2, 20))
def test_a_point_is_the_mean_of_what_it_stands_for(values: list[float], capacity: int) -> None:
    points = of(values, capacity).points()
    stride = round(2 * points[0][0]) + 1  # the mean of its steps, which begin at 0, tells how many
    parts = [range(i, min(i + stride, len(values))) for i in range(0, len(values), stride)]
    steps = [fmean(part) for part in parts]
    means = [math.fsum(values[i] / len(part) for i in part) for part in parts]
    assert len(points) <= capacity
    assert [step for step, _ in points] == pytest.approx(steps)
    assert [value for _, value in points] == pytest.approx(means, rel=1e-9, abs=1e288)


@given(values=VALUES, capacity=st.integers(2, 20))
def test_the_last_and_the_lowest_are_exact(values: list[float], capacity: int) -> None:
    series = of(values, capacity)
    assert series.last == (len(values) - 1, values[-1])
    assert series.lowest == (values.index(min(values)), min(values))


@given(values=VALUES, cut=st.integers(-1, 300))
def test_what_is_beyond_a_step_can_be_dropped(values: list[float], cut: int) -> None:
    series = of(values)
    series.truncate(cut)
    left = list(enumerate(values))[: cut + 1]
    assert series.points() == left
    assert series.last == (left[-1] if left else None)
    assert series.lowest == min(left, key=lambda point: point[1], default=None)


@given(values=VALUES, cut=st.integers(0, 300), capacity=st.integers(2, 20))
def test_of_a_merged_curve_nothing_beyond_a_step_is_left(
    values: list[float], cut: int, capacity: int
) -> None:
    series = of(values, capacity)
    series.truncate(cut)
    for point in (*series.points(), series.last, series.lowest):
        assert point is None or point[0] <= cut
    series.append(cut, 0.0)
    assert series.last == (cut, 0.0) and len(series) <= capacity


def test_a_low_value_survives_a_cut_behind_it_however_often_it_was_merged() -> None:
    values = [2.0 + step % 7 for step in range(1_000)]
    values[300] = 1.0
    values[900] = 0.5
    series = of(values, capacity=8)
    assert series.lowest == (900, 0.5)
    series.truncate(700)
    assert series.lowest == (300, 1.0)


def test_an_earlier_step_replaces_what_was_beyond_it() -> None:
    series = of([5.0, 4.0, 1.0, 9.0])
    series.append(1, 3.0)
    assert series.points() == [(0, 5.0), (1, 4.0), (1, 3.0)]
    assert (series.last, series.lowest) == ((1, 3.0), (1, 3.0))


def test_what_is_no_number_is_left_out() -> None:
    series = of([math.nan, 1.0, math.inf, -math.inf, 2.0])
    series.append(math.inf, 1.0)
    assert series.points() == [(1, 1.0), (4, 2.0)]
