"""Keys: one meaning for each character, moving and finding, the footer, and jump mode."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

import charloom.tui
from charloom.core.store.ref import CheckpointRef
from charloom.tui.analysis.compare import CompareScreen
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.dialogs.jump import JumpScreen
from charloom.tui.messages import OpenComparison
from charloom.tui.tour.stage_view import StageView
from charloom.tui.train.run_list import RunList
from charloom.tui.widgets.action_bar import Footer
from charloom.tui.widgets.finding import FindableText
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.keys import CHARACTERS
from charloom.tui.widgets.streaming_text import StreamingText
from tests.tui.helpers.driving import SMALL, app_at, notifications, screen_text, until
from tests.tui.helpers.run_folders import course, end, write_run
from tests.tui.library.helpers import keep, listing, read
from tests.tui.prompt.helpers import choose, ready, weaver

_BY_CONTROL = " -+=0123456789"  # what they do depends on the control that has the focus


def bindings() -> Iterator[tuple[type[DOMNode], Binding]]:
    """Yield every binding of the app with its owner, one for each key."""
    for module in pkgutil.walk_packages(charloom.tui.__path__, "charloom.tui."):
        if not module.name.endswith("web_server"):  # of an extra
            importlib.import_module(module.name)
    for owner in node_types(DOMNode):
        if owner.__module__.startswith("charloom."):
            for binding in Binding.make_bindings(owner.__dict__.get("BINDINGS", ())):
                yield owner, binding


def node_types(parent: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for child in parent.__subclasses__():
        yield child
        yield from node_types(child)


def test_each_character_has_one_meaning_on_all_screens() -> None:
    meanings = defaultdict(set)
    for owner, binding in bindings():
        *modifiers, key = binding.key.split("+")
        character = "/" if key == "slash" else key_to_character(key)
        if not character or not character.isprintable() or character in _BY_CONTROL:
            continue
        if "ctrl" not in modifiers:  # alt and a character do what the character does
            assert binding.id, (owner, binding)
            meaning = binding.id.rpartition(".")[2].removesuffix("_letter")
            meanings[key.upper() if "shift" in modifiers else key].add(meaning)
    assert meanings == {key: {meaning} for meaning, key in CHARACTERS.items()}


def test_every_action_with_a_description_for_help_can_have_another_key() -> None:
    for owner, binding in bindings():
        if binding.tooltip and not binding.key.isdigit() and binding.key != "enter":
            assert binding.id, (owner, binding)


def test_every_binding_has_an_action_of_its_owner_or_of_a_class_derived_from_it() -> None:
    parents: dict[str, type[DOMNode]] = {"screen": Screen, "app": CharloomApp}
    for owner, binding in bindings():
        target, name, _ = parse(binding.action)
        parent = parents.get(target, owner)
        nodes = [parent, *node_types(parent)]
        assert any(hasattr(node, f"action_{name}") for node in nodes), (owner, binding)


async def test_keys_that_the_user_has_chosen_act_and_are_shown() -> None:
    app = app_at("train")
    app.set_keymap({"train.add": "B"})
    write_run("creature", *course(900), end())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "B new run" in screen_text(app))
        await pilot.press("a")
        assert app.screen.title == "Train"
        await pilot.press("B")
        await until(pilot, lambda: app.screen.title == "New run")


async def test_lists_move_and_find_with_characters() -> None:
    for name in ("creature", "sea-1", "tale", "sea-2"):
        write_run(name, *course(900), end())
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.focused, RunList))
        runs = app.focused
        assert isinstance(runs, RunList)
        names = [str(option.id) for option in runs.options]
        for keys, index in (("G", 3), ("k", 2), ("g", 0), ("j", 1)):
            await pilot.press(*keys)
            assert runs.highlighted == index
        places = [index for index, name in enumerate(names) if "sea" in name]
        await pilot.press("g", "slash")
        await until(pilot, lambda: app.screen.query(SafeInput))
        await pilot.press(*"SEA", "enter")
        await until(pilot, lambda: isinstance(app.focused, RunList) and notifications(app))
        first = next(index for index in places if index > 0)
        assert runs.highlighted == first
        other = next(index for index in places if index != first)
        for key, index in (("n", other), ("n", first), ("N", other)):
            await pilot.press(key)
            assert runs.highlighted == index
        assert notifications(app)[-1] == f"{places.index(other) + 1} of 2"


async def test_the_texts_of_the_library_move_with_characters() -> None:
    keep(" one", " two", " three")
    app = app_at("library")
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await until(pilot, lambda: listing(pilot).total == 3)
        for key, index in (("G", 2), ("k", 1), ("n", 2), ("N", 1), ("g", 0), ("j", 1)):
            await pilot.press(key)
            assert listing(pilot).cursor == index


async def test_a_phrase_is_found_and_marked_in_the_help_and_in_the_tour() -> None:
    weaver()
    choose()
    app = app_at("tour")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "Load text" in screen_text(app))
        tour = app.screen
        view = tour.query_one(StageView)
        phrase = "in your own  WORDS"
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query(SafeInput))
        await pilot.press(*phrase, "enter")
        await until(pilot, lambda: app.screen is tour and tour.selections)
        assert marked(view) == ["In your own words"]
        await until(pilot, lambda: "In your own words" in screen_text(app))
        await pilot.press("f1")
        await until(
            pilot, lambda: isinstance(app.screen, HelpScreen) and app.screen.query("KeyTable")
        )
        page = app.screen.query_one(FindableText)
        for phrase, shown in (("passages of the text", None), ("jump", "F7 ")):
            await pilot.press("slash")
            await until(pilot, lambda: app.screen.query(SafeInput))
            app.screen.query_one(SafeInput).value = phrase
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            await until(pilot, lambda: page.phrase == phrase)  # noqa: B023
            if shown:
                await until(pilot, lambda: shown in screen_text(app))  # noqa: B023
            else:
                assert marked(page) == [phrase]


def marked(page: Widget) -> list[str]:
    """Return the selected texts of a page."""
    selections = page.screen.selections.items()
    return [
        selection.extract(str(widget.visual))
        for widget, selection in selections
        if isinstance(widget, Static) and page in widget.ancestors
    ]


async def test_the_footer_keeps_its_keys_apart_and_marks_the_screen() -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "F1 Help" in screen_text(app))
        line = screen_text(app).splitlines()[-1]
        assert line.rstrip() == (
            "F1 Help  F2 Prompt  F3 Train  F4 Library  F5 Settings  F6 Tour  ^p Menu  ^q Quit"
        )
        content = app.screen.query_one(Footer).render()
        reversed_parts = [
            content.plain[span.start : span.end]
            for span in content.spans
            if "reverse" in str(span.style)
        ]
        assert reversed_parts == ["F4 Library"]


@pytest.mark.parametrize("mode", ["prompt", "train", "library", "settings"])
async def test_jump_mode_shows_a_letter_over_each_control_in_view(mode: str) -> None:
    weaver()
    choose()
    write_run("creature", *course(900), end())
    keep(" one")
    app = app_at(mode)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.focused)
        if mode == "prompt":
            await ready(pilot)
        if mode == "library":  # then the text is there, which can be scrolled
            await until(pilot, lambda: "number 1" in screen_text(app))
        screen = app.screen
        controls = [
            control
            for control in screen.focus_chain
            if control.region.y < SMALL[1] and screen.can_view_partial(control)
        ]
        assert controls
        for index in {0, len(controls) - 1}:
            await pilot.press("f7")
            await until(pilot, lambda: isinstance(app.screen, JumpScreen))
            jump = app.screen
            await until(pilot, lambda: len(jump.query(Static)) == len(controls))  # noqa: B023
            await until(pilot, lambda: all(label.region for label in jump.query(Static)))  # noqa: B023
            label = jump.query(Static)[index]
            assert label.region.y == max(0, controls[index].region.y)
            await pilot.press(str(label.visual).strip())
            await until(pilot, lambda: app.screen is screen)
            assert app.focused is controls[index]
        before = app.focused
        await pilot.press("f7", "escape")
        await until(pilot, lambda: app.screen is screen)
        assert app.focused is before


async def test_jump_mode_goes_to_any_stage_of_the_tour() -> None:
    weaver()
    choose()
    app = app_at("tour")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "1 · Load text" in screen_text(app))
        tour = app.screen
        for number, title in ((10, "Generation"), (3, "Vocabulary")):
            await pilot.press("f7")
            await until(pilot, lambda: len(app.screen.query(Static)) == 10)
            labels = list(app.screen.query(Static))
            await until(pilot, lambda: all(label.region for label in labels))  # noqa: B023
            letters = [str(label.visual).strip() for label in labels]
            bar = screen_text(app).splitlines()[labels[0].region.y]
            assert [bar[label.region.x + 1] for label in labels] == letters
            await pilot.press(letters[number - 1])
            await until(pilot, lambda: f"{number} · {title}" in screen_text(app))  # noqa: B023
            assert app.screen is tour


async def test_a_screen_without_controls_says_so() -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "Training teaches" in screen_text(app))
        await pilot.press("f7")
        await until(pilot, lambda: notifications(app))
        assert "no control" in notifications(app)[-1]


async def test_a_phrase_is_found_in_both_texts_of_a_comparison() -> None:
    weaver()
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: app.is_running and app.screen.is_current)
        app.post_message(OpenComparison(CheckpointRef("weaver")))
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        compare = app.screen
        await until(pilot, lambda: all(view.text for view in compare.query(StreamingText)))
        prompt = next(iter(compare.query(StreamingText))).text.split()[0]
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query(SafeInput))
        app.screen.query_one(SafeInput).value = prompt
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is compare and notifications(app))
        views = list(compare.query(StreamingText))
        assert len(views) == 2 and all(view._found[0] == (0, len(prompt)) for view in views)
        place, _, count = notifications(app)[-1].partition(" of ")
        assert place == "1" and int(count) >= 2
        await pilot.press("N")
        await until(pilot, lambda: notifications(app)[-1] == f"{count} of {count}")


def test_the_readme_has_every_character() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| screen | keys |") : readme.index("**Pictures.**")]
    for meaning, key in CHARACTERS.items():
        character = {"slash": "/", "number_sign": "#", "colon": ":"}.get(key, key)
        character = {"left_square_bracket": "[", "right_square_bracket": "]"}.get(key, character)
        assert f"`{character}`" in table or meaning == "help", meaning
