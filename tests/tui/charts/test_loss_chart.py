"""The loss chart on a screen: repainting and the cursor."""

import os
from dataclasses import replace

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.strip import Strip

from charloom.tui.charts.canvas import Axis
from charloom.tui.charts.curves import ChartData, View
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.charts.loss_plot import EMPTY, draw
from charloom.tui.formatting.themes import DARK, LIGHT
from tests.tui.charts.test_loss_plot import LN2, RUN, curves_of, lines
from tests.tui.helpers.driving import APP_CSS, until

SIZES = [(150, 28), (80, 12), (76, 8), (40, 6), (76, 3), (76, 2), (76, 1), (19, 9), (5, 5), (1, 1)]


class Shown(App[None]):
    """One chart on a screen."""

    CSS_PATH = APP_CSS

    def __init__(self, chart: LossChart) -> None:
        super().__init__()
        self.chart = chart

    def on_mount(self) -> None:
        for theme in (DARK, LIGHT):
            self.register_theme(theme)

    def compose(self) -> ComposeResult:
        yield self.chart


def text_of(chart: LossChart) -> list[str]:
    return [strip.text for strip in chart.render_lines(chart.size.region)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_chart_fills_any_size(size: tuple[int, int]) -> None:
    chart = LossChart(RUN, cursor=True)
    async with Shown(chart).run_test(size=size) as pilot:
        assert text_of(chart) == lines(draw(RUN, *size, readout=True))
        await pilot.resize_terminal(60, 10)
        await until(pilot, lambda: [len(line) for line in text_of(chart)] == [60] * 10)


class Counted(LossChart):
    """A chart that counts the rows that are rendered."""

    rendered = 0

    def render_line(self, y: int) -> Strip:
        self.rendered += 1
        return super().render_line(y)


async def test_other_curves_are_drawn_and_the_same_curves_are_not_drawn_again() -> None:
    chart = Counted()
    async with Shown(chart).run_test(size=(76, 8)) as pilot:
        assert EMPTY in text_of(chart)[3]
        rendered = chart.rendered
        chart.set_data(ChartData())
        await pilot.pause()
        assert chart.rendered == rendered
        chart.set_data(curves_of(1000))
        await pilot.pause()
        assert chart.rendered == rendered + 8
        chart.set_data(curves_of(1000))
        await pilot.pause()
        assert chart.rendered == rendered + 8
        assert text_of(chart)[-1].rstrip().endswith("1,000")


def readout(step: int) -> str:
    """Return the readout of RUN at a step of both curves."""
    train, validation = dict(RUN.train)[step], dict(RUN.validation)[step]
    return (
        f"step {step:,}  train {train / LN2:.2f} bits {train:.3f} nats"
        f"  validation {validation / LN2:.2f} bits {validation:.3f} nats"
    )


async def test_the_cursor_is_moved_with_keys_and_read_out() -> None:
    chart = LossChart(RUN, cursor=True)
    async with Shown(chart).run_test(size=(150, 28)) as pilot:

        def at() -> int:
            return int(text_of(chart)[1].split()[1].replace(",", ""))

        assert chart.has_focus
        assert text_of(chart)[1].rstrip() == readout(9000)
        column = 8980 / 144
        await pilot.press("left")
        assert 9000 - 2 * column < at() < 9000
        await pilot.press("right")
        assert at() == 9000
        for key in ("shift+left", "ctrl+left"):
            before = at()
            await pilot.press(key)
            assert before - 12 * column < at() < before - 9 * column
        await pilot.press("shift+right", "ctrl+right")
        assert abs(at() - 9000) <= column
        await pilot.press("home")
        assert at() == 20
        assert "@ 200" in text_of(chart)[1]  # the first validation is later
        await pilot.press("left", "shift+left")
        assert at() == 20
        await pilot.press("right")
        assert 20 < at() < 20 + 2 * column
        await pilot.press("shift+left")
        assert at() == 20
        await pilot.press("end", "right")
        assert text_of(chart)[1].rstrip() == readout(9000)


async def test_a_cursor_at_the_newest_step_follows_and_one_elsewhere_stays() -> None:
    chart = LossChart(curves_of(2000), cursor=True)
    async with Shown(chart).run_test(size=(150, 28)) as pilot:
        chart.set_data(curves_of(4000))
        assert text_of(chart)[1].startswith("step 4,000 ")
        await pilot.press("home")
        chart.set_data(RUN)
        assert text_of(chart)[1].startswith("step    20 ")


async def test_the_cursor_goes_where_the_mouse_is() -> None:
    chart = LossChart(RUN, cursor=True)
    async with Shown(chart).run_test(size=(150, 28)) as pilot:
        await pilot.hover(chart, (6 + 72, 10))
        step = int(text_of(chart)[1].split()[1].replace(",", ""))
        assert abs(step - (20 + 8980 / 2)) < 8980 / 144
        upright = {line[78] for line in text_of(chart)[2:26]}
        assert upright & {"⡇", "⢸"}
        await pilot.hover(chart, (0, 10))
        assert text_of(chart)[1].startswith("step    20 ")


async def test_without_a_cursor_keys_and_mouse_pass_by() -> None:
    chart = LossChart(RUN)
    async with Shown(chart).run_test(size=(150, 28)) as pilot:
        assert not chart.has_focus
        before = text_of(chart)
        await pilot.press("tab", "home")
        await pilot.hover(chart, (40, 10))
        assert not chart.has_focus and text_of(chart) == before


async def test_an_empty_chart_with_a_cursor_accepts_all_keys() -> None:
    chart = LossChart(cursor=True)
    async with Shown(chart).run_test(size=(76, 8)) as pilot:
        await pilot.press("left", "right", "shift+left", "ctrl+right", "home", "end")
        await pilot.hover(chart, (40, 4))
        assert EMPTY in "".join(text_of(chart))


@pytest.mark.parametrize("theme", ["charloom-dark", "charloom-light", "ansi-dark"])
async def test_the_colours_are_the_themes(theme: str) -> None:
    chart = LossChart(RUN, cursor=True)
    app = Shown(chart)
    async with app.run_test(size=(150, 28)) as pilot:
        colours = []
        for name in ("nord", theme):
            app.theme = name
            await pilot.pause()
            styles = {text: style for text, style, _ in chart.render_line(0) if style}
            colours.append((styles["⠒⠒"].color, styles["━●━"].color, styles["◆"].color))
        assert len(set(colours[1][:2])) == 2
        assert colours[0] != colours[1]


async def test_the_focus_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    chart = LossChart(RUN, cursor=True)
    app = Shown(chart)
    async with app.run_test(size=(150, 28)) as pilot:
        assert all(
            style and style.bold for text, style, _ in chart.render_line(1) if "step" in text
        )
        app.screen.set_focus(None)
        await pilot.pause()
        assert not any(style and style.bold for text, style, _ in chart.render_line(1))


async def test_the_chart_is_zoomed_and_moved_with_keys_and_the_wheel() -> None:
    chart = LossChart(RUN, cursor=True)
    async with Shown(chart).run_test(size=(150, 28)) as pilot:

        def window() -> Axis:
            drawn = chart._drawn()
            assert drawn.area
            return drawn.area.x

        assert window() == (20, 9_000)
        await pilot.press("up")
        assert window() == pytest.approx((20 + 8_980 / 3, 9_000))  # the cursor is at the end
        assert text_of(chart)[1].rstrip() == readout(9_000)
        await pilot.press("pageup")
        assert window() == pytest.approx((20 + 8_980 / 6, 9_000 - 8_980 / 6))
        at = int(text_of(chart)[1].split()[1].replace(",", ""))
        assert window().low <= at <= window().high  # the cursor stays in the visible part
        await pilot.press("home")
        assert window() == pytest.approx((20, 20 + 8_980 * 2 / 3))
        await pilot.press("0")
        assert window() == (20, 9_000) and chart.view.window is None

        def scroll(event: type[events.MouseEvent], shift: bool = False) -> None:
            x, y = 6 + 72, 10  # the middle of the chart
            chart.post_message(event(chart, x, y, 0, 0, 0, shift, False, False, x, y))

        scroll(events.MouseScrollUp)
        await until(pilot, lambda: chart.view.window)
        middle = sum(window()) / 2
        assert middle == pytest.approx(20 + 8_980 / 2, abs=40)
        assert window().high - window().low == pytest.approx(8_980 * 2 / 3)
        scroll(events.MouseScrollDown, shift=True)
        await until(pilot, lambda: sum(window()) / 2 > middle + 8_980 / 7)
        scroll(events.MouseScrollDown)
        await until(pilot, lambda: chart.view.window is None)
        for _ in range(40):
            await pilot.press("plus")
        assert 8_980 / 1_000 <= window().high - window().low <= 1.5 * 8_980 / 1_000


async def test_each_way_to_look_at_the_chart_is_described() -> None:
    timed = replace(RUN, elapsed=[(step, step / 2) for step in range(100, 9_001, 100)])
    chart = LossChart(timed, replace(timed, name="other", slot=1), cursor=True)
    async with Shown(chart).run_test(size=(150, 28)) as pilot:
        assert chart.describe_view() == "validation loss in bits/char by steps · lightly smoothed"
        chart.action_unit()
        assert text_of(chart)[0].startswith("minute 75.00 ")
        chart.action_log()
        chart.action_smooth()
        chart.action_curve()
        await pilot.press("up")
        assert chart.describe_view() == (
            "training loss in bits/char by minutes, logarithmic · strongly smoothed · zoom 1.5×"
        )
        chart.action_unit()
        chart.action_unit()
        assert chart.view == View(log=True, smoothing=2, train=True)
        assert text_of(chart)[0].startswith("step 9,000 ")
