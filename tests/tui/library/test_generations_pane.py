"""Every action on a generation, from key to result."""

import sqlite3
import threading

import pytest
from textual.events import Key
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.widgets import Static

from charloom.core import paths
from charloom.core.files import make_folder
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.core.store.write import remove_model
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.library.generation_browser import GenerationBrowser
from charloom.tui.library.generation_list import GenerationList
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.header import Header
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from charloom.tui.widgets.untrusted_text import UntrustedText
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import child
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.library.helpers import HOSTILE, browser, keep, kept, listing, put, read, written


def listed(pilot: Pilot[None]) -> list[int]:
    return [each.id for _, each in sorted(listing(pilot)._rows.items())]


async def test_an_empty_library_says_what_to_do_and_every_key_is_harmless() -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(
            pilot, lambda: "Texts generated in Prompt (F2) are saved here" in flat_text(app)
        )
        await pilot.press("f")
        await until(pilot, lambda: "Star a text in Prompt (F2, then ctrl+s)" in flat_text(app))
        await pilot.press(
            *"tseRucyYxd", "number_sign", "enter", "up", "end", "pagedown", "escape", "m", "w"
        )
        assert isinstance(app.screen, LibraryScreen)
        assert notifications(app) == []


async def test_what_is_copied_with_the_mouse_is_the_original_text() -> None:
    text = " the\tsea\x0c\nand\tthe loom\n"
    keep(text)
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        view = app.screen.query_one("#text", UntrustedText)
        await until(pilot, lambda: "the␉sea␌" in screen_text(app))
        whole = kept()[0].prompt + text
        assert view.get_selection(Selection(None, None))[0] == whole
        assert (
            view.get_selection(Selection(Offset(1, 0), Offset(4, 1)))[0]
            == (whole[1 : whole.index("the loom")])
        )


@pytest.mark.parametrize(("size", "flows"), [(SMALL, True), (LARGE, False)], ids=["80", "160"])
async def test_lines_of_a_hard_wrapped_text_flow_where_it_is_narrow(
    size: tuple[int, int], flows: bool
) -> None:
    text = "\n" + "\n".join(
        f"{n} {'the grey sea and the loom ' * 3}"[:80].strip() for n in range(6)
    )
    keep(text)
    app = app_at("library")
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        view = app.screen.query_one("#text", UntrustedText)
        await until(pilot, lambda: ("\n3 the" not in str(view.content)) == flows)
        whole = kept()[0].prompt + text
        assert len(str(view.content)) == len(whole)
        assert view.get_selection(Selection(None, None))[0] == whole


async def test_a_search_follows_the_typing_and_escape_ends_it() -> None:
    keep(" a dark sea", " a bright sea", " a moor")
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("slash", *"sea d")
        await until(pilot, lambda: listed(pilot) == [1])
        assert "a dark sea" in screen_text(app) and "number 1" in screen_text(app)
        await pilot.press("backspace", "backspace", "x")
        await until(pilot, lambda: "No text has all of these words." in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: listed(pilot) == [3, 2, 1])
        await pilot.press("slash", *"bright", "enter", "s")
        await until(pilot, lambda: kept()[1].starred)
        assert browser(pilot).query_one(SafeInput).value == "bright"
        assert notifications(app) == []


@pytest.mark.parametrize("query", ['"', '"*( NEAR', "NOT sea", "sea*", "^sea AND", "[/b]", "-"])
async def test_whatever_is_typed_is_searched_for_and_nothing_else(query: str) -> None:
    keep(' "*( near', " not sea", " sea and [/b]")
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        browser(pilot).query_one(SafeInput).value = query
        await until(pilot, lambda: listing(pilot)._query == query)
        with Library() as library:
            assert listed(pilot) == [each.id for each in library.search(query)]
        assert notifications(app) == []


