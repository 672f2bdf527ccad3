"""The charts of one run and of several."""

from contextlib import ExitStack

from charloom.core.runs import events
from charloom.core.runs.events import (
    RunWarning,
)
from charloom.core.store.write import remove_model
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.train.chart_screen import ChartScreen
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    screen_text,
    until,
)
from tests.tui.helpers.run_folders import at_work, course, end, write_run


async def test_the_large_chart_has_a_cursor_and_follows_the_run(working: ExitStack) -> None:
    folder = write_run("sea", *course(3_000))
    working.enter_context(at_work(folder))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        await until(pilot, lambda: "step 3,000" in screen_text(app))
        assert isinstance(app.focused, LossChart)
        for event in course()[-40:]:
            events.record(folder, event)
        await until(pilot, lambda: "step 4,200" in screen_text(app))
        await pilot.press("home")
        await until(pilot, lambda: "step 100 " in flat_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "● sea  training" in screen_text(app))


async def test_marked_runs_share_a_chart_with_the_selected_one() -> None:
    for name in ("sea", "moor", "tide"):
        write_run(name, *course(3_000), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: len(app.services.runs.all()) == 3)
        first, second, third = [run.name for run in app.services.runs.all()]

        def legend() -> str:
            return next(line for line in screen_text(app).splitlines() if "validation" in line)

        await until(pilot, lambda: "━●━ validation" in legend())
        await pilot.press("space", "down")
        await until(pilot, lambda: all(f" {name} " in legend() for name in (first, second)))
        assert third not in legend() and "△ ■ " + first in screen_text(app)
        await pilot.press("space", "down")
        await until(pilot, lambda: third in legend())
        for name, sample in ((first, "⠒△⠒"), (second, "⠒□⠂"), (third, "⠂◇⠐")):
            assert f"{sample} {name} " in legend()
        await pilot.press("l", "C", "X", "A")
        await until(pilot, lambda: "training loss in bits/char by minutes, log" in flat_text(app))
        assert "3 runs" in screen_text(app)
        await pilot.press("escape", "up", "space")  # no longer marked, but selected
        await until(pilot, lambda: third not in legend() and second in legend())
        remove_model(first)
        await until(pilot, lambda: "━●━ validation" in legend())


async def test_a_small_screen_leaves_ten_rows_to_the_curves(working: ExitStack) -> None:
    working.enter_context(at_work(write_run("sea", *course(), RunWarning("with batch 4."))))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "with batch 4." in screen_text(app))
        chart = app.screen.query_one(LossChart)
        assert sum(line[6] in "│┤" for line in screen_text(app).splitlines()) >= 10
        for text in ("47%", "step 4,200 / 9,000", "best 1.926 bits/char", "51,204 chars/s"):
            assert text in flat_text(app)
        assert chart.size.height >= 12


async def test_a_row_of_the_list_has_the_curve_of_its_run() -> None:
    write_run("sea", *course(), end())
    for size in (SMALL, LARGE):
        app = app_at("train")
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: "✓ sea  completed" in screen_text(app))  # noqa: B023
            row = next(line for line in screen_text(app).splitlines() if "✓ sea " in line)
            curve = row.split("1.93")[1].split("│")[0].split()[0]
            assert len(curve) >= 6 and set(curve) <= set("▁▂▃▄▅▆▇█")
            assert curve[0] > curve[-1]
