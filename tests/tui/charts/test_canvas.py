"""Drawing with characters, compared with arithmetic and with Unicode's names."""

import math
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from charloom.tui.charts.canvas import (
    Axis,
    Canvas,
    PlotArea,
    Polyline,
    format_count,
    format_decimal,
    nearest_index,
    round_up,
    stable_axis,
)

# Where Unicode's eight dots are in a cell: column and row.
PLACES = {1: (0, 0), 2: (0, 1), 3: (0, 2), 7: (0, 3), 4: (1, 0), 5: (1, 1), 6: (1, 2), 8: (1, 3)}
STEPS = [m * 10.0**k for k in range(-12, 13) for m in (1, 2, 5)]
numbers = st.floats(-1e9, 1e9)


def dots_on(canvas: Canvas) -> set[tuple[int, int]]:
    """Return the dots of the canvas by Unicode's names of its characters, as (column, row)."""
    dots = set()
    for y in range(canvas.height):
        for x, character in enumerate(canvas.line(y)):
            name = unicodedata.name(character)
            if "DOTS-" in name:
                for dot in name.partition("DOTS-")[2]:
                    across, down = PLACES[int(dot)]
                    dots.add((2 * x + across, 4 * y + down))
    return dots


def traced(points: list[tuple[float, float]], width: int, height: int) -> set[tuple[int, int]]:
    """Draw a line in an area whose axes count dots, y from the bottom."""
    scales = Axis(0, 2 * width - 1), Axis(0, 4 * height - 1)
    canvas = Canvas(width, height)
    canvas.draw(
        0, 0, PlotArea(0, 0, width, height, *scales).line_dots(Polyline.from_points(points)), 1
    )
    return dots_on(canvas)


def test_a_point_is_the_dot_that_arithmetic_says() -> None:
    for x in range(6):
        for y in range(8):
            assert traced([(x, y)], 3, 2) == {(x, 7 - y)}


def test_a_line_has_all_dots_between_its_points_and_no_others() -> None:
    assert traced([(0, 2), (5, 2)], 3, 1) == {(x, 1) for x in range(6)}
    assert traced([(0, 0), (3, 3)], 2, 1) >= {(x, 3 - x) for x in range(4)}
    assert {x for x, _ in traced([(1, 0), (4, 7)], 3, 2)} == {1, 2, 3, 4}


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 19)), min_size=1, max_size=12))
def test_a_line_passes_through_its_points_and_hangs_together(
    points: list[tuple[int, int]],
) -> None:
    ordered = sorted(dict(points).items())
    dots = traced([(float(x), float(y)) for x, y in ordered], 20, 5)
    assert {(x, 19 - y) for x, y in ordered} <= dots
    for (x, _), (later, _) in pairwise(ordered):
        for column in range(x, later):
            here = [row for at, row in dots if at == column]
            there = [row for at, row in dots if at == column + 1]
            assert min(abs(a - b) for a in here for b in there) <= 1
            assert sorted(here) == list(range(min(here), max(here) + 1))


def test_a_thick_line_has_a_second_dot_above_each() -> None:
    area = PlotArea(0, 0, 3, 1, Axis(0, 5), Axis(0, 3))
    canvas = Canvas(3, 1)
    canvas.draw(0, 0, area.line_dots(Polyline.from_points([(0, 1), (5, 1)]), thick=True), 1)
    assert dots_on(canvas) == {(x, y) for x in range(6) for y in (1, 2)}


def test_a_line_out_of_sight_is_every_other_dot_of_the_edge() -> None:
    assert traced([(0, 99), (5, 99)], 3, 1) == {(0, 0), (2, 0), (4, 0)}
    assert traced([(0, -99), (5, -99)], 3, 1) == {(0, 3), (2, 3), (4, 3)}
    assert traced([(0, 1e12), (5, -1e12)], 3, 1) >= {(0, 0), (4, 3)}


