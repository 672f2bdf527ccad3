"""The transcript: empty, scrolled and followed; and nothing in it acts on the terminal."""

import shutil
from pathlib import Path

import pytest
from textual.events import MouseScrollUp

from charloom.core.model.metadata import CorpusInfo
from charloom.core.store.read import find_model
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.welcome import WelcomeText
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.helpers.factories import own_assets, random_checkpoint, ref, save_model
from tests.tui.helpers.driving import LARGE, SMALL, flat_text, screen_text, until
from tests.tui.prompt.helpers import (
    LONG,
    Gate,
    choose,
    composer,
    ended,
    kept,
    prompt_screen,
    ready,
    send,
    text_of,
    turns,
    written,
)
from tests.tui.prompt.transcript_helpers import drawn, lines

pytestmark = pytest.mark.usefixtures("model")


async def test_at_the_first_start_one_key_starts_a_generation() -> None:
    preferences.save(Preferences(length=20, pace=0))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: composer(pilot).text == "You will rejoice to hear")
        await until(pilot, lambda: "Press Enter" in flat_text(app))
        await until(pilot, lambda: "Welcome to Charloom." in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
        assert turns(pilot)[0].request.prompt == "You will rejoice to hear"
        assert "Welcome to" not in screen_text(app)
    assert preferences.load().welcomed
    again = CharloomApp()
    async with again.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: turns(pilot) and prompt_screen(pilot).transcript.current)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "frankenstein continues it" in flat_text(again))
        assert "Welcome to" not in screen_text(again)


async def test_the_introduction_is_true_in_every_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = find_model("frankenstein").checkpoints[0].path
    own = own_assets(tmp_path, monkeypatch)  # without a model at first
    corpus = CorpusInfo(title="t", sha256="0" * 64, characters=9, opening="")
    save_model("silent", random_checkpoint(corpus=corpus))  # without a prompt of its own
    preferences.save(Preferences(model="nobody", length=20, pace=0))
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        screen = prompt_screen(pilot)

        def page() -> str:
            return " ".join(str(screen.query_one(WelcomeText).render()).split())

        await until(pilot, lambda: page() == "Press ctrl+o to choose a model.")
        shutil.copy(bundled, own)
        await screen.use_model(ref("silent"))
        assert composer(pilot).text == ""
        await until(pilot, lambda: "Write a beginning below. Press Enter" in page())
        assert "bits per character" not in page()  # it was not scored
        await screen.use_model(ref("frankenstein"))
        await until(pilot, lambda: "The prompt below is ready. Press Enter" in page())
        assert "1.53 bits per character: as if choosing among 2.9 characters" in page()
        await pilot.press("x")
        await until(pilot, lambda: "Write a beginning below." in page())
        await written(pilot, "the sea ")
        await pilot.press("ctrl+n")  # a fresh page
        await until(pilot, lambda: screen.query_one(WelcomeText).display)
        assert page() == (
            "Write a beginning, and press Enter: frankenstein continues it. Or paste or drop a "
            "text here: a minute later, a model of your own continues your sentence."
        )


async def test_a_model_brings_the_opening_of_its_text_as_a_prompt() -> None:
    corpus = CorpusInfo(title="t", sha256="0" * 64, characters=9, opening="the grey sea was gr")
    save_model("sailor", random_checkpoint(corpus=corpus))
    choose(model="sailor")
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: composer(pilot).text == "the grey sea was")
        await prompt_screen(pilot).use_model(ref("frankenstein"))
        assert composer(pilot).text == "You will rejoice to hear"
        await pilot.press("x")
        assert composer(pilot).text == "x"
        await prompt_screen(pilot).use_model(ref("sailor"))
        assert composer(pilot).text == "x"


async def test_a_fresh_page_has_nothing_on_it_and_the_library_has_everything(gate: Gate) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        prompt_screen(pilot).query_one("#length").value = LONG  # type: ignore[attr-defined]
        gate.let(32)
        second = await send(pilot, "a loom ")
        await until(pilot, lambda: text_of(second))
        await pilot.press("ctrl+n")
        gate.let()
        await until(pilot, lambda: not turns(pilot))
        await until(pilot, lambda: prompt_screen(pilot).query_one(WelcomeText).display)
        await until(pilot, lambda: len(kept()) == 2)
        await written(pilot, "a loom ")
        assert len(turns(pilot)) == 1


async def test_the_end_is_followed_until_one_scrolls_up_and_again_when_one_wants(
    gate: Gate,
) -> None:
    choose(length=LONG)
    gate.let(3_000)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn, page = await send(pilot, "the sea "), prompt_screen(pilot).transcript
        await until(pilot, lambda: page.max_scroll_y > 20 and page.following)
        await pilot.press("pageup")
        await until(pilot, lambda: not page.following and page.scroll_y == page.scroll_target_y)
        place, length = page.scroll_y, len(text_of(turn))
        gate.let(2_000)
        await until(pilot, lambda: len(text_of(turn)) > length + 1_000)
        await until(pilot, lambda: "^end more text has come" in screen_text(app))
        assert page.scroll_y == place
        await pilot.press("ctrl+end")
        await until(pilot, lambda: page.following and "more text" not in screen_text(app))
        gate.let(2_000)
        length = len(text_of(turn))
        await until(pilot, lambda: len(text_of(turn)) > length + 1_000)
        await until(pilot, lambda: page.following)
        wheel = MouseScrollUp(page, 5, 5, 0, 0, 0, False, False, False)
        page.post_message(wheel)
        await until(pilot, lambda: not page.following)
        await pilot.press("shift+tab", "end")
        await until(pilot, lambda: page.following)
        await pilot.press("home")
        await until(pilot, lambda: page.scroll_y == 0)
        gate.let(2_000)
        await until(pilot, lambda: "more text has come" in screen_text(app))
        await pilot.click("#more", offset=(27, 0))
        await until(pilot, lambda: page.following and "more text" not in screen_text(app))
        await pilot.press("escape")
        gate.let()


async def test_keys_move_through_the_turns() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first, second = await written(pilot, "the sea "), await written(pilot, "a loom ")
        assert prompt_screen(pilot).transcript.current is second
        await pilot.press("ctrl+up")
        await until(pilot, lambda: second.has_focus)
        await pilot.press("ctrl+up")
        await until(pilot, lambda: first.has_focus)
        await pilot.press("ctrl+up", "s")
        await until(pilot, lambda: [each.starred for each in kept()] == [False, True])
        await pilot.press("ctrl+down")
        await until(pilot, lambda: second.has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: composer(pilot).has_focus)
        assert prompt_screen(pilot).transcript.current is second
        await pilot.click(first, offset=(5, 0))
        await until(pilot, lambda: prompt_screen(pilot).transcript.current is first)


async def test_a_resize_in_the_middle_of_a_text_wraps_it_again(gate: Gate) -> None:
    choose(length=400)
    gate.let(200)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        screen = await ready(pilot)
        screen.transcript.set_raw(True)  # a random text may look hard-wrapped, and flow
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: len(text_of(turn)) > 150)
        await pilot.resize_terminal(60, 30)
        gate.let()
        await ended(pilot, turn)
        await until(pilot, lambda: drawn(turn) == "the sea " + text_of(turn))
        assert 31 < max(map(len, lines(turn))) <= 56  # the panel is hidden
        await pilot.resize_terminal(160, 48)
        await until(pilot, lambda: max(map(len, lines(turn))) > 60 or "\n" in text_of(turn))
        assert drawn(turn) == "the sea " + text_of(turn)
