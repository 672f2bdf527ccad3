"""A text on the page when the library fails, is busy, or is in use elsewhere."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from charloom.core import paths
from charloom.core.files import make_folder
from charloom.core.library.database import Library
from charloom.core.library.replay import replay
from charloom.tui.app import CharloomApp
from tests.helpers.marks import needs_posix
from tests.tui.helpers.driving import LARGE, SMALL, flat_text, notifications, screen_text, until
from tests.tui.prompt.helpers import (
    composer,
    ended,
    kept,
    ready,
    send,
    text_of,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow, as on a full disk."""
    import resource  # not available on Windows

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def locked() -> Iterator[None]:
    """Lock the library, as another busy program does."""
    with sqlite3.connect(paths.library_file(), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("COMMIT")
    other.close()


@needs_posix("limits on files and memory")
async def test_on_a_full_disk_the_text_stays_with_a_sentence_and_can_be_kept_later() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await until(pilot, lambda: paths.library_file().exists())
        with full_disk():
            turn = await send(pilot, "the sea ")
            await until(pilot, lambda: "Not saved: " in flat_text(app))
            await until(pilot, lambda: text_of(turn)[:8].split("\n")[0] in screen_text(app))
            await pilot.press("ctrl+s")
            await until(pilot, lambda: not turn.chosen.starred and turn.chosen.error)
        await until(pilot, lambda: "alt+K save" in flat_text(app))
        await pilot.press("alt+shift+k")
        await until(pilot, lambda: kept())
        await until(pilot, lambda: "Not saved" not in flat_text(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept()[0].starred)
    assert len(kept()) == 1 and replay(kept()[0]).equal


@needs_posix("limits on files and memory")
async def test_a_star_that_fails_is_no_star_and_can_be_tried_again() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        with full_disk():
            await pilot.press("ctrl+s")
            await until(pilot, lambda: turn.chosen.error)
            assert "★" not in screen_text(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept()[0].starred)
        await until(pilot, lambda: "★" in screen_text(app) and not turn.chosen.error)


@needs_posix("limits on files and memory")
async def test_what_cannot_be_deleted_comes_back_with_a_sentence() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        with full_disk():
            await pilot.press("f8")
            await until(pilot, lambda: notifications(app))
        assert "library" in notifications(app)[0] and not turn.deleted
        await until(pilot, lambda: text_of(turn)[:8].split("\n")[0] in screen_text(app))
    assert len(kept()) == 1


async def test_a_library_that_cannot_be_opened_costs_no_text() -> None:
    make_folder(paths.library_file().parent)
    paths.library_file().write_bytes(b"no library at all" * 100)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await pilot.press("ctrl+b")  # without the panel: the message may take several lines
        await until(pilot, lambda: "is not a library of Charloom" in unwrapped(app))
        paths.library_file().rename(paths.library_file().with_name("old"))
        await pilot.press("shift+tab", "K")
        await until(pilot, lambda: kept())
    assert kept()[0].text == text_of(turn)


async def test_typing_does_not_wait_for_a_busy_library() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        with locked():
            turn = await send(pilot, "a loom ")
            await until(pilot, lambda: len(text_of(turn)) == 60)
            await pilot.press("x", "y")
            assert composer(pilot).text == "xy" and not turn.chosen.saved
        await ended(pilot, turn)
    assert len(kept()) == 2


async def test_two_apps_use_one_library() -> None:
    one, other = CharloomApp(), CharloomApp()
    async with one.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        async with other.run_test(size=SMALL, notifications=True) as second:
            await ready(second)
            await written(second, "a loom ")
            with Library() as library:
                library.star(first.chosen.record.id)  # type: ignore[union-attr]
        await pilot.press("f5", "f2")
        await until(pilot, lambda: "★" in screen_text(one))
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(text_of(first)) == 120)
        await ended(pilot, first)
    assert sorted(len(each.text) for each in kept()) == [60, 120]
    assert [each.starred for each in kept() if len(each.text) == 120] == [True]


async def test_a_text_that_was_removed_elsewhere_comes_back_when_it_is_starred() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        with Library() as library:
            library.remove(1)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept())
    assert kept()[0].starred and kept()[0].id == 1


def unwrapped(app: CharloomApp) -> str:
    """Return the text of the screen on one line, without the bars at the starts of its lines."""
    return " ".join(flat_text(app).replace("▏", " ").split())
