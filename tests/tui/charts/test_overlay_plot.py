"""Several runs on one chart, and ways to look at it, compared with arithmetic."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from charloom.tui.charts.axes import Ink, x_ticks
from charloom.tui.charts.canvas import Axis, Canvas, PlotArea, Polyline
from charloom.tui.charts.curves import SMOOTHING, UNITS, ChartData, View
from charloom.tui.charts.loss_plot import EMPTY
from charloom.tui.charts.overlay_plot import DASHES, MARKS, draw_runs, line_sample
from charloom.tui.charts.sparkline import sparkline
from tests.tui.charts.test_canvas import dots_on
from tests.tui.charts.test_loss_plot import LN2, curves_of, inked, lines, points, steps

RUNS = [
    replace(
        curves_of(last),
        name=name,
        slot=slot,
        elapsed=[(step, step / speed) for step in range(100, last + 1, 100)],
        chars_per_step=1_024.0,
    )
    for slot, (name, last, speed) in enumerate([("sea", 4000, 20), ("moor", 3000, 10)])
]
SEA, MOOR = RUNS
ALL_POINTS = View(smoothing=0)


def test_of_many_points_in_a_column_the_lowest_and_the_highest_have_their_dots() -> None:
    y = np.random.default_rng(3).normal(10, 3, 20_000).clip(0, 19)
    line = Polyline(np.arange(20_000.0), y)
    area = PlotArea(0, 0, 25, 5, Axis(0, 19_999), Axis(0, 19))
    canvas = Canvas(25, 5)
    canvas.draw(0, 0, area.line_dots(line), 1)
    dots = dots_on(canvas)
    for column in range(50):
        inside = [y[i] for i in range(20_000) if round(i / 19_999 * 49) == column]
        rows = [row for at, row in dots if at == column]
        assert (min(rows), max(rows)) == (19 - round(max(inside)), 19 - round(min(inside)))


@given(st.lists(st.tuples(st.integers(0, 99), st.floats(-9, 9)), min_size=1), st.floats(0, 50))
def test_a_smoothed_point_is_the_mean_of_all_points_around_it(
    some: list[tuple[int, float]], width: float
) -> None:
    line = Polyline.from_points(some)
    averaged = line.averaged(width)
    for x, y in zip(*averaged, strict=True):
        around = [v for u, v in some if x - width / 2 <= u <= x + width / 2]
        assert y == pytest.approx(sum(around) / len(around), abs=1e-6)


def test_steps_are_placed_at_their_minutes_characters_and_logarithms() -> None:
    steps = np.array([100.0, 150.0, 2_000.0])
    assert View(unit="minutes").positions(SEA, steps) == pytest.approx(steps / 20 / 60)
    assert View(unit="characters").positions(SEA, steps) == pytest.approx(1_024 * steps)
    assert View(log=True).positions(SEA, steps) == pytest.approx([2, math.log10(150), 3.30103])
    log_minutes = View(unit="minutes", log=True)
    assert log_minutes.positions(MOOR, steps)[2] == pytest.approx(math.log10(2_000 / 10 / 60))
    assert log_minutes.value(log_minutes.positions(MOOR, steps)[2]) == pytest.approx(10 / 3)


def test_ticks_of_a_logarithmic_axis_are_at_the_logarithms_of_their_labels() -> None:
    ticks = x_ticks(Axis(1, 4), 144, View(log=True))
    assert [text for _, text in ticks] == (
        ["10", "20", "50", "100", "200", "500", "1,000", "2,000", "5,000", "10k"]
    )
    for position, text in ticks:
        value = float(text.replace(",", "").replace("k", "000"))
        assert position == pytest.approx(math.log10(value))
    minutes = x_ticks(Axis(0, 1.2), 60, View(unit="minutes"))
    assert minutes == [(0, "0.0"), (0.5, "0.5"), (1, "1.0")]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("smoothing", range(len(SMOOTHING)))
def test_the_cursor_reads_the_recorded_losses_of_all_runs(unit: str, smoothing: int) -> None:
    assert unit in UNITS
    view = View(unit=unit, smoothing=smoothing)
    positions = {
        run.name: view.positions(run, np.array([step for step, _ in run.validation]))
        for run in RUNS
    }
    for at in positions["moor"][[2, 7, 9]]:
        first = lines(draw_runs(RUNS, 120, 30, view=view, readout=True, cursor=float(at)))[0]
        for run in RUNS:
            nearest = int(np.abs(positions[run.name] - at).argmin())
            assert f"{run.name} {run.validation[nearest][1] / LN2:.3f}" in first


def test_a_run_that_was_not_trained_as_long_has_no_loss_there() -> None:
    first = lines(draw_runs(RUNS, 120, 30, readout=True))[0]
    assert first.startswith("step 4,000  ")
    assert f"sea {SEA.validation[-1][1] / LN2:.3f}" in first and "moor     –" in first


def test_without_a_cursor_the_legend_has_the_lowest_losses() -> None:
    first = lines(draw_runs(RUNS, 120, 30))[0]
    for run in RUNS:
        assert f" {run.name} {min(loss for _, loss in run.validation) / LN2:.2f}" in first
    training = lines(draw_runs(RUNS, 120, 30, view=View(train=True)))[0]
    for run in RUNS:
        assert f" {run.name} {min(loss for _, loss in run.train) / LN2:.2f}" in training


def test_runs_can_be_distinguished_without_colours() -> None:
    runs = [replace(SEA, name=f"run {slot}", slot=slot) for slot in range(12)]
    picture = draw_runs(runs, 160, 48)
    legend = " ".join(lines(picture)[:4])
    samples = {legend[legend.index(f" {run.name} ") - 3 : legend.index(f" {run.name} ")]
               for run in runs}  # fmt: skip
    assert len(samples) == 12
    assert len({line_sample(dashes) for dashes in DASHES}) == len(DASHES)
    for slot, run in enumerate(RUNS):
        assert MARKS[slot] in inked(draw_runs(RUNS, 80, 20), Ink(Ink.RUN1 + run.slot))


def test_a_line_of_a_run_is_where_its_losses_are_and_has_gaps_where_its_style_has() -> None:
    for slot, dashes in ((0, "1"), (2, "100")):
        flat = ChartData(
            validation=[(step, 2 * LN2) for step in range(0, 5_001, 50)], name="a", slot=slot
        )
        other = ChartData(validation=[(0, 3 * LN2), (5_000, 3 * LN2)], name="b", slot=5)
        area = draw_runs([flat, other], 76, 20).area
        assert area
        canvas = Canvas(76, 20)
        canvas.draw(6, area.top, area.line_dots(flat.validation_line, dashes=dashes), 1)
        columns = {x - 12 for x, _ in dots_on(canvas)}
        assert columns == {x for x in range(140) if dashes[x % len(dashes)] == "1"}
        row = 4 * area.top + 4 * area.height - 1 - area.y.position(2.0, 4 * area.height)
        assert {y for _, y in dots_on(canvas)} == {row}


def test_a_zoomed_axis_shows_its_part_and_all_losses_there() -> None:
    view = View(window=Axis(500, 1_500), smoothing=0)
    chart = draw_runs(RUNS, 120, 30, view=view)
    assert chart.area and chart.area.x == Axis(500, 1_500)
    assert chart.whole == Axis(200, 4_000)
    losses = [loss / LN2 for run in RUNS for step, loss in run.validation if 500 <= step <= 1_500]
    assert chart.area.y.low <= min(losses) and max(losses) <= chart.area.y.high
    assert lines(chart)[-1].split()[1] in ("500", "600")


def test_a_sparkline_falls_as_the_losses_do() -> None:
    falling = sparkline([(step, 3 - step / 100) for step in range(100)], 8)
    assert len(falling) == 8 and sorted(falling, reverse=True) == list(falling)
    assert falling[0] in "▇█" and falling[-1] in "▁▂"
    assert sparkline([], 8) == " " * 8
    assert sparkline([(1, 1.0)], 0) == ""


def test_runs_without_losses_have_the_sentence_of_an_empty_chart() -> None:
    assert EMPTY in "".join(lines(draw_runs([ChartData(), ChartData()], 80, 9)))
    assert " moor (train) " in lines(draw_runs([SEA, replace(MOOR, validation=[])], 120, 30))[0]


data = st.builds(
    ChartData,
    train=points,
    validation=points,
    total=st.none() | steps,
    name=st.text(st.characters(codec="ascii", categories=["L"]), max_size=40),
    elapsed=points,
    chars_per_step=st.floats(0, 1e9),
    slot=st.integers(0, 40),
)
views = st.builds(
    View,
    unit=st.sampled_from(UNITS),
    log=st.booleans(),
    smoothing=st.integers(0, 2),
    train=st.booleans(),
    window=st.none() | st.builds(lambda a, b: Axis(a, a + b), st.floats(0, 9), st.floats(1e-3, 9)),
)


@given(st.lists(data, max_size=4), views, st.integers(1, 170), st.integers(1, 40), st.booleans())
@settings(max_examples=200, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_any_runs_in_any_view_give_a_picture_of_that_size(
    runs: list[ChartData], view: View, width: int, height: int, readout: bool
) -> None:
    picture = draw_runs(runs, width, height, view=view, readout=readout)
    again = draw_runs(runs, width, height, picture.area, view=view, readout=readout, cursor=3.0)
    for y in range(height):
        text = "".join(text for text, _ in again.canvas.spans(y))
        assert len(text) == width and text.isprintable()
