"""The Train screen, with runs read from their folders."""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest
from textual.binding import Binding

from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs import events
from charloom.core.runs.events import (
    Event,
    Paused,
    Progress,
    RunWarning,
    Sample,
    Started,
    ThreadsChanged,
    Validated,
    bits,
)
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.runs.run import read_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.write import remove_model
from charloom.tui.app import CharloomApp
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.train import run_summary
from charloom.tui.train.chart_screen import ChartScreen
from charloom.tui.train.new_run import NewRunScreen
from charloom.tui.train.run_list import RunList
from charloom.tui.train.screen import TrainScreen
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model, tree
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


@pytest.fixture
def working() -> Iterator[ExitStack]:
    """Hold locks of runs until the test ends."""
    with ExitStack() as locks:
        yield locks


def possible(app: CharloomApp) -> set[str]:
    """Return the enabled actions of the screen."""
    actions = {binding.action for binding in TrainScreen.BINDINGS if isinstance(binding, Binding)}
    active = app.screen.active_bindings.values()
    return actions & {item.binding.action for item in active if item.enabled}


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


@pytest.mark.parametrize(
    ("last", "at_it", "says", "can"),
    [
        ([], True, "● sea training", {"pause", "stop", "checkpoint", "rate"}),
        ([Paused(4_200)], True, "‖ sea paused", {"pause", "stop"}),
        ([], False, "! sea interrupted", {"resume", "delete"}),
        ([end("stopped")], False, "■ sea stopped", {"resume", "delete"}),
        ([end()], False, "✓ sea completed", {"resume", "delete"}),
        ([end("no longer improving")], False, "✓ sea no longer improving", {"resume", "delete"}),
        ([end("failed", "It broke.")], False, "✗ sea failed", {"resume", "delete"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_only_what_can_be_done_is_offered(
    last: list[Event], at_it: bool, says: str, can: set[str], working: ExitStack
) -> None:
    folder = write_run("sea", *course(), *last)
    if at_it:
        working.enter_context(at_work(folder))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: says in flat_text(app))
        assert possible(app) == can | {"talk", "mark", "chart", "new", "inspect", "growth"}
        if last == [end("failed", "It broke.")]:
            await until(pilot, lambda: "It broke." in screen_text(app))


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


async def test_the_arrow_keys_choose_another_run(working: ExitStack) -> None:
    write_run("older", *course(), end())
    working.enter_context(at_work(write_run("newer", *course())))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "● newer  training" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "✓ older  completed" in screen_text(app))
        await until(
            pilot,
            lambda: (
                "on the held-out text 1.919 bits per character, as if choosing among 3.8 characters"
                in flat_text(app)
            ),
        )
        await pilot.press("up")
        await until(pilot, lambda: "● newer  training" in screen_text(app))
        await pilot.click(RunList, offset=(5, 1))
        await until(pilot, lambda: "✓ older  completed" in screen_text(app))
        assert app.current_mode == "train"


async def test_enter_goes_to_the_prompt_with_the_model(working: ExitStack) -> None:
    working.enter_context(at_work(write_run("sea", *course())))
    save_model("sea", random_checkpoint())
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "frankenstein@best" in screen_text(app))
        await pilot.press("f3")
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "prompt  sea@" in screen_text(app))
        await pilot.press("f3")
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        assert notifications(app) == []


async def test_a_run_is_deleted_after_confirmation_and_restored() -> None:
    folder = write_run("sea", *course(), end())
    before = tree(folder.path)
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "✓ sea  completed" in screen_text(app))
        for answer in ("c", "d"):
            await pilot.press("d")
            await until(pilot, lambda: "Delete sea with all its checkpoints?" in screen_text(app))
            assert folder.path.is_dir()
            await pilot.press(answer)
            await until(pilot, lambda: isinstance(app.screen, TrainScreen))
        await until(pilot, lambda: "Press a to choose a text" in screen_text(app))
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["Deleted 'sea'; u restores it until you quit."]
        assert not folder.path.exists() and possible(app) == {"new", "restore"}
        app.clear_notifications()
        await pilot.press("u")
        await until(pilot, lambda: "✓ sea  completed" in screen_text(app))
        assert tree(folder.path) == before and notifications(app) == ["Restored 'sea'."]
        assert "restore" not in possible(app)


async def test_a_run_resumed_elsewhere_in_the_meantime_is_not_deleted(working: ExitStack) -> None:
    folder = write_run("sea", *course(), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "■ sea  stopped" in screen_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "Delete sea" in screen_text(app))
        working.enter_context(at_work(folder))
        await pilot.press("d")
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["'sea' is being trained."]
        assert ModelDir.named("sea").path.is_dir()


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


async def test_a_finished_run_is_not_resumed_and_its_score_on_few_characters_marked() -> None:
    few = Validated(100, 2.5, bits(2.5), 2.5, 100, counted_characters=26, seconds=0.1)
    folder = write_run("sea", *course(100), few, end())
    before = tree(folder.path)
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "sea completed" in flat_text(app))
        await until(pilot, lambda: f"~{bits(2.5):.2f}" in screen_text(app))
        await until(pilot, lambda: "A score (on 26 characters) says little" in flat_text(app))
        await pilot.press("o")
        with pytest.raises(CharloomError, match="'sea' is finished and stays as it is"):
            app.services.runs.resume("sea")
    assert tree(folder.path) == before


async def test_a_finished_run_is_trained_further_as_a_new_one(
    trainers: list["Popen[bytes]"],
) -> None:
    folder = write_run("sea", *course(300), end())
    text = CorpusInfo("The Grey Sea", read_run_config(folder).sha256, len(TEXT), "abc")
    save_model("sea", random_checkpoint(TEXT, corpus=text, step=300))
    before = tree(folder.path)
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "o train further" in flat_text(app))
        await pilot.press("o")
        await until(pilot, lambda: "Minutes to train sea further" in screen_text(app))
        await pilot.press("end", "x", "enter")
        await until(pilot, lambda: "'3x' is not a number of minutes." in flat_text(app))
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: "● sea-2  starting" in screen_text(app))
        assert len(trainers) == 1 and notifications(app) == []
    config = read_run_config(ModelDir.named("sea-2"))
    assert config.base and str(config.base) == "sea@300"
    assert (config.sha256, config.overrides) == (text.sha256, {"minutes": 3.0, "held_out": 0.1})
    assert tree(folder.path) == before


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
