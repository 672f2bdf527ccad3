"""The Train screen, with runs read from their folders."""

import math
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from charloom.core.runs import events
from charloom.core.runs.events import (
    Progress,
    RunWarning,
    Sample,
    Started,
    ThreadsChanged,
    Validated,
)
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.store.write import remove_model
from charloom.tui.train import run_summary
from charloom.tui.train.chart_screen import ChartScreen
from charloom.tui.train.new_run import NewRunScreen
from charloom.tui.train.screen import TrainScreen
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.helpers.run_folders import at_work, course, end, learned_by_heart, write_run
from tests.tui.train.run_helpers import possible


async def test_a_run_shows_which_model_it_started_from() -> None:
    started, *rest = course()
    assert isinstance(started, Started)
    write_run("diary", replace(started, base="english@12000"), *rest)
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "! english@12000 → diary  interrupted" in screen_text(app))


async def test_with_no_runs_it_says_what_training_is_and_how_to_begin() -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "continue a text, one character at a time" in flat_text(app))
        await until(pilot, lambda: "Press a to choose a text and start." in screen_text(app))
        assert possible(app) == {"new"}
        write_run("sea", *course())
        await until(pilot, lambda: "! sea  interrupted" in screen_text(app))
        assert app.focused is not None


async def test_a_run_is_shown_in_full(working: ExitStack) -> None:
    working.enter_context(at_work(write_run("sea", *course(), RunWarning("with batch 4."))))
    app = app_at("train")
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        seen = flat_text(app)
        for text in (
            "E 64, H 512, 1 layer, V 71, 1,224,711 parameters",
            "step 4,200 / 9,000 · epoch 3.23 · rate 2.30e-03 · cpu bfloat16, 2 threads",
            "47%",
            "51,204 chars/s",
            "2:11 elapsed",
            "2:30 left",
            "Sample at step 4,200",
            "the grey sea went on, and nobody spoke of the loom",
            "with batch 4.",
            "bigram 3.53",
        ):
            assert text in seen
        losses = [event.loss for event in course() if isinstance(event, Progress)]
        checked = [event.val_loss for event in course() if isinstance(event, Validated)]
        for name, nats in (("train", losses[-1]), ("validation", checked[-1])):
            bits = nats / math.log(2)
            figures = f"{name} {nats:.3f} nats {bits:.3f} bits/char perplexity {math.e**nats:.2f}"
            assert figures in seen


def test_overfitting_is_reported_with_advice() -> None:
    def notes(run: RunMonitor) -> str:
        run.refresh()
        return run_summary.notes(run).plain

    folder = write_run("sea", *learned_by_heart(4_000), RunWarning("It is warm."))
    with at_work(folder):
        assert notes(RunMonitor(folder)).startswith(
            "It overfits from step 2,000 on: it memorizes its text and"
        )
        assert "stop here, or try more text or dropout.\nIt is warm." in notes(RunMonitor(folder))
    events.record(folder, end("no longer improving"))
    assert notes(RunMonitor(folder)).startswith(
        "It overfitted from step 2,000 on: more text or dropout would help.\nBest checkpoint"
    )
    assert "overfit" not in notes(RunMonitor(write_run("tale", *course())))


def test_a_change_of_the_threads_has_a_line_while_the_run_lasts() -> None:
    folder = write_run("sea", *course(), ThreadsChanged(1_200, 1, 8_250.4))
    line = "1 thread from step 1,200, as other work on this machine changed: 8,250 chars/s."
    run = RunMonitor(folder)
    with at_work(folder):
        run.refresh()
        assert line in run_summary.notes(run).plain.splitlines()
    events.record(folder, end("completed"))
    run.refresh()
    assert line not in run_summary.notes(run).plain
    for event in course():
        events.record(folder, event)
    with at_work(folder):
        run.refresh()
        assert run.threads_changed is None


async def test_a_run_before_its_first_report_is_shown_and_can_be_trained(tmp_path: Path) -> None:
    write_run("sea")
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "· sea  not yet trained" in screen_text(app))
        assert possible(app) == {"resume", "delete", "new"}


async def test_hostile_events_cannot_act_or_break_the_view() -> None:
    hostile = "\x1b[2J\x9b31m\x07[red]\u202e[/]"
    first = course()[0]
    assert isinstance(first, Started)
    wrong = replace(
        first, model={"hidden_size": [hostile], "layers": {}}, training={"minutes": "x"}
    )
    far = 9e18  # about the largest number that an event may have
    beyond = Progress(7, -far, far, far, -far, far, -far, far, far)
    write_run("sea", wrong, beyond, RunWarning(hostile), Sample(7, hostile), title=hostile)
    write_run("failed", *course(), end("failed", hostile))
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        for name in ("failed", "sea"):
            await until(pilot, lambda: len(app.services.runs.all()) == 2)
            screen = app.screen
            assert isinstance(screen, TrainScreen)
            screen.select(name)
            await until(pilot, lambda: "␛[2J␦31m␇[red]␦[/]" in screen_text(app))
            assert all(c.isprintable() or c == "\n" for c in screen_text(app))


async def test_the_end_of_a_run_is_notified_on_every_screen(working: ExitStack) -> None:
    first, second = write_run("first", *course()), write_run("second", *course())
    working.enter_context(at_work(first))
    other = working.enter_context(ExitStack())
    other.enter_context(at_work(second))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: len(app.services.runs.live) == 2)
        assert isinstance(app.screen, TrainScreen)
        app.screen.select("first")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))
        events.record(second, end())
        other.close()
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["second is done: 1.93 bits/char on held-out text."]
        await pilot.press("escape")
        await until(pilot, lambda: "● first  training" in screen_text(app))
        working.close()
        await until(pilot, lambda: "! first  interrupted" in screen_text(app))
        assert len(notifications(app)) == 1  # its end is visible


async def test_a_run_that_is_gone_leaves_no_empty_screen() -> None:
    for name in ("sea", "other"):
        write_run(name, *course(3_000), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: len(app.services.runs.all()) == 2)
        train = app.screen
        assert isinstance(train, TrainScreen)
        train.select("sea")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        remove_model("sea")
        await until(pilot, lambda: "This run is no longer there." in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "■ other  stopped" in screen_text(app))
        assert train.run and train.run.name == "other"


async def test_a_run_is_followed_to_its_end_while_another_screen_is_open(
    working: ExitStack,
) -> None:
    folder = write_run("sea", *course(3_000))
    lock = working.enter_context(ExitStack())
    lock.enter_context(at_work(folder))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "step 3,000 / 9,000" in screen_text(app))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))
        events.record(folder, end("stopped"))
        lock.close()
        run = app.services.runs.get("sea")
        await until(pilot, lambda: run and run.status is RunStatus.STOPPED)
        await pilot.press("escape")
        await until(pilot, lambda: "■ sea  stopped" in screen_text(app))
