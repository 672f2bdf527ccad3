"""The user's own keys: they work, are shown everywhere, and never twice on a screen."""

from pathlib import Path

import pytest

from charloom.core.files import make_folder
from charloom.tui.app import CharloomApp
from charloom.tui.keymap import check_keys, key_actions
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.prompt.helpers import ready, written


def configure(home: Path, text: str) -> None:
    """Write the configuration file."""
    (make_folder(home) / "config.toml").write_text(text)


def test_every_id_names_a_screen_and_a_meaning() -> None:
    ids = [action.id for action in key_actions()]
    assert len(set(ids)) == len(ids) > 80
    assert all(id_.count(".") == 1 for id_ in ids)
    assert all(action.title for action in key_actions())


def test_keys_that_are_free_are_used() -> None:
    keys = {
        "turn.star": "f11",
        "texts.star": "q",
        "train.stop": "z",  # these two change places
        "train.pause": "Z",
        "growth.talk": "t,:",
        "growth.temperature": "o",
        "prompt.star": "ctrl+s,f10",
        "chart.log": "L",
    }
    assert check_keys(keys) == (keys, [])


@pytest.mark.parametrize(
    ("name", "keys", "sentence"),
    [
        ("turn.stra", "f7", "No action has the id 'turn.stra'; did you mean 'turn.star'"),
        ("x", "f7", "No action has the id 'x'; the file that is written at first lists them."),
        ("turn.star", "", "turn.star cannot have the key 'nothing'"),
        ("turn.star", "f7,", "turn.star cannot have the key 'nothing'"),
        ("turn.star", "control+x", "turn.star cannot have the key 'control+x': keys are single"),
        ("turn.star", "shift+s", "turn.star cannot have the key 'shift+s': keys are single"),
        ("prompt.star", "s", "prompt.star cannot have the key s: it is typed there."),
        ("prompt.star", "/", "prompt.star cannot have the key slash: it is typed there."),
        ("turn.star", "x", "turn.star cannot have the key x: turn.export has it on the same"),
        ("turn.star", "ctrl+o", "turn.star cannot have the key ctrl+o: prompt.choose_model has it"),
        ("train.stop", "f2", "train.stop cannot have the key f2: app.prompt has it"),
        ("app.help", "ctrl+y", "app.help cannot have the key ctrl+y: settings.copy_path has it"),
        ("texts.star", "/", "texts.star cannot have the key slash: list.find has it"),
    ],
)
def test_other_keys_are_a_sentence(name: str, keys: str, sentence: str) -> None:
    valid, problems = check_keys({name: keys, "models.pin": "f9"})
    assert valid == {"models.pin": "f9"}
    assert len(problems) == 1 and problems[0].startswith(sentence)


def test_two_actions_of_one_screen_cannot_have_one_new_key() -> None:
    valid, problems = check_keys({"texts.star": "f9", "texts.tags": "f9"})
    assert valid == {"texts.tags": "f9"} and len(problems) == 1
    both = {"texts.star": "f9", "models.pin": "f9"}  # of different panes
    assert check_keys(both) == (both, [])


async def test_a_remapped_key_works_and_is_shown_in_bars_help_and_palette(home: Path) -> None:
    configure(
        home,
        '[keys]\napp.settings = "f12"\nturn.star = "f11"\nprompt.star = "f8,ctrl+s"\n'
        'prompt.delete = "f9"\nprompt.panel = "ctrl+g"\nprompt.new_page = "f10"\n'
        'app.tour = "f1"\n',
    )
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == [
            f"{home}/config.toml: app.tour cannot have the key f1: app.help has it on the same "
            f"screen.\n{home}/config.toml: prompt.panel cannot have the key ctrl+g: "
            "prompt.continue has it on the same screen."
        ]
        await ready(pilot)
        await until(pilot, lambda: "F6 Tour" in screen_text(app))
        turn = await written(pilot, "the sea ")
        await until(
            pilot, lambda: "F8 star" in screen_text(app) and "F9 delete" in screen_text(app)
        )
        assert "^b hide" in screen_text(app) and "F12 Settings" in screen_text(app)
        await pilot.press("f8")
        await until(pilot, lambda: turn.chosen.starred)
        await pilot.press("shift+tab")
        await until(pilot, lambda: "F11 unstar" in screen_text(app))
        await pilot.press("f11")
        await until(pilot, lambda: not turn.chosen.starred)
        await pilot.press("f1")
        await until(
            pilot,
            lambda: "Keys on this screen" in screen_text(app) and "F11 " in screen_text(app),
        )
        await pilot.press("escape", "f5")
        assert app.current_mode == "prompt"
        await pilot.press("f12")
        await until(pilot, lambda: app.current_mode == "settings")
        await pilot.press("ctrl+p", *"page")
        await until(pilot, lambda: "the library (F10)" in flat_text(app))


async def test_wrong_settings_are_one_warning_and_the_app_starts_with_the_rest(home: Path) -> None:
    lines = ['theme = "nord"', "temperature = 11", "tpo-k = 1", "length = 0", "[keys]", "a = 1"]
    configure(home, "\n".join(lines))
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: notifications(app))
        (message,) = notifications(app)
        assert message.count("\n") == 3 and message.endswith("… and 1 more problem")
        assert "temperature is a number from 0.0 to 10.0, not 11." in message
        assert app.theme == "nord" and app.services.preferences.temperature == 0.8
