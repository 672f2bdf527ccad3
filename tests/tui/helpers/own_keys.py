"""Another key for each action, and a check that no screen shows an old one."""

import re
from collections.abc import Mapping

from textual.keys import key_to_character
from textual.pilot import Pilot

from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.keymap import check_keys, key_actions
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen
from tests.tui.helpers.driving import screen_text

_KEPT = {"enter", "space", "left", "right", "pageup", "pagedown"}  # lists and texts use them, too
_OLD_KEY = re.compile(
    r"(?<![\w^+])(?:F[1-9]|[Ee]sc|(?:ctrl|alt)\+[a-z]|\^[a-z])(?!\w)"
    r"|[Pp]ress [a-zA-Z](?!\w)|`[a-zA-Z/]`|(?<!\w)[a-z] (?:restores|lists|finds|goes to|shows) "
)


def other_keys() -> dict[str, str]:
    """Return another key for each key of an action."""
    taken = {key for action in key_actions() for key in action.keys.split(",")} - _KEPT
    free = [f"{modifier}+f{n}" for modifier in ("ctrl", "alt", "shift") for n in range(10, 25)]
    free += [f"{modifier}+f{n}" for modifier in ("ctrl+shift", "alt+shift") for n in range(1, 25)]
    other = dict(zip(sorted(taken), free, strict=False))
    assert len(other) == len(taken)
    return other


def use_keys(app: CharloomApp, other: Mapping[str, str]) -> None:
    """Give all actions of an app their other keys."""
    keymap = {
        action.id: ",".join(other.get(key, key) for key in action.keys.split(","))
        for action in key_actions()
    }
    assert check_keys(keymap) == (keymap, [])
    app.set_keymap(keymap)


def press_keys(pilot: Pilot[None], other: Mapping[str, str]) -> None:
    """Let ``pilot`` press the other keys, except where characters are typed."""
    press = pilot.press

    async def press_other(*keys: str) -> None:
        for key in keys:
            focused = pilot.app.focused
            typed = focused and focused.check_consume_key(key, key_to_character(key))
            await press(key if typed else other.get(key, key))

    pilot.press = press_other  # type: ignore[method-assign]


def assert_no_old_key(app: CharloomApp, name: str) -> None:
    """Look for old keys in the text, the hints, the help and the commands of a screen."""
    screen = app.screen
    answers = re.compile(r"\[\w\]")  # no user changes the letters of dialogs
    assert not _OLD_KEY.findall(answers.sub("", screen_text(app))), (name, screen_text(app))
    for bar in screen.query(ActionBar):
        keys = [with_keys(app, hint.key) for hint in bar._hints]
        assert not {key for key in keys if len(key) == 1} - {*"⏎↑↓←→"}, name
    if isinstance(screen, BaseScreen):
        commands = [command.help for command in app.get_system_commands(screen)]
        assert not [text for text in commands if _OLD_KEY.search(text)], name
        page = HelpScreen(screen)
        assert not _OLD_KEY.findall(page._screen_help + page._control_help), name
