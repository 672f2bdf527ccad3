"""The model in use: choosing, changing during a generation, training, and loss of its files."""

import pytest
from textual.widgets import OptionList

from charloom.core.library.replay import replay
from charloom.core.model.metadata import CorpusInfo, Losses
from charloom.core.runs import events
from charloom.core.runs.events import CheckpointSaved, bits
from charloom.core.store.model_dir import ModelDir
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.model_picker import ModelPicker
from charloom.tui.messages import OpenPrompt
from charloom.tui.services import preferences
from tests.helpers.factories import (
    random_checkpoint,
    ref,
    save_model,
)
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    flat_text,
    screen_text,
    until,
)
from tests.tui.helpers.run_folders import at_work, course, write_run
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
    weaver,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


def learn(name: str, step: int) -> None:
    """Save a checkpoint of a run and record it, as its trainer does."""
    save_model(name, random_checkpoint(step=step, seed=step))
    file = f"step-{step:08d}.safetensors"
    events.record(ModelDir.named(name), CheckpointSaved(step, file))


async def test_the_bundled_model_writes_unless_another_was_chosen_before() -> None:
    preferences.save(preferences.Preferences(pace=0))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "frankenstein@best · 1.53 bits/char (carried)" in flat_text(app))


async def test_a_score_on_few_characters_is_shown_as_such() -> None:
    losses = Losses(validation=2.0, validation_characters=26)
    save_model("short", random_checkpoint(losses=losses))
    preferences.save(preferences.Preferences(model="short", pace=0))
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await until(
            pilot, lambda: "short@best · 2.89 bits/char (on 26 characters)" in flat_text(app)
        )
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "alphabet (on 26 characters)" in screen_text(app))


async def test_every_checkpoint_that_can_be_used_is_there_to_choose() -> None:
    corpus = CorpusInfo(title="[b]The Sea[/b]", sha256="0" * 64, characters=9, opening="a")
    for step, loss in ((100, 2.0), (200, 1.5), (300, 1.7)):
        losses = Losses(validation=loss)
        save_model("sailor", random_checkpoint(step=step, losses=losses, corpus=corpus))
    broken = save_model("broken", random_checkpoint())
    broken.write_bytes(b"nothing")
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "sailor@best" in screen_text(app))
        lines = [
            line.split("│")[1].split() for line in screen_text(app).split("\n") if "sailor@" in line
        ]
        assert [line[:4] for line in lines] == [
            ["sailor@best", "200", f"{bits(1.5):.2f}", "0.0"],
            ["sailor@last", "300", f"{bits(1.7):.2f}", "0.0"],
            ["sailor@100", "100", f"{bits(2.0):.2f}", "0.0"],
        ]
        await until(pilot, lambda: "[b]The Sea[/b]" in screen_text(app))
        assert "broken@last" in screen_text(app) and "not a safetensors file" in screen_text(app)
        await pilot.press(*"sail", "down", "enter")
        await until(pilot, lambda: "sailor@last · 2.45 bits/char" in flat_text(app))
        turn = await written(pilot, "the sea ")
        assert turn.model and turn.model.step == 300
    assert preferences.load().model == "sailor@last"


async def test_the_choice_may_be_given_up() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await pilot.press(*"zzz")
        await until(pilot, lambda: "No model has this name." in screen_text(app))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: app.screen is prompt_screen(pilot))
        await until(pilot, lambda: "weaver@best" in flat_text(app))


async def test_the_highlight_stays_when_the_search_of_a_model_ends() -> None:
    for name in ("other", "sailor"):
        weaver(name, seed=1)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        options = app.screen.query_one(OptionList)

        def at(name: str) -> bool:
            option = options.highlighted_option
            return option is not None and option.id == f"{name}@best"

        await until(pilot, lambda: at("weaver"))
        await pilot.press(*"sail")
        await until(pilot, lambda: at("sailor") and options.option_count == 1)
        await pilot.press("x")
        await until(pilot, lambda: options.option_count == 0)
        await pilot.press(*["backspace"] * 5)
        await until(pilot, lambda: at("sailor") and options.option_count >= 4)


