"""What Prompt does while no model is loaded, or none can be."""

import shutil
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.store.write import remove_model, rename_model
from charloom.tui.app import CharloomApp
from charloom.tui.messages import OpenPrompt
from charloom.tui.prompt.composer import Composer
from charloom.tui.services import preferences
from tests.helpers.factories import (
    checkpoint_path,
    damage,
    own_assets,
    ref,
)
from tests.tui.helpers.driving import (
    LARGE,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.prompt.helpers import (
    choose,
    composer,
    ended,
    kept,
    prompt_screen,
    ready,
    text_of,
    turns,
    weaver,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


@pytest.mark.parametrize(
    ("fate", "why", "instead"),
    [
        ("removed", "There is no model called 'weaver'.", "frankenstein"),
        ("renamed", "There is no model called 'weaver'; did you mean 'weaver2'?", "frankenstein"),
        ("damaged", "Its weights are damaged; copy or download it again.", "frankenstein"),
        ("thinned", "has no checkpoint '@7'; it has @100, @last, @best.", "weaver"),
    ],
)
async def test_another_model_is_used_instead_of_a_remembered_one_that_is_gone(
    fate: str, why: str, instead: str
) -> None:
    path = checkpoint_path("weaver")
    if fate == "removed":
        remove_model("weaver")
    elif fate == "renamed":
        rename_model("weaver", "weaver2")
    elif fate == "damaged":
        damage(path)
    else:
        choose(model="weaver@7")
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        composer(pilot).set_text("the sea ")
        await pilot.press("enter")  # before a model is loaded
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
        await until(pilot, lambda: f"{instead}@best" in flat_text(app))
        (message,) = notifications(app)
        other = "Its best checkpoint" if instead == "weaver" else "The model 'frankenstein'"
        assert message.endswith(f"{why} {other} is used instead.")
    assert [each.model for each in kept()] == [instead]
    assert preferences.load().model == f"{instead}@best"


async def test_the_bundled_model_is_used_if_the_folder_of_models_cannot_be_read() -> None:
    shutil.rmtree(paths.models_dir())
    paths.models_dir().symlink_to(paths.models_dir().name)  # to itself
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await until(pilot, lambda: "bits/char (carried)" in flat_text(app))
        await until(pilot, lambda: notifications(app))
        assert notifications(app)[0].endswith("The model 'frankenstein' is used instead.")


async def test_without_any_model_another_can_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_assets(tmp_path, monkeypatch)
    damage(checkpoint_path("weaver"))
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await until(pilot, lambda: "^o to choose a model." in flat_text(app))
        await until(pilot, lambda: "cannot be used" in flat_text(app))
        composer(pilot).set_text("the sea ")
        await pilot.press("enter")
        await until(pilot, lambda: "No model is loaded." in flat_text(app))
        assert composer(pilot).text == "the sea "
        weaver("other")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "other@best" in screen_text(app))
        await pilot.press(*"other", "enter")
        await until(pilot, lambda: "No model is loaded." not in flat_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
    assert kept()[0].prompt == "the sea "


async def test_a_model_that_cannot_be_had_leaves_the_one_before() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        await prompt_screen(pilot).use_model(ref("nobody"))
        await until(pilot, lambda: "There is no model called 'nobody'" in flat_text(app))
        await until(pilot, lambda: text_of(first)[:8].split("\n")[0] in screen_text(app))
        await written(pilot, "a loom ")
    assert [each.model for each in kept()] == ["weaver", "weaver"]


async def test_the_last_of_two_choices_holds() -> None:
    weaver("other", seed=1, step=7)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        one = app.run_worker(prompt_screen(pilot).use_model(ref("other")))
        two = app.run_worker(prompt_screen(pilot).use_model(ref("weaver@last")))
        await one.wait()
        await two.wait()
        await until(pilot, lambda: "weaver@last" in flat_text(app))
        assert (await written(pilot, "the sea ")).model.ref == ref("weaver@last")  # type: ignore[union-attr]


async def test_a_prompt_may_be_sent_before_the_model_is_read() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        composer(pilot).set_text("the sea ")
        await pilot.press("enter")
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
    assert kept()[0].prompt == "the sea "


@pytest.mark.parametrize("early", [True, False], ids=["before the model", "before the offer"])
async def test_enter_before_a_beginning_is_offered_sends_the_beginning(early: bool) -> None:
    choose(model="frankenstein")
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        if early:
            await pilot.press("enter")
        else:
            screen = await ready(pilot)
            await until(pilot, lambda: composer(pilot).text)
            screen.post_message(Composer.Submitted(""))  # was queued while there was no offer
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
        assert composer(pilot).text == ""
        assert turns(pilot)[0].request.prompt == prompt_screen(pilot)._default_prompt != ""


async def test_a_model_that_is_asked_for_as_the_room_is_entered_is_not_taken_back() -> None:
    weaver("other", seed=1, step=7)
    app = app_at("settings")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        app.post_message(OpenPrompt(ref("other")))
        await until(pilot, lambda: app.screen.title == "Prompt")
        await ready(pilot)
        await until(pilot, lambda: "other@best" in flat_text(app))
        assert (await written(pilot, "the sea ")).model.name == "other"  # type: ignore[union-attr]
