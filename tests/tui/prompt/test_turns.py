"""The Prompt screen: a model continues a prompt, and the text can be reproduced."""

import pytest

from charloom.core.data.words import pack_words
from charloom.core.library.replay import replay
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion, generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.app import CharloomApp
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider
from tests.helpers.factories import random_checkpoint, save_model
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

pytestmark = pytest.mark.usefixtures("model")


def completion(prompt: str, seed: int, length: int, settings: SamplingConfig | None = None) -> str:
    drawn = Completion(
        Sampler(NumpyLSTM(random_checkpoint()), prompt, settings or SamplingConfig(), seed), length
    )
    return "".join(character for character, _ in drawn)


async def test_enter_makes_the_model_continue_the_prompt() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        seed = turn.request.seed
        assert text_of(turn) == completion("the sea ", seed, 60)
        assert composer(pilot).text == ""
        await until(
            pilot, lambda: f"» the sea {text_of(turn)[:40]}".split("\n")[0] in screen_text(app)
        )
        await until(
            pilot, lambda: f"weaver@100 · seed {seed} · temperature 0.8" in screen_text(app)
        )


async def test_what_is_written_is_kept_with_all_it_takes_to_have_it_again() -> None:
    choose(temperature=1.2, top_k=9, top_p=0.9, min_p=0.02, seed=41, length=80)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
    (found,) = kept()
    assert (found.prompt, found.text, found.seed) == ("the sea ", text_of(turn), 41)
    assert (found.sampling, found.length) == (SamplingConfig(1.2, 9, 0.9, 0.02), 80)
    assert (found.model, found.step, found.starred) == ("weaver", 100, False)
    assert found.bits_per_char is not None and found.chars_per_second > 0
    assert replay(found).equal


async def test_escape_stops_at_once_and_what_there_is_stays(gate: Gate) -> None:
    gate.let(40)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: len(text_of(turn)) == 32)  # whole slices
        await pilot.press("escape")
        gate.let()
        await ended(pilot, turn)
        assert 32 <= len(text_of(turn)) < 60
    (found,) = kept()
    assert found.text == text_of(turn) and found.length == len(found.text)
    assert replay(found).equal


async def test_escape_before_the_first_character_leaves_nothing_behind(gate: Gate) -> None:
    gate.let(0)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: "reading the prompt" in screen_text(app))
        await pilot.press("escape")
        gate.let()
        await until(pilot, lambda: not turn.generating)
        await pilot.press("ctrl+g")
        await ended(pilot, turn)
        assert len(text_of(turn)) >= 60
    (found,) = kept()
    assert replay(found).equal


async def test_a_text_goes_on_from_its_carried_state_and_is_still_one() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(text_of(turn)) == 120)
        await ended(pilot, turn)
        assert text_of(turn) == completion("the sea ", turn.request.seed, 120)
        assert len(turns(pilot)) == 1
    (found,) = kept()
    assert (len(found.text), found.length) == (120, 120)
    assert replay(found).equal


async def test_going_on_obeys_what_was_chosen_since() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 0.0
        prompt_screen(pilot).query_one("#length", NumberSlider).value = 10
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(text_of(turn)) == 70)
        await ended(pilot, turn)
    (found,) = kept()
    assert [each.config for each in found.changes] == [SamplingConfig(0.0)]
    assert replay(found).equal


async def test_a_text_ends_with_a_line_of_the_model_and_continues_to_the_end_of_another() -> None:
    choose(until="sentence", seed=7)  # the model knows no punctuation: its sentences are lines
    network = NumpyLSTM(random_checkpoint())
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        text = text_of(turn)
        assert text == generate(network, "the sea ", 60, seed=7, until="line")
        (found,) = kept()
        assert (found.length, found.until) == (60, "sentence") and replay(found).equal
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(text_of(turn)) >= len(text) + 60)
        await ended(pilot, turn)
        longer = text_of(turn)
        assert longer == generate(network, "the sea ", len(text) + 60, seed=7, until="line")
    (found,) = kept()
    assert (found.text, found.length, found.until) == (longer, len(text) + 60, "sentence")
    assert replay(found).equal