async def test_favorites_alone_or_everything() -> None:
    keep(" one", " two")
    keep(" three", starred=True)
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await pilot.press("f")
        await until(pilot, lambda: listed(pilot) == [3])
        await until(pilot, lambda: "★ favorites" in screen_text(app))
        await pilot.press("s")  # it stays visible, so that a slip can be undone at once
        await until(pilot, lambda: not kept()[0].starred)
        assert listed(pilot) == [3] and "s star" in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: listed(pilot) == [3, 2, 1])


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
    # and leaving the app is one of the ways


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


async def test_what_another_process_adds_appears_and_nothing_moves() -> None:
    save_model("weaver", random_checkpoint())
    keep(*(f" text {number}" for number in range(40)))
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        listing(pilot).cursor = 20
        await until(pilot, lambda: "number 20" in screen_text(app))
        row = next(n for n, line in enumerate(screen_text(app).splitlines()) if "▌" in line)
        done = child("generate", "the sea", "--model", "weaver", "--length", "9", "--favorite")
        assert done.code == 0, done.err
        await until(pilot, lambda: listing(pilot).total == 41)
        assert "number 20" in screen_text(app) and "▌" in screen_text(app).splitlines()[row]
        await pilot.press("home")
        await until(pilot, lambda: "★ weaver@100" in screen_text(app))
        assert notifications(app) == []


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


async def test_a_file_that_is_no_library_is_reported_and_left_alone() -> None:
    make_folder(paths.home())
    paths.library_file().write_bytes(b"something else entirely" * 99)
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "is not a library of Charloom" in flat_text(app))
        assert paths.library_file().read_bytes() == b"something else entirely" * 99
        paths.library_file().unlink()
        keep(" one")
        await read(pilot)  # without a key
        await until(pilot, lambda: "is not a library" not in flat_text(app))


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


async def test_no_stored_text_is_markup_or_acts() -> None:
    keep(HOSTILE, prompt=HOSTILE, model=HOSTILE, note=HOSTILE, stop=(HOSTILE,), tags=("[b]x[/]",))
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        await pilot.press(
            "slash", *"title", "enter", "R", "number_sign", "escape", "e", "escape", "x", "escape"
        )
        verdict = app.screen.query_one("#verdict", Static)
        await until(pilot, lambda: "is no longer there" in str(verdict.render()))
        screen = screen_text(app)
        assert "[bold]␛[31mred␛]0;title␇[/] ␦gnirts [/nothing]" in screen and "[b]x[/]" in screen
        assert not any(sign in screen for sign in ("\x1b", "\x07", "\u202e"))
        await pilot.press("d")
        await until(
            pilot,
            lambda: "[bold]␛[31mred" in screen_text(app) and "Delete number" in screen_text(app),
        )


async def test_every_action_can_be_clicked() -> None:
    keep(" one")
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        line = app.screen.query_one(ActionBar)
        await until(pilot, lambda: "s star" in screen_text(app))
        await pilot.click(ActionBar, offset=(line.render().plain.index("s star") + 1, 0))
        await until(pilot, lambda: kept()[0].starred)
        top = screen_text(app).splitlines()[0]
        await pilot.click(Header, offset=(top.index("Models"), 0))
        await until(pilot, lambda: "e notes" in screen_text(app))
        await pilot.click(Header, offset=(top.index("Writings"), 0))
        await until(pilot, lambda: "s unstar" in screen_text(app))


async def test_two_stars_in_quick_succession_leave_a_text_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(" one")
    stars, replace = [], GenerationBrowser.replace

    def record(browser: GenerationBrowser, generation: Generation) -> None:
        stars.append(generation.starred)
        replace(browser, generation)

    monkeypatch.setattr(GenerationBrowser, "replace", record)
    app = app_at("library")
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await until(pilot, lambda: browser(pilot).generation)
        for _ in range(2):
            app.post_message(Key("s", "s"))
        await until(pilot, lambda: len(stars) == 2)
        assert stars == [True, False]