def test_levels_and_uprights_stand_where_their_number_is() -> None:
    area = PlotArea(2, 1, 4, 2, Axis(100, 107), Axis(-7, 0))
    canvas = Canvas(7, 4)
    canvas.draw(2, 1, area.horizontal_dots(-5), 1)
    assert dots_on(canvas) == {(4 + x, 4 + 5) for x in (0, 2, 4, 6)}
    canvas = Canvas(7, 4)
    canvas.draw(2, 1, area.vertical_dots(103), 1)
    assert dots_on(canvas) == {(4 + 3, 4 + y) for y in range(8)}
    assert (area.column(103), area.row(-5)) == (2 + 1, 1 + 1)
    assert [area.column(area.x_at(column)) for column in range(2, 6)] == [2, 3, 4, 5]


def test_where_two_curves_share_cells_both_keep_their_dots_and_their_inks_take_turns() -> None:
    canvas, area = Canvas(4, 1), PlotArea(0, 0, 4, 1, Axis(0, 7), Axis(0, 3))
    canvas.draw(0, 0, area.line_dots(Polyline.from_points([(0, 3), (7, 3)])), 1)
    canvas.draw(0, 0, area.line_dots(Polyline.from_points([(0, 0), (7, 0)])), 2)
    assert dots_on(canvas) == {(x, y) for x in range(8) for y in (0, 3)}
    assert [ink for _, ink in canvas.spans(0)] == [2, 1, 2, 1]


def test_what_is_drawn_under_others_leaves_them_as_they_are() -> None:
    canvas, area = Canvas(4, 1), PlotArea(0, 0, 4, 1, Axis(0, 7), Axis(0, 3))
    canvas.write(1, 0, "ab", 1)
    canvas.draw(0, 0, area.horizontal_dots(3), 2, under=True)
    assert canvas.spans(0) == [("⠁", 2), ("ab", 1), ("⠁", 2)]


def test_what_is_written_beyond_the_sheet_is_left_out() -> None:
    canvas = Canvas(4, 2)
    for x, y in ((-2, 0), (3, 1), (0, 2), (0, -1), (9, 0), (-9, 0)):
        canvas.write(x, y, "abc", 1)
    assert (canvas.line(0), canvas.line(1)) == ("c   ", "   a")
    assert canvas.spans(0) == [("c", 1), ("   ", 0)]


def test_bars_are_as_high_as_their_levels() -> None:
    canvas = Canvas(5, 1)
    canvas.bars(0, 0, np.array([0.0, 1.0, 0.5, -9.0, 9.0]), 1, 1)
    assert canvas.line(0) == "▁█▅▁█"
    canvas = Canvas(3, 2)
    canvas.bars(0, 0, np.array([0, 7 / 15, 1]), 2, 1)  # 1, 8 and 16 eighths
    assert (canvas.line(0), canvas.line(1)) == ("  █", "▁██")


def test_only_numbers_are_points_and_they_are_put_in_order() -> None:
    nan, inf = math.nan, math.inf
    line = Polyline.from_points(
        [(3, 6), (1, 2), (nan, 1), (2, nan), (2, inf), (-inf, 0), (1, 4)], 2
    )
    assert line.x.tolist() == [1, 1, 3] and line.y.tolist() == [1, 2, 3]
    assert Polyline.from_points([]).x.tolist() == []


