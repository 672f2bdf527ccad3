"""The pace of a text, the likeliest next characters, and the choice of one."""

import re

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.pilot import Pilot

from charloom.core.library.replay import replay
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import Choice, SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.app import CharloomApp
from charloom.tui.formatting.shell_commands import generate_command
from charloom.tui.prompt.candidate import provenance
from charloom.tui.prompt.dice import Dice
from charloom.tui.prompt.turn import Turn
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.option_row import OptionRow
from charloom.tui.widgets.token_readout import char_label
from tests.helpers.factories import random_checkpoint
from tests.tui.helpers.driving import LARGE, SMALL, screen_text, until
from tests.tui.prompt.helpers import (
    LONG,
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

pytestmark = pytest.mark.usefixtures("model")
_LINE = re.compile(r"(?m)^.{4}(?P<key>.) (?P<label>\S) +(?P<figure>[\d.]+)% (?P<bar>[█▉▊▋▌▍▎▏]+)")


def lines(pilot: Pilot[None]) -> list[tuple[str, str, str]]:
    """Return what the five lines have: the digit, the character and the probability."""
    assert isinstance(pilot.app, CharloomApp)
    return [(match[1], match[2], match[3]) for match in _LINE.finditer(screen_text(pilot.app))]


def expected(text: str, config: SamplingConfig) -> list[tuple[str, float]]:
    """Return the five likeliest characters after ``text``, as the network alone has them."""
    options = Sampler(NumpyLSTM(random_checkpoint()), text, config, 0).predict().options(config, 5)
    return [(char_label(o.character), 100 * o.probability) for o in options]


async def paused(pilot: Pilot[None], prompt: str = "the sea ") -> Turn:
    """Send a prompt, pause its text once there is some, and return the turn."""
    turn = await send(pilot, prompt)
    await until(pilot, lambda: text_of(turn))
    await pilot.press("shift+tab", "space")
    await settled(pilot, turn)
    return turn


async def settled(pilot: Pilot[None], turn: Turn) -> None:
    """Wait until the pause is reached, and the lines are those after the text."""
    config = prompt_screen(pilot).panel.sampling

    def same() -> bool:
        seen, right = lines(pilot), expected(turn.chosen.full_text, config)
        numbered = [(str(n), label) for n, (label, _) in enumerate(right, 1)]
        return [line[:2] for line in seen] == numbered and all(
            abs(float(line[2]) - percent) < 0.06
            for line, (_, percent) in zip(seen, right, strict=True)
        )

    await until(pilot, same)


async def test_a_pause_shows_what_may_come_and_settings_change_it_before_it_does() -> None:
    choose(pace=20, length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await ready(pilot)
        turn = await paused(pilot)
        assert turn.paused and [line[0] for line in lines(pilot)] == list("12345")
        assert "space resume" in screen_text(app) and "1-5 choose one" in screen_text(app)
        text = text_of(turn)
        screen.query_one("#temperature", NumberSlider).value = 0.3
        await settled(pilot, turn)
        screen.query_one("#top-k", NumberSlider).value = 2
        await settled(pilot, turn)
        dice = turn.query_one(Dice)
        styles = [[*dice.render_line(y)][3].style for y in range(5)]
        cut = dice.get_component_rich_style("dice--cut").color
        assert [style and style.color == cut for style in styles] == [False] * 2 + [True] * 3
        assert text_of(turn) == text
        await pilot.press("space")
        await until(pilot, lambda: len(text_of(turn)) > len(text))
        await pilot.press("escape")
        await ended(pilot, turn)
        await until(pilot, lambda: not lines(pilot))
    assert replay(kept()[0]).equal


async def test_characters_are_drawn_and_chosen_one_by_one_and_written_again() -> None:
    choose(pace=20, length=LONG, temperature=1.5)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await paused(pilot)
        chosen = []
        for key in ("right", "4", "right", "1", "5"):
            before = text_of(turn)
            options = turn.query_one(Dice)._options
            await pilot.press(key)
            await until(pilot, lambda: len(text_of(turn)) == len(before) + 1)  # noqa: B023
            await settled(pilot, turn)
            if key.isdigit():
                chosen.append(Choice(len(before), options[int(key) - 1].character))
                assert text_of(turn)[-1] == chosen[-1].character
        await pilot.press("space")
        await until(pilot, lambda: not turn.paused and len(text_of(turn)) > len(before) + 1)
        await pilot.press("escape")
        await ended(pilot, turn)
        await pilot.press("1")
        await until(pilot, lambda: composer(pilot).text == "1")
    (found,) = kept()
    assert found.choices == tuple(chosen) and replay(found).equal
    assert "3 characters chosen" in provenance(found)
    assert generate_command(found) == f"charloom favorites replay {found.id}"


async def test_at_full_pace_there_are_no_lines_until_it_is_paused() -> None:
    choose(pace=0, length=900_000)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        assert not lines(pilot)
        await pilot.press("shift+tab", "space")
        await settled(pilot, turn)
        await pilot.press("2")
        await settled(pilot, turn)
        await pilot.press("space")
        await until(pilot, lambda: not lines(pilot))
        await pilot.press("escape")
        await ended(pilot, turn)
    assert len(kept()[0].choices) == 1 and replay(kept()[0]).equal


async def test_characters_without_a_shape_can_be_seen() -> None:
    network = NumpyLSTM(random_checkpoint("\n\t ae"))
    prediction = Sampler(network, "a", SamplingConfig(), 0).predict()

    class Table(App[None]):
        CSS = "Dice { height: 5; }"

        def compose(self) -> ComposeResult:
            yield Dice()

    async with Table().run_test(size=SMALL) as pilot:
        dice = pilot.app.query_one(Dice)
        for config in (SamplingConfig(1.0), SamplingConfig(0), SamplingConfig(1.0, words="known")):
            dice.show(prediction, config, choosable=True)
            assert dice.display is (config.words == "any")  # there is no list of known words
        dice.show(prediction, SamplingConfig(0), choosable=False)
        await until(pilot, lambda: dice.size.height == 5)
        assert {dice.render_line(y).text[5] for y in range(5)} == set("↵⇥␣ae")
        assert dice.render_line(0).text.split()[1] == "100.0%"
        assert dice.choose(1) == ""  # more text comes before a pause
        dice.show(prediction, SamplingConfig(0), choosable=True)
        assert dice.choose(1) != "" and dice.choose(2) == ""  # until it is followed by another


async def test_texts_side_by_side_pause_together_and_have_no_lines() -> None:
    choose(pace=20, length=LONG, candidate_count=2)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: all(each.text for each in turn.candidates))
        await pilot.press("shift+tab", "space", "right")
        assert turn.paused and turn.chosen.number == 1 and not lines(pilot)
        await until(pilot, lambda: "space resume" in screen_text(app))
        assert "draw one" not in screen_text(app) and "choose one" not in screen_text(app)
        await pilot.press("space")
        length = len(turn.chosen.text)
        await until(pilot, lambda: len(turn.chosen.text) > length + 1)
        await pilot.press("escape")
        await ended(pilot, turn)
    assert all(replay(each).equal for each in kept())


async def test_the_pace_is_60_at_first_and_kept() -> None:
    assert Preferences().pace == 60
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await ready(pilot)
        screen.query_one("#pace", OptionRow).focus()
        await pilot.press("left")
        await until(pilot, lambda: screen.transcript.pace == 300)
    assert preferences.load().pace == 300


async def test_a_paused_text_ends_with_the_next_prompt_and_with_the_app() -> None:
    choose(pace=20, length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first = await paused(pilot)
        second = await paused(pilot, "a loom ")
        assert not first.generating and turns(pilot) == [first, second]
        text = text_of(second)
    assert [each.text for each in kept()] == [text, text_of(first)]
    assert all(replay(each).equal for each in kept())


# What is typed


async def test_space_and_digits_act_on_a_focused_text_only_while_it_is_written() -> None:
    choose(pace=20, length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await pilot.press("space", "1")
        assert composer(pilot).text == " 1" and not turn.paused
        await until(pilot, lambda: "shift+tab pause, choose" in screen_text(app))
        await pilot.press("shift+tab", "escape")
        await ended(pilot, turn)
        await pilot.press("escape")
        assert composer(pilot).has_focus
        await until(pilot, lambda: "shift+tab select" in screen_text(app))


@pytest.mark.parametrize("when", ["writing", "after Esc", "in the text"])
async def test_alt_and_a_letter_that_may_be_escape_and_the_letter_are_typed(
    when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charloom.tui.prompt.turn_actions._ESCAPE_SECONDS", float("inf"))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        if when == "writing":
            prompt_screen(pilot).query_one("#pace", OptionRow).chosen = 0
            prompt_screen(pilot).query_one("#length", NumberSlider).value = LONG
            await until(pilot, lambda: prompt_screen(pilot).transcript.pace == 20)
            turn = await send(pilot, "a loom ")
        await pilot.press({"in the text": "shift+tab", "after Esc": "escape"}.get(when, "x"))
        composer(pilot).set_text("")
        for letter in "epz":
            app.post_message(Key(f"alt+{letter}", letter))  # as most terminals have it
        await until(pilot, lambda: composer(pilot).text == "epz" and not turn.generating)
        assert composer(pilot).has_focus
        assert prompt_screen(pilot).panel.request().seed != turn.request.seed
