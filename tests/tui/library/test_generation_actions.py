"""Actions on the generations: tags, notes, replays, deletes, copies."""

import sqlite3
import threading

from textual.pilot import Pilot
from textual.widgets import Static

from charloom.core import paths
from charloom.core.store.write import remove_model
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.library.generation_list import GenerationList
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.library.helpers import (
    HOSTILE,
    browser,
    keep,
    kept,
    listed,
    listing,
    put,
    read,
    written,
)


async def test_tags_are_edited_and_an_invalid_one_is_refused_in_the_dialog() -> None:
    keep(" one", tags=("dark", "old"))
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("number_sign")
        await until(pilot, lambda: "Tags of number 1" in screen_text(app))
        assert app.screen.query_one(SafeInput).value == "dark, old"
        put(pilot, "x" * 41)
        await pilot.press("enter")
        await until(pilot, lambda: "a tag is 1 to 40 visible characters" in flat_text(app))
        put(pilot, "Dark, new one,")
        await pilot.press("enter")
        await until(pilot, lambda: kept()[0].tags == ("dark", "new one"))
        await until(pilot, lambda: "dark, new one" in screen_text(app))
        await pilot.press("number_sign", *", never", "escape")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        assert kept()[0].tags == ("dark", "new one")
        assert notifications(app) == []


async def test_a_note_has_several_lines_and_is_not_lost_by_a_slip() -> None:
    keep(" one", note="first\x1b[31m")
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await until(pilot, lambda: "first␛[31m" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        await until(pilot, lambda: "first␛[31m" in screen_text(app))
        await pilot.press("enter", *"[b]", "escape")
        await until(pilot, lambda: "Discard your changes?" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept()[0].note == "first\x1b[31m\n[b]")
        await until(pilot, lambda: "[b]" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        await pilot.press("escape")  # nothing was changed, so nothing is asked
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        await pilot.press("x", "escape", "d")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        assert kept()[0].note == "first\x1b[31m\n[b]"
        assert notifications(app) == []


async def change(pilot: Pilot[None], text: str, number: int) -> None:
    """Change a stored text, which the library itself never does, and wait until it is shown."""
    with sqlite3.connect(paths.library_file()) as file:
        file.execute("UPDATE generations SET text = ? WHERE id = ?", (text, number))
    file.close()
    browser(pilot).poll()
    await until(pilot, lambda: listing(pilot).generation.text == text)  # type: ignore[union-attr]


async def test_a_replay_shows_whether_and_where_the_text_differs() -> None:
    old = written()
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("R")
        await until(pilot, lambda: "= The same text came out" in flat_text(app))
        await change(pilot, old.text[:20] + "Z" + old.text[21:], old.id)
        await pilot.press("R")
        await until(pilot, lambda: "≠ The texts differ at character 21: 'Z'" in flat_text(app))
        passage = app.screen.query_one("#text").render()
        (span,) = (each for each in passage.spans if "reverse" in str(each.style))  # type: ignore[union-attr]
        assert passage.plain[span.start : span.end] == "Z"  # type: ignore[union-attr]
        await change(pilot, old.text[:20], old.id)
        await pilot.press("R")
        await until(pilot, lambda: "recorded text ends before character 21" in flat_text(app))
        remove_model("weaver")
        await pilot.press("R")
        await until(
            pilot, lambda: "weaver@100 that wrote this is no longer there" in flat_text(app)
        )
        assert notifications(app) == []


async def test_a_replay_stops_when_another_generation_is_shown() -> None:
    keep(" other")
    long = written(length=60)
    with sqlite3.connect(paths.library_file()) as file:
        file.execute("UPDATE generations SET length = 100000000 WHERE id = ?", (long.id,))
    file.close()
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        verdict = app.screen.query_one("#verdict", Static)
        threads = threading.active_count()
        for key in ("escape", "m"):
            await pilot.press("R")
            assert "Replaying …" in str(verdict.render())
            await pilot.press(key)
            await until(pilot, lambda: threading.active_count() <= threads)
            assert "Replay stopped." in str(verdict.render())
        await pilot.press("w", "R")
        assert "Replaying …" in str(verdict.render())


async def test_what_is_deleted_comes_back_as_it_was() -> None:
    keep(" one", " two", " three", starred=True, tags=("kept",), note="noted")
    before = kept()
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("down", "d")
        await until(pilot, lambda: "Delete number 2?" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        assert kept() == before
        for number in (2, 1):
            await pilot.press("d", "d")
            message = f"Deleted number {number}; u restores it."
            await until(pilot, lambda: notifications(app)[-1:] == [message])  # noqa: B023
            await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
            await until(pilot, lambda: len(listed(pilot)) == len(kept()) < 3)
        assert listed(pilot) == [3]
        await pilot.press("u")
        await until(pilot, lambda: listed(pilot) == [3, 1])
        assert listing(pilot).generation == before[2]
        await pilot.press("u")
        await until(pilot, lambda: listed(pilot) == [3, 2, 1])
        assert kept() == before
        assert "u undo" not in screen_text(app)


async def test_prompt_and_text_are_copied_as_they_are() -> None:
    keep(HOSTILE)
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("c")
        assert app.clipboard == "You will rejoice to hear" + HOSTILE


async def refuse_writes(pilot: Pilot[None], pragma: str) -> None:
    """Make SQLite refuse every write, as on a full disk or in a read-only folder."""
    await browser(pilot).run(lambda library: library._sqlite.execute(f"PRAGMA {pragma}"))


async def test_a_failed_write_is_reported_and_nothing_is_lost() -> None:
    (before,) = keep(" one", note="old")
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        pages = await browser(pilot).run(lambda each: each._pragma("page_count"))
        for keys in ("s", "dd"):
            await refuse_writes(pilot, "query_only = 1")
            app.clear_notifications()
            await pilot.press(*keys)
            await until(pilot, lambda: notifications(app))
            assert "cannot be changed; see that you may write to it" in notifications(app)[-1]

        await refuse_writes(pilot, f"max_page_count = {pages}")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        app.screen.query_one(SafeTextArea).text = "long " * 10_000
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "has no room to grow on this disk" in notifications(app)[-1])
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))  # with what was written
        assert app.screen.query_one(SafeTextArea).text == "long " * 10_000
        await pilot.press("ctrl+s")  # there is room again: the file is reopened
        await until(pilot, lambda: kept()[0].note == "long " * 10_000)
        assert kept()[0].text == before.text


async def test_a_text_is_opened_in_prompt_by_key_and_by_mouse() -> None:
    old = written()
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("enter")
        await until(
            pilot, lambda: app.current_mode == "prompt" and old.text[:20] in screen_text(app)
        )
        await pilot.press("f4")
        await pilot.click(GenerationList, offset=(8, 0), times=2)
        await until(pilot, lambda: app.current_mode == "prompt")
        assert notifications(app) == []
