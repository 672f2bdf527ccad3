"""The drawing of loss curves, compared with arithmetic and tried on arbitrary data."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charloom.tui.charts.axes import Ink
from charloom.tui.charts.curves import ChartData
from charloom.tui.charts.loss_plot import EMPTY, DrawnChart, draw
from tests.tui.charts.test_canvas import dots_on

LN2 = math.log(2)


def curves_of(last: int) -> ChartData:
    """Return a typical run: down from ln 84, more and more slowly, overfitting in the end."""
    noise = np.random.default_rng(1).normal(0, 0.03, last + 1).tolist()

    def loss(step: int) -> float:
        return 1.35 + 1.55 * math.exp(-step / 250) + 1.3 / math.pow(1 + step / 700, 1.3)

    train = [(step, loss(step) + noise[step]) for step in range(20, last + 1, 20)]
    validation = [
        (step, loss(step) + 0.05 + 0.1 * math.pow(step / 9000, 1.5) + noise[step] / 10)
        for step in range(200, last + 1, 200)
    ]
    best = min(validation, key=lambda point: point[1]) if validation else None
    known = [("uniform", math.log(84)), ("unigram", 3.31), ("bigram", 2.364)]
    return ChartData(train, validation, best, [*known, ("xz -9", 1.744), ("5-gram", 1.669)])


RUN = curves_of(9000)


def lines(picture: DrawnChart) -> list[str]:
    return [picture.canvas.line(y) for y in range(picture.canvas.height)]


def drawn(curves: ChartData, width: int = 76, height: int = 8) -> list[str]:
    return lines(draw(curves, width, height))


def inked(picture: DrawnChart, ink: Ink) -> str:
    """Return the text drawn with ``ink``."""
    spans = (span for y in range(picture.canvas.height) for span in picture.canvas.spans(y))
    return "".join(text for text, of in spans if of == ink)


def test_without_a_loss_there_is_one_sentence() -> None:
    shown = drawn(ChartData(baselines=[("uniform", 4.4), ("bigram", 2.4)], total=100))
    assert [line.strip() for line in shown if line.strip()] == [EMPTY]
    assert drawn(ChartData([(1, math.nan)], [(math.inf, 1)]), 10, 1) == [EMPTY[:10]]


def test_losses_in_nats_are_drawn_in_bits_where_the_scale_says() -> None:
    picture = draw(ChartData([(step, 2 * LN2) for step in (0, 50, 100)]), 76, 8)
    at = [(x - 12, y) for x, y in dots_on(picture.canvas) if y >= 4]  # six columns of labels
    rows = {y for _, y in at}
    ticks = {float(line[:5]): y for y, line in enumerate(lines(picture)) if "┤" in line}
    assert sorted(x for x, _ in at) == list(range(140))
    assert len(rows) == 1 and ticks[2.0] == rows.pop() // 4


def test_the_legend_names_the_curves_the_best_and_the_baselines_out_of_sight() -> None:
    best = RUN.best or (0, 0)
    assert drawn(RUN, 120)[0].rstrip() == (
        f"bits/char  ⠒⠒ train  ━●━ validation  ◆ best {best[1] / LN2:.2f} @ {best[0]:,}"
        f"  ↑ bigram {2.364 / LN2:.2f}  ↑ unigram {3.31 / LN2:.2f}  ↑ uniform {math.log2(84):.2f}"
    )
    assert "validation" not in drawn(replace(RUN, validation=[], best=None), 120)[0]
    assert "↓ bigram -" in drawn(replace(RUN, baselines=[("bigram", -1.0)]), 120)[0]


def test_a_legend_that_is_too_long_ends_with_a_whole_phrase() -> None:
    whole = drawn(RUN, 120)[0].split("  ")
    for width in range(1, 120):
        phrases = drawn(RUN, width)[0].rstrip().split("  ")
        assert phrases == whole[: len(phrases)] or phrases == [""]


def test_a_baseline_in_sight_is_a_dotted_line_with_its_name() -> None:
    early = curves_of(1000)
    picture = draw(early, 76, 8)
    area = picture.area
    assert area is not None
    row = area.row(2.364 / LN2)
    assert lines(picture)[row].rstrip().endswith("bigram 3.41")
    assert "bigram" not in lines(picture)[0]
    dots = "".join(text for text, ink in picture.canvas.spans(row) if ink == Ink.BASELINE)
    assert len(dots.replace(" bigram 3.41 ", "")) > 25
    assert len(set(dots.replace(" bigram 3.41 ", ""))) == 1


def test_baselines_that_are_close_together_have_their_names_side_by_side() -> None:
    picture = draw(curves_of(1500), 76, 8)
    (row,) = (row for row, line in enumerate(lines(picture)) if "xz -9 2.52" in line)
    assert " xz -9 2.52  5-gram 2.41 " in lines(picture)[row]
    crowded = replace(curves_of(1500), baselines=[(f"one of many {n}", 1.7) for n in range(9)])
    rows = drawn(crowded, 200)
    assert rows[0].count("one of many") + " ".join(rows[1:]).count("one of many") == 9
    assert rows[0].count("one of many") > 0


def test_the_best_validation_loss_is_marked_where_it_is() -> None:
    for width, height in ((76, 8), (150, 28)):
        picture = draw(RUN, width, height)
        area, best = picture.area, RUN.best
        assert area is not None and best is not None
        columns = (best[0] - 20) / (9000 - 20) * (2 * (width - 6) - 1)
        y, line = next((y, line) for y, line in enumerate(lines(picture)) if y and "◆" in line)
        assert line.index("◆") == 6 + round(columns) // 2
        assert y == area.row(best[1] / LN2)


def test_curves_can_be_distinguished_without_colours() -> None:
    for width, height in ((76, 8), (150, 28)):
        apart = replace(RUN, train=[(step, loss - 0.3) for step, loss in RUN.train])
        picture = draw(apart, width, height)
        assert inked(picture, Ink.VALIDATION).count("●") >= 5
        assert "●" not in inked(picture, Ink.TRAIN)


def test_all_few_validations_are_marked_and_of_many_only_some() -> None:
    few = ChartData(validation=[(100, 1.0), (200, 1.1), (300, 1.0), (400, 1.2)])
    many = ChartData(validation=[(step, 1 + step % 3 / 10) for step in range(1000)])
    assert inked(draw(few, 76, 8), Ink.VALIDATION).count("●") == 1 + 4  # one is the legend's
    assert 4 < inked(draw(many, 76, 8), Ink.VALIDATION).count("●") < 15


def test_the_cliff_at_the_beginning_does_not_flatten_what_comes_later() -> None:
    for width, height in ((76, 8), (150, 28)):
        area = draw(RUN, width, height).area
        assert area is not None
        later = [loss / LN2 for step, loss in RUN.train if step > 1500]
        share = (max(later) - min(later)) / (area.y.high - area.y.low)
        assert area.y.high < RUN.train[0][1] / LN2
        assert share > 0.4


def test_a_loss_that_goes_up_again_stays_in_sight() -> None:
    broken = [(9000 + 20 * n, 2.0 + n / 50) for n in range(1, 50)]
    area = draw(replace(RUN, train=[*RUN.train, *broken]), 76, 8).area
    assert area is not None and area.y.high > 2.8 / LN2


def test_one_spike_does_not_flatten_the_curve() -> None:
    train = [*RUN.train[:-2], (RUN.train[-2][0], 1e6), RUN.train[-1]]
    area = draw(replace(RUN, train=train), 150, 28).area
    assert area is not None and area.y.high < 5


def growing(height: int) -> Iterator[DrawnChart]:
    """Yield the charts of a growing run."""
    picture = None
    for n in range(1, len(RUN.train) + 1):
        step = RUN.train[n - 1][0]
        validation = [point for point in RUN.validation if point[0] <= step]
        now = replace(RUN, train=RUN.train[:n], validation=validation, best=None)
        picture = draw(now, 76, height, picture.area if picture else None)
        yield picture


def test_while_a_run_grows_the_axis_is_steady_and_labels_never_move_sideways() -> None:
    pictures = list(growing(8))
    assert {line[5] for picture in pictures for line in lines(picture)[1:-1]} == {"│", "┤"}
    for picture in pictures:
        figures = [line[:5] for line in lines(picture) if "┤" in line]
        assert 2 <= len(figures) <= 5
        assert len({figure.rstrip()[::-1].find(".") for figure in figures}) == 1
    scales = [picture.area.y for picture in pictures if picture.area]
    later = scales[len(scales) // 4 :]
    assert sum(a != b for a, b in pairwise(later)) <= 8


def test_steps_are_labelled_below_where_they_are() -> None:
    assert drawn(curves_of(3000))[-1].split() == ["step", "1,000", "2,000", "3,000"]
    for scale, labels in ((10, ["10k", "20k", "30k"]), (1000, ["1M", "2M", "3M"])):
        run = curves_of(3000)
        longer = ChartData([(scale * step, loss) for step, loss in run.train])
        assert drawn(longer, 76, 12)[-1].split() == ["step", *labels]
    axis, labelled = drawn(RUN, 150, 28)[-2:]
    ticks = [place for place, character in enumerate(axis) if character == "┬"]
    assert len(ticks) == 9
    for place, value, label in zip(
        ticks, range(1000, 9001, 1000), labelled.split()[1:], strict=True
    ):
        assert label == f"{value:,}"
        assert place == 6 + round((value - 20) / 8980 * (2 * 144 - 1)) // 2
        assert place - 4 <= labelled.index(label) <= place


def test_the_axis_ends_at_the_newest_step_and_late_in_a_run_at_its_end() -> None:
    def end(last: int, total: float | None) -> float:
        area = draw(curves_of(last), 76, 8).area
        assert area and area.x.high == last
        area = draw(replace(curves_of(last), total=total), 76, 8).area
        assert area
        return area.x.high

    assert end(4000, 9000) == 4000
    assert end(8000, 9000) == 9000
    assert end(9000, 9000) == 9000
    assert end(9000, 5) == end(9000, math.nan) == end(9000, math.inf) == end(9000, None) == 9000


def test_in_a_few_rows_there_are_bars_and_the_ends_of_the_scale() -> None:
    scale = draw(RUN, 76, 1).area
    assert scale is not None
    low, high = (f"{end:.2f}" for end in scale.y)
    (only,) = drawn(RUN, 76, 1)
    assert only.split()[0] == high and only.split()[-1] == low
    assert set("▁▂▃▄█") <= set(only.split()[1]) <= set("▁▂▃▄▅▆▇█")
    upper, lower = drawn(RUN, 76, 2)
    assert upper.startswith(f" {high} █") and lower.startswith(f" {low} █")
    assert drawn(RUN, 76, 3)[0].split() == ["bits/char", "train"]


floats = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1.5, 1e308, -1e308]))
steps = st.one_of(floats, st.integers(0, 10**7))
points = st.lists(st.tuples(steps, floats), max_size=30)


@given(
    st.builds(
        ChartData,
        train=points,
        validation=points,
        best=st.none() | st.tuples(steps, floats),
        baselines=st.lists(st.tuples(st.sampled_from(["xz -9", "unigram"]), floats), max_size=6),
        total=st.none() | steps,
    ),
    st.integers(1, 170),
    st.integers(1, 40),
    st.booleans(),
    st.none() | st.floats(0, 1e7),
)
@example(ChartData([(1, 1.4)]), 76, 8, False, None)
@example(ChartData([(n, 1.4) for n in range(300)]), 76, 8, False, None)
@example(ChartData([(1e7 * n, 12.1) for n in range(300)], total=1e300), 20, 6, True, 3e8)
@settings(max_examples=300)
def test_any_numbers_and_any_size_give_a_picture_of_that_size(
    curves: ChartData, width: int, height: int, readout: bool, cursor: float | None
) -> None:
    picture = draw(curves, width, height, readout=readout, cursor=cursor)
    again = draw(curves, width, height, picture.area, readout=readout, cursor=cursor)
    for y in range(height):
        text = "".join(text for text, _ in again.canvas.spans(y))
        assert len(text) == width and text.isprintable()


def test_a_mark_is_on_the_curve_and_what_follows_is_faint() -> None:
    plain, marked = draw(RUN, 76, 12), draw(RUN, 76, 12, mark=4_000)
    area = marked.area
    assert area
    column = area.column(4_000)
    loss = dict(RUN.validation)[4_000] / LN2
    assert lines(marked)[area.row(loss)][column] == "◉"
    drawn_inks = {Ink.TRAIN, Ink.VALIDATION, Ink.BEST}
    for y in range(area.top, area.top + area.height):
        before, after = (
            [ink for text, ink in picture.canvas.spans(y) for _ in text]
            for picture in (plain, marked)
        )
        assert before[:column] == after[:column]
        assert not drawn_inks.intersection(after[column + 1 :])
