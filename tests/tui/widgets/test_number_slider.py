"""The number slider: its keys, typed values, mouse and ``Changed`` messages."""

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollUp

from charloom.tui.widgets.number_slider import NumberSlider
from tests.tui.helpers.driving import APP_CSS, until

NOTCHES = (0.0, 0.5, 1.0, 1.5, 2.0)
WHOLE = (0, 10, 20, 50)


class Sliders(App[None]):
    """Sliders: of fractions, of whole numbers, which 0 turns off, and one which 2 does."""

    CSS_PATH = APP_CSS

    def __init__(self, *, width: int = 40) -> None:
        super().__init__()
        self._width = width
        self.values: list[float] = []

    def compose(self) -> ComposeResult:
        yield NumberSlider("heat", 0.8, NOTCHES, high=10.0, id="heat")
        yield NumberSlider("top-k", 0, WHOLE, high=100, off=0, explanation="Choose k.", id="top")
        yield NumberSlider("top-p", 2.0, NOTCHES, off=2.0, id="share")

    def on_mount(self) -> None:
        for slider in self.query(NumberSlider):
            slider.styles.width = self._width
        self.query_one("#heat").focus()

    def on_number_slider_changed(self, event: NumberSlider.Changed) -> None:
        assert event.control is event.slider
        self.values.append(event.value)

    @property
    def heat(self) -> NumberSlider:
        return self.query_one("#heat", NumberSlider)

    @property
    def top(self) -> NumberSlider:
        return self.query_one("#top", NumberSlider)


def line(slider: NumberSlider) -> str:
    return slider.render().plain


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["right"], 1.0),
        (["left"], 0.5),
        (["right", "right"], 1.5),
        (["plus", "minus", "minus"], 0.0),
        (["home"], 0.0),
        (["end"], 2.0),
        (["end", "right"], 2.0),
        (["home", "left"], 0.0),
        (["1", "comma", "2", "5", "enter"], 1.25),
        (["full_stop", "3", "enter"], 0.3),
        (["9", "enter"], 9.0),  # between the last notch and the highest value
        (["9", "enter", "right"], 9.0),
        (["9", "enter", "left"], 2.0),
        (["1", "2", "backspace", "enter"], 1.0),
        (["4", "tab"], 4.0),
        (["4", "escape", "enter"], 0.8),
        (["4", "right"], 1.0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_keys_move_it_and_set_it(keys: list[str], value: float) -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(*keys)
        assert app.heat.value == value and app.heat.typed == ""
        assert app.values[-1:] == ([value] if value != 0.8 else [])
        assert not app._notifications


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("11", "heat is a number from 0 to 10, not 11."),
        ("1.2.3", "heat is a number from 0 to 10, not 1.2.3."),
        ("..", "heat is a number from 0 to 10, not ..."),
    ],
)
async def test_an_invalid_value_is_reported_and_changes_nothing(typed: str, message: str) -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(*typed, "enter")
        await until(pilot, lambda: [note.message for note in app._notifications] == [message])
        assert app.heat.value == 0.8 and app.values == []


async def test_a_slider_of_whole_numbers_rejects_fractions() -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        app.top.focus()
        await pilot.press(*"2.5", "enter")
        assert [note.message for note in app._notifications] == [
            "top-k is a whole number from 0 to 100, not 2.5."
        ]
        await pilot.press(*"33", "enter", "right")
        assert app.top.value == 50 and isinstance(app.top.value, int)


async def test_off_looks_the_same_at_either_end() -> None:
    app = Sliders()
    async with app.run_test() as pilot:
        share = app.query_one("#share", NumberSlider)
        assert line(app.top)[8:] == line(share)[8:] == "   off " + "─" * (len(line(share)) - 15)
        share.focus()
        await pilot.press("left")
        assert line(share).startswith("top-p      1.5 ━━━")
        app.top.focus()
        await pilot.press("right")
        assert line(app.top).startswith("top-k       10 ━━━")


async def test_it_explains_itself() -> None:
    app = Sliders()
    async with app.run_test():
        assert str(app.top.tooltip) == "Choose k."
        assert app.top.HELP.startswith("Choose k.\n← →") and app.heat.HELP.startswith("← →")


async def test_it_shows_what_is_typed_and_off() -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        assert line(app.top).startswith("top-k      off ")
        await pilot.press("1")
        assert line(app.heat).startswith("heat        1▏ ")


async def test_its_bar_is_as_long_as_the_value_is_high_and_a_click_sets_it() -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        bars = []
        for value in (0.0, 1.0, 2.0, 10.0):
            app.heat.set_silently(value)
            bars.append(line(app.heat).count("━"))
        whole = app.heat.content_size.width - 15
        assert bars == [0, round(whole / 2), whole, whole]
        await pilot.click("#heat", offset=(1 + 15, 0))  # after the padding, label and value
        assert app.heat.value == 0.0
        await pilot.click("#heat", offset=(1 + 15 + whole - 1, 0))
        assert app.heat.value == 2.0
        await pilot.click("#heat", offset=(3, 0))  # on the label
        assert app.heat.value == 2.0


async def test_a_narrow_slider_has_no_bar_and_a_click_only_focuses_it() -> None:
    app = Sliders(width=18)
    async with app.run_test(notifications=True) as pilot:
        assert "━" not in line(app.heat) and len(line(app.heat)) <= 18
        await pilot.click("#top", offset=(16, 0))
        assert app.focused is app.top and app.top.value == 0


async def test_setting_silently_posts_no_message() -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("7")
        app.heat.set_silently(1.5)
        await pilot.pause()
        assert (app.heat.value, app.heat.typed, app.values) == (1.5, "", [])


async def test_the_wheel_moves_it_only_when_it_has_the_focus() -> None:
    app = Sliders()
    async with app.run_test(notifications=True) as pilot:
        await pilot._post_mouse_events([MouseScrollUp], "#heat")
        assert app.heat.value == 1.0
        await pilot._post_mouse_events([MouseScrollUp], "#top")
        assert app.top.value == 0