async def test_a_text_of_known_words_names_the_word_that_the_prompt_made_unknown() -> None:
    words = "the loom and the sea"
    save_model("weaver", random_checkpoint(words=pack_words(words, words)))
    choose(words="known", seed=7)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the qq")
        (unknown, *others) = ("qq" + text_of(turn)).split()
        assert set(others[:-1]) <= set(words.split())
        await until(pilot, lambda: f"not a known word: {unknown}" in screen_text(app))
        await until(pilot, lambda: "words known" in screen_text(app))
    (found,) = kept()
    assert found.words == "known" and replay(found).equal


async def test_known_words_need_a_list() -> None:
    choose(words="known")
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await send(pilot, "the sea ")
        await until(pilot, lambda: "no list of known words" in flat_text(app))
    assert kept() == []


async def test_a_text_that_was_stopped_is_recorded_as_it_ended(gate: Gate) -> None:
    gate.let(40)
    choose(until="sentence")
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: len(text_of(turn)) > 0)
        await pilot.press("escape")
        gate.let()
        await ended(pilot, turn)
    (found,) = kept()
    assert (found.length, found.until) == (len(found.text), "") and replay(found).equal


async def test_what_cannot_continue_is_continued_in_a_new_turn() -> None:
    stop = completion("the sea ", 7, 60)[20:22]
    choose(seed=7, stop=(stop,))
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        assert text_of(first) == completion("the sea ", 7, 60).split(stop)[0]
        prompt_screen(pilot).query_one("#stop", SafeInput).value = ""
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        second = turns(pilot)[1]
        await ended(pilot, second)
        assert second.request.prompt == "the sea " + text_of(first)
        assert text_of(second) == completion(second.request.prompt, 7, 60)
        await until(pilot, lambda: "↳ continued by weaver@100" in flat_text(app))
    assert [each.prompt for each in kept()] == [second.request.prompt, "the sea "]


async def test_a_new_prompt_ends_what_is_being_written(gate: Gate) -> None:
    gate.let(40)
    choose(length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(first))
        composer(pilot).set_text("a loom ")
        await pilot.press("enter")
        gate.let(64)
        await until(pilot, lambda: len(turns(pilot)) == 2)
        assert not first.generating and turns(pilot)[1].generating
        await pilot.press("escape")
        gate.let()
        await ended(pilot, turns(pilot)[1])
        await ended(pilot, first)
    assert {each.prompt for each in kept()} == {"the sea ", "a loom "}
    assert all(replay(each).equal for each in kept())


async def test_an_empty_prompt_begins_a_line() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        composer(pilot).set_text("")
        await until(pilot, lambda: "enter write without a prompt" in screen_text(app))
        turn = await written(pilot, "")
        assert text_of(turn) == completion("", turn.request.seed, 60)


async def test_of_a_prompt_only_what_the_model_knows_is_read_and_the_rest_is_reported() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "The ☃ sea")
        assert turn.request.prompt == "the  sea"
        await until(pilot, lambda: "T → t · ☃ was dropped" in flat_text(app))
        await pilot.press("alt+p")
        assert composer(pilot).text == "The ☃ sea"
    assert kept()[0].prompt == "the  sea"


async def test_of_a_very_long_prompt_the_end_is_read() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        prompt = "sea " * 5_001
        turn = await written(pilot, prompt)
        assert turn.request.prompt == prompt[-20_000:]
        await until(pilot, lambda: "only the last 20,000 characters are read" in flat_text(app))


async def test_the_text_goes_on_while_the_person_is_elsewhere(gate: Gate) -> None:
    choose(length=36)  # with the prompt, one line
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        await pilot.press("f5")
        gate.let()
        await ended(pilot, turn)
        await pilot.press("f2")
        assert len(text_of(turn)) == 36
        await until(pilot, lambda: text_of(turn).split("\n")[-1].rstrip() in screen_text(app))


async def test_what_is_being_written_is_kept_when_the_app_is_left(gate: Gate) -> None:
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        await pilot.press("ctrl+s")
        gate.let()
        await pilot.press("ctrl+q")
    (found,) = kept()
    assert found.text and found.starred and replay(found).equal


async def test_leaving_waits_for_no_prompt_that_is_being_read(gate: Gate) -> None:
    gate.let(0)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await send(pilot, "the sea ")
        await pilot.press("ctrl+q")
    assert kept() == []
