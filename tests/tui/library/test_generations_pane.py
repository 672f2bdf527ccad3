"""Every action on a generation, from key to result."""

import pytest
from textual.events import Key
from textual.geometry import Offset
from textual.selection import Selection
from textual.widgets import Static

from charloom.core import paths
from charloom.core.files import make_folder
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.tui.library.generation_browser import GenerationBrowser
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.header import Header
from charloom.tui.widgets.inputs import SafeInput
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
from tests.tui.library.helpers import HOSTILE, browser, keep, kept, listed, listing, read


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
