"""Prompts and notes in the user's own editor, with real programs on a real terminal."""

import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from charloom.core.store.write import read_notes
from charloom.tui.app import CharloomApp
from charloom.tui.services import external_editor
from charloom.tui.widgets.inputs import SafeTextArea
from tests.helpers.run_cli import needs_terminal
from tests.helpers.terminal import CTRL_C, CTRL_Q, F4, READY, Terminal
from tests.tui.helpers.driving import SMALL, notifications, until
from tests.tui.prompt.helpers import composer, ready

CTRL_E, CTRL_S = "\x05", "\x13"
SHOUT = """#!{python}
import sys
path = sys.argv[-1]
text = open(path, encoding="utf-8").read()
print("EDITOR OPEN", flush=True)
sys.stdin.readline()
open(path, "w", encoding="utf-8").write(text.upper() + "\\nØ\\n")
"""


def editor(home: Path, source: str) -> str:
    """Write a program that is used as an editor, and return its path."""
    path = home.parent / "an editor"
    path.write_text(source.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o700)
    return f"'{path}' --wait"


@needs_terminal
def test_a_prompt_and_a_note_are_edited_in_a_program_of_their_own(home: Path) -> None:
    variables = {"EDITOR": editor(home, SHOUT), "VISUAL": ""}
    with Terminal(home=home, environment=variables) as terminal:
        terminal.wait_for(READY)
        terminal.press("the sea")
        terminal.press(CTRL_E)
        terminal.wait_for("EDITOR OPEN")
        terminal.press(CTRL_C)  # is for the editor; this one ends with an error
        terminal.wait(lambda: "failed" in terminal.text and "OPEN" not in terminal.text)
        terminal.press(CTRL_E)
        terminal.wait_for("EDITOR OPEN")
        terminal.press("\r")
        terminal.wait_for("THE SEA")
        terminal.wait_for("Ø")
        terminal.press("!")
        terminal.wait_for("Ø!")
        terminal.press(F4)
        terminal.wait_for("Models")
        terminal.press("m")
        terminal.wait_for("frankenstein")
        terminal.press("e")
        terminal.wait_for("Save [Ctrl+S]")
        terminal.press("abc")
        terminal.press(CTRL_E)
        terminal.wait_for("EDITOR OPEN")
        terminal.press("\r")
        terminal.wait_for("ABC")
        terminal.press(CTRL_S)
        terminal.wait(lambda: "Save [Ctrl+S]" not in terminal.text)
        terminal.press(CTRL_Q)
        assert terminal.end() == 0
    assert read_notes("frankenstein").startswith("ABC\nØ")


@needs_terminal
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"EDITOR": "", "VISUAL": ""}, "No editor is set. Set VISUAL or EDITOR"),
        ({"VISUAL": "/no/such/editor"}, "/no/such/editor failed"),
        ({"VISUAL": "false"}, "false failed (status 1)."),
        ({"VISUAL": "'vi"}, "VISUAL or EDITOR is not a command"),
    ],
    ids=["none", "missing", "failing", "quote"],
)
def test_what_is_wrong_with_the_editor_is_a_sentence(
    home: Path, variables: dict[str, str], message: str
) -> None:
    with Terminal(home=home, environment=variables) as terminal:
        terminal.wait_for(READY)
        terminal.press("the sea")
        terminal.press(CTRL_E)
        words = message.split()
        terminal.wait(lambda: all(word in terminal.text for word in words))
        terminal.press("!")
        terminal.wait_for("the sea!")


async def test_the_edit_can_be_undone_and_a_browser_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def edit(app: object, text: str) -> str:
        return f"{text} is grey\nand cold"

    monkeypatch.setattr(external_editor, "edit_externally", edit)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await _type_and_edit(pilot)
        assert composer(pilot).text == "the sea is grey\nand cold"
        await pilot.press("ctrl+z")
        assert composer(pilot).text == "the sea"
        monkeypatch.setattr(CharloomApp, "is_web", property(lambda _: True))
        await pilot.press("ctrl+e")
        assert composer(pilot).text == "the sea" and notifications(app) == []
        assert not SafeTextArea.check_action(composer(pilot), "edit_externally", ())


async def _type_and_edit(pilot: Pilot[None]) -> None:
    composer(pilot).set_text("the sea")
    composer(pilot).focus()
    await pilot.press("ctrl+e")
    await until(pilot, lambda: "\n" in composer(pilot).text)