@given(st.lists(st.tuples(st.integers(0, 5000), numbers), min_size=2), st.integers(1, 300))
def test_a_thinned_line_is_made_of_the_means_of_neighbours(
    points: list[tuple[int, float]], most: int
) -> None:
    line = Polyline.from_points(points).thinned(most)
    span = max(x for x, _ in points) - min(x for x, _ in points)
    wide = next(2**k for k in range(20) if 2**k * most >= max(1, span))
    groups = defaultdict(list)
    for x, y in points:
        groups[x // wide].append((x, y))
    expected = [np.mean(groups[group], axis=0) for group in sorted(groups)]
    assert np.allclose(np.transpose(line), expected, atol=1e-3)
    assert len(expected) <= most + 2


def test_as_a_line_grows_what_was_drawn_of_its_noise_stays() -> None:
    noise = np.random.default_rng(1).normal(size=1000)
    points = list(enumerate(noise.tolist()))
    earlier = Polyline.from_points(points[:700]).thinned(100)
    later = Polyline.from_points(points[:800]).thinned(100)
    assert earlier.y[:-1].tolist() == later.y[: len(earlier.y) - 1].tolist()


@given(st.floats(1e-9, 1e9))
def test_a_nice_number_is_the_next_of_one_two_five(rough: float) -> None:
    assert round_up(rough) == pytest.approx(STEPS[bisect_left(STEPS, rough * (1 - 1e-9))])


@given(numbers, st.floats(0.1, 1e9), st.integers(2, 12))
def test_ticks_are_round_numbers_on_the_scale(low: float, span: float, most: int) -> None:
    scale = Axis(low, low + span)
    ticks, step = scale.ticks(most)
    assert 2 <= len(ticks) <= max(5, most)
    assert any(step == pytest.approx(nice) for nice in STEPS)
    assert ticks == pytest.approx([round(tick / step) * step for tick in ticks], rel=1e-12)
    # No tick is missing at either end and none is outside, up to rounding.
    assert low - step / 1e6 <= ticks[0] < low + step * (1 + 1e-6)
    assert scale.high - step * (1 + 1e-6) < ticks[-1] <= scale.high + step / 1e6


def test_ticks_on_typical_scales() -> None:
    assert Axis(1.9, 3.2).ticks(5) == ([2, 2.5, 3], 0.5)
    assert Axis(1.9, 3.2).ticks(2) == ([2, 3], 1)
    assert Axis(20, 9000).ticks(5) == ([2000, 4000, 6000, 8000], 2000)
    assert Axis(0, 2).ticks(12, min_step=1) == ([0, 1, 2], 1)


@given(numbers, st.floats(0, 1e6))
def test_a_scale_holds_its_numbers_in_round_ones_without_wasting_much(
    low: float, span: float
) -> None:
    scale = stable_axis(None, low, low + span, 0.1)
    assert scale.low <= low + 1e-6 and low + span <= scale.high + 1e-6
    assert scale.high - scale.low <= 1.3 * max(span, 0.1) + 1e-6


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.floats(0, 10))
def test_a_scale_stays_while_it_fits_and_is_mostly_filled(
    a: float, b: float, c: float, d: float
) -> None:
    before = stable_axis(None, min(a, b), max(a, b), 0.1)
    low, high = min(c, d), max(c, d)
    fits = before.low <= low and high <= before.high
    share = (high - low) / (before.high - before.low)
    assume(abs(share - 0.6) > 1e-9)
    after = stable_axis(before, low, high, 0.1)
    assert after == (before if fits and share > 0.6 else stable_axis(None, low, high, 0.1))


def test_labels_of_losses_are_all_of_one_width() -> None:
    assert [format_decimal(v, 0.5, 5) for v in (0.0, -0.0, 2.0, 2.5, 12.5)] == [
        *("  0.0", "  0.0", "  2.0", "  2.5", " 12.5")
    ]
    assert [format_decimal(v, 0.05, 5) for v in (2.05, 12.1)] == [" 2.05", "12.10"]
    assert [format_decimal(v, 0.1, 5) for v in (0.30000000000000004, 1)] == ["  0.3", "  1.0"]
    assert [format_decimal(v, 2000, 5) for v in (4000, 123456, 4e11)] == [" 4000", " 1e05", " 4e11"]


def test_steps_are_written_as_briefly_as_their_neighbours_allow() -> None:
    assert [format_count(v, 400, 2000) for v in (400, 1200, 2000)] == ["400", "1,200", "2,000"]
    assert [format_count(v, 500, 12500) for v in (500, 12000, 12500)] == ["0.5k", "12k", "12.5k"]
    assert [format_count(v, 1e5, 1.2e6) for v in (1e5, 1e6, 1.2e6)] == ["0.1M", "1M", "1.2M"]
    assert [format_count(v, 10, 1234570) for v in (1234560, 1234570)] == ["1,234,560", "1,234,570"]


@given(st.lists(numbers, min_size=1), numbers)
def test_the_nearest_number_is_found(some: list[float], value: float) -> None:
    ordered = np.array(sorted(some))
    distance = abs(ordered[nearest_index(ordered, value)] - value)
    assert distance == min(abs(number - value) for number in some)
