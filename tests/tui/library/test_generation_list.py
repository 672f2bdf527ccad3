"""A library of thousands, in a list that reads only its visible part."""

import sqlite3

import pytest

from charloom.core import paths
from charloom.core.library.database import Library
from charloom.tui.library.generation_list import PAGE
from charloom.tui.services.library_worker import LibraryQuery
from charloom.tui.services.library_worker import fetch_page as read_page
from tests.tui.helpers.driving import LARGE, SMALL, app_at, notifications, screen_text, until
from tests.tui.library.helpers import keep, listing, read

MANY = 5_000


@pytest.fixture
def many() -> None:
    """Store thousands of numbered texts in one statement."""
    keep(" text 1")
    with sqlite3.connect(paths.library_file()) as file:
        names = [row[1] for row in file.execute("PRAGMA table_info(generations)")]
        varied = ("id", "text", "starred", "folded")
        same = ", ".join(name for name in names if name not in varied)
        file.execute(
            f"""WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO generations ({same}, text, starred, folded)
            SELECT {same}, ' text ' || i, i % 10 = 0, replace(folded, 'text 1', 'text ' || i)
            FROM generations, n WHERE id = 1""",
            (MANY,),
        )
    file.close()


async def test_thousands_can_be_scrolled_and_few_are_read(many: None) -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        rows = listing(pilot)
        assert rows.generation and rows.generation.id == MANY and "5,000" in screen_text(app)
        await pilot.press("end")
        await until(pilot, lambda: rows.generation and rows.generation.id == 1)
        await until(pilot, lambda: "to hear text 1 " in screen_text(app))
        await pilot.press("home", "pagedown", "pagedown", "down", "up")
        await until(pilot, lambda: rows.generation and rows.generation.id == MANY - rows.cursor)
        rows.cursor = 2_345
        await until(pilot, lambda: rows.generation and rows.generation.id == MANY - 2_345)
        rows.scroll_to(y=1_095, animate=False)  # as the wheel does: the cursor stays
        await until(pilot, lambda: "to hear text 3905 " in screen_text(app))
        await until(pilot, lambda: "to hear text 3899 " in screen_text(app))  # from the next page
        assert rows.cursor == 2_345
        assert len(rows._rows) <= 6 * PAGE
        await pilot.press("up")
        await until(pilot, lambda: "▌" in screen_text(app))
        assert notifications(app) == []


async def test_more_results_of_a_search_are_read_on_scrolling(many: None) -> None:
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        rows = listing(pilot)
        await pilot.press("slash", *"text 4", "enter")
        await until(pilot, lambda: "100+" in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: "200+" in screen_text(app) and rows.generation)
        rows.cursor = 150
        await pilot.press("f")
        await until(pilot, lambda: "★ favorites" in screen_text(app) and "100+" in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: rows.generation)
        await pilot.press("end")  # the multiples of ten with a 4
        await until(pilot, lambda: " 176" in screen_text(app))
        await pilot.press("f")
        await until(pilot, lambda: "100+" in screen_text(app) and rows.cursor == 0)


async def test_the_highlight_stays_after_a_search_and_a_filter(many: None) -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        rows = listing(pilot)

        def at(generation_id: int) -> bool:
            return rows.generation is not None and rows.generation.id == generation_id

        await pilot.press("slash", *"text 1234", "enter")
        await until(pilot, lambda: at(1234) and rows.total == 1)
        await pilot.press("escape")  # the search ends, the highlight stays
        await until(pilot, lambda: at(1234) and rows.total == MANY)
        assert rows.cursor == MANY - 1234
        await until(pilot, lambda: "▌ " in screen_text(app) and "text 1234 " in screen_text(app))
        await pilot.press("f")  # 1234 is no favorite: the next older one
        await until(pilot, lambda: at(1230) and rows.total == MANY // 10)
        await pilot.press("f")
        await until(pilot, lambda: at(1230) and rows.total == MANY)
        await pilot.press("slash", *"nothing", "enter")
        await until(pilot, lambda: rows.total == 0)
        await pilot.press("escape")
        await until(pilot, lambda: at(1230) and rows.total == MANY)
        await pilot.press("d", "d")  # deletes 1230
        await until(pilot, lambda: at(1229) and rows.total == MANY - 1)
        await pilot.press("u")
        await until(pilot, lambda: at(1230) and rows.total == MANY)


def test_pages_put_together_are_the_whole(many: None) -> None:
    with Library() as library:
        for query in (
            LibraryQuery(),
            LibraryQuery("text 49"),
            LibraryQuery("text 4", starred_only=True),
            LibraryQuery("nothing"),
        ):
            whole = list(read_page(library, query, 0, -1).rows)
            pages = [read_page(library, query, start, 30) for start in range(0, MANY, 30)]
            assert [row for page in pages for row in page.rows] == whole
            for page in pages:
                assert page.total == len(whole) or not page.counted or page.start > len(whole)
                assert page.total > page.start + len(page.rows) or page.counted


async def test_the_cursor_stays_visible_when_the_terminal_is_resized(many: None) -> None:
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        listing(pilot).cursor = 60
        for size in (SMALL, LARGE, (200, 60), (40, 12)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "▌" in screen_text(app))
            assert listing(pilot).cursor == 60