async def test_another_model_continues_a_running_generation(gate: Gate) -> None:
    weaver("other", seed=1, step=7)
    choose(length=200, seed=3)
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        first = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(first))
        switching = pilot.app.run_worker(prompt_screen(pilot).use_model(ref("other")))
        await until(pilot, lambda: first._thread and first._thread.stopping)
        gate.let()
        await switching.wait()
        second = turns(pilot)[1]
        await ended(pilot, second)
        assert 32 <= len(text_of(first)) < 200
        assert len(text_of(first)) + len(text_of(second)) == 200
        assert second.request.prompt == "the sea " + text_of(first)
        await until(pilot, lambda: "↳ continued by other@7" in flat_text(app))
    two, one = kept()
    assert (one.model, two.model) == ("weaver", "other")
    assert replay(one).equal and replay(two).equal


async def test_another_model_continues_the_text_of_an_earlier_one() -> None:
    weaver("other", seed=1, step=7)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        await prompt_screen(pilot).use_model(ref("other"))
        assert not first.chosen.can_continue and first.model is None
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await ended(pilot, turns(pilot)[1])
        assert turns(pilot)[1].request.prompt == "the sea " + text_of(first)


async def test_the_same_checkpoint_under_another_name_changes_nothing(gate: Gate) -> None:
    choose(length=LONG)
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        await prompt_screen(pilot).use_model(ref("weaver@last"))
        assert turn.generating and turns(pilot) == [turn]
        await pilot.press("escape")
        gate.let()
        await ended(pilot, turn)
        assert turn.chosen.can_continue


async def test_a_model_that_is_trained_is_used_as_it_is_now_and_a_newer_one_is_offered() -> None:
    folder = write_run("creature", *course(300))
    learn("creature", 300)
    with at_work(folder):
        app = CharloomApp()
        async with app.run_test(size=LARGE, notifications=True) as pilot:
            await ready(pilot)
            await until(pilot, lambda: app.services.runs.live)
            await pilot.press("ctrl+o")
            await until(pilot, lambda: "● being trained" in screen_text(app))
            await pilot.press("escape")
            await prompt_screen(pilot).use_model(ref("creature"))
            await until(pilot, lambda: "creature@last" in flat_text(app))
            learn("creature", 1_200)
            offer = "creature has a newer checkpoint: step 1,200 · ^l to use it"
            await until(pilot, lambda: offer in flat_text(app))
            await pilot.press("ctrl+l")
            await until(pilot, lambda: "step 1,200 ● being trained" in flat_text(app))
            await until(pilot, lambda: "has a newer checkpoint" not in flat_text(app))
            turn = await written(pilot, "the sea ")
            assert turn.model and turn.model.step == 1_200
            await until(pilot, lambda: kept())
    assert kept()[0].step == 1_200


async def test_a_newer_checkpoint_continues_a_running_generation(gate: Gate) -> None:
    choose(length=200)
    gate.let(32)
    folder = write_run("creature", *course(300))
    learn("creature", 300)
    with at_work(folder):
        app = CharloomApp()
        async with app.run_test(size=LARGE, notifications=True) as pilot:
            await ready(pilot)
            await until(pilot, lambda: app.services.runs.live)
            await prompt_screen(pilot).use_model(ref("creature"))
            first = await send(pilot, "the sea ")
            await until(pilot, lambda: text_of(first))
            learn("creature", 400)
            await until(pilot, lambda: "step 400 · ^l to use it" in flat_text(app))
            await pilot.click("#message", offset=(5, 0))
            await until(pilot, lambda: first._thread and first._thread.stopping)
            gate.let()
            await until(pilot, lambda: len(turns(pilot)) == 2)
            await ended(pilot, turns(pilot)[1])
    assert [each.step for each in kept()] == [400, 300]


async def test_a_model_opened_from_another_screen_leaves_one_in_the_composer() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        screen = await ready(pilot)
        screen.query_one("#temperature").focus()
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.title == "Settings")
        app.post_message(OpenPrompt(ref("weaver")))
        await until(pilot, lambda: app.screen is screen and composer(pilot).has_focus)
