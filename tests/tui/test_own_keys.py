"""The user's own keys, on every screen: no text, hint, help page or command has an old one."""

import re
from pathlib import Path

import pytest
from textual.binding import Binding

import charloom.tui
from charloom.tui.app import CharloomApp
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.keymap import check_keys, key_actions
from tests.tui.helpers.driving import SMALL, screen_text, until

_IN_TEXT = re.compile(r"\{([a-z_.]+)\|([^}]+)\}")


def test_each_key_in_a_text_is_one_that_its_action_has_at_first() -> None:
    keys = {action.id: action.keys for action in key_actions()}
    app, found = CharloomApp(), 0
    for path in Path(charloom.tui.__file__).parent.rglob("*.py"):
        for id_, shown in _IN_TEXT.findall(path.read_text(encoding="utf-8")):
            if path.name != "key_text.py":
                bound = list(Binding.make_bindings([Binding(keys[id_], "")]))
                names = {binding.key.replace("escape", "esc") for binding in bound}
                names |= {app.get_key_display(binding) for binding in bound}
                assert {shown, shown.lower()} & names, (path, id_, shown)
                found += 1
    assert found > 50


def test_no_text_has_braces_left() -> None:
    app = CharloomApp()
    app.set_keymap({"tour.next": "f9"})
    assert with_keys(app, "{tour.previous|←}{tour.next|→}, {train.add|a}") == "← F9, a"
    assert with_keys(app, "{0}, {a|b}, {x") == "{0}, {a|b}, {x"


async def test_the_footer_keeps_its_order() -> None:
    app = CharloomApp()
    app.set_keymap({"app.help": "f10", "app.train": "f9", "app.library": "f12"})
    async with app.run_test(size=SMALL) as pilot:
        await until(
            pilot,
            lambda: (
                screen_text(app)
                .splitlines()[-1]
                .startswith(
                    "F10 Help F2 Prompt F9 Train F12 Library F5 Settings F6 Tour ^p Menu ^q Quit"
                )
            ),
        )
        await pilot.press("f9")
        await until(pilot, lambda: app.current_mode == "train")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("chart.log", "j"),  # no list is there
        ("turn.star", "n"),
    ],
)
def test_keys_of_lists_are_free_where_there_is_no_list(name: str, key: str) -> None:
    valid, _ = check_keys({name: key})
    assert (name in valid) == (name == "chart.log")


def test_the_keys_of_lists_can_be_given_to_other_actions() -> None:
    keys = {"list.down": "f10", "list.find": "f11", "train.stop": "j", "models.export": "/"}
    assert check_keys(keys) == (keys, [])
    valid, problems = check_keys({"train.stop": "j"})
    assert not valid and problems == [
        "train.stop cannot have the key j: list.down has it on the same screen."
    ]
