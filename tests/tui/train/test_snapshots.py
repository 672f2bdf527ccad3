"""Snapshots of the Train screen, with fixed runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from textual.pilot import Pilot

from charloom.core.runs.events import Paused, RunWarning
from charloom.tui.app import CharloomApp
from tests.tui.helpers.driving import LARGE, SMALL, app_at, screen_text, until
from tests.tui.helpers.run_folders import at_work, course, end, write_run

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
LONG_NAME = "the-lay-of-the-grey-sea-and-all-that-was-woven-on-the-loom"
UNBROKEN = "seaseasea" * 22


@pytest.fixture
def working() -> Iterator[ExitStack]:
    """Hold locks of runs until the test ends."""
    with ExitStack() as locks:
        yield locks


def after(text: str, *keys: str) -> Callable[[Pilot[None]], object]:
    """Return a function that waits for a text, then presses keys."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CharloomApp)
        await until(pilot, lambda: text in screen_text(app))
        await pilot.press(*keys)
        await pilot.pause()

    return run


@SIZES
def test_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app_at("train"), terminal_size=size, run_before=after("Press a"))


@SIZES
def test_training(snap_compare: Compare, size: tuple[int, int], working: ExitStack) -> None:
    write_run("ulysses", *course(1_500), end("stopped"))
    write_run("tale", *course(900, None), end())
    folder = write_run("creature", *course(), RunWarning("training with batch 4 and window 8."))
    working.enter_context(at_work(folder))
    before = after("● creature  training")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_paused(snap_compare: Compare, size: tuple[int, int], working: ExitStack) -> None:
    folder = write_run("creature", *course(900, None), Paused(900))
    working.enter_context(at_work(folder))
    before = after("‖ creature  paused")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_failed(snap_compare: Compare, size: tuple[int, int]) -> None:
    write_run("creature", *course(300), end("failed", "Not enough memory; hidden size 64."))
    before = after("✗ creature  failed")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_interrupted_with_a_long_name_and_an_unbroken_sample(
    snap_compare: Compare, size: tuple[int, int]
) -> None:
    write_run(LONG_NAME, *course(sample=UNBROKEN))
    before = after("interrupted")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_completed(snap_compare: Compare, size: tuple[int, int]) -> None:
    write_run("creature", *course(9_000), end())
    before = after("✓ creature  completed")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_large_chart(snap_compare: Compare, size: tuple[int, int]) -> None:
    write_run("creature", *course())
    before = after("! creature", "l", *["left"] * 12)
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


def write_three_runs() -> None:
    write_run("ulysses", *course(1_500), end("stopped"))
    write_run("tale", *course(9_000), end())
    write_run("creature", *course())


@SIZES
def test_marked_runs(snap_compare: Compare, size: tuple[int, int]) -> None:
    write_three_runs()
    before = after("! creature", "space", "down", "space", "down")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_large_chart_of_three_runs(snap_compare: Compare, size: tuple[int, int]) -> None:
    write_three_runs()
    keys = ["space", "down", "space", "down", "l", "A", "X", "up", *["left"] * 12]
    before = after("! creature", *keys)
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_leaving(snap_compare: Compare, size: tuple[int, int], working: ExitStack) -> None:
    working.enter_context(at_work(write_run("creature", *course())))
    before = after("● creature  training", "ctrl+q")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)
