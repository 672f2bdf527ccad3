"""Contrast of every theme that Settings offers, measured on the screens as they are drawn.

Nothing can be measured in Textual's two themes with the terminal's own colours.
"""

from collections.abc import Iterator
from functools import cache

from rich.segment import Segment
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Button

from charloom.tui.app import CharloomApp
from charloom.tui.prompt.turn import Turn
from charloom.tui.settings.screen import ThemeList
from charloom.tui.widgets.heatmap_text import HeatmapText
from tests.tui.helpers.driving import SMALL, screen_text, until
from tests.tui.helpers.visiting import furnished_home
from tests.tui.prompt.helpers import ready, written

TEXT, FAINT = 4.5, 3.0
PLACEHOLDERS = (
    "fresh",
    r"such as \n\n",
    "a phrase or place",
    "detected",
    "search prompts",
    "Write",
)
MUD = Theme("mud", "#555544", foreground="#4a4a40", background="#444433", accent="#484830")
"""A theme that a user could have made, with hardly any contrast."""

Rgb = tuple[int, int, int]


def luminance(color: Rgb) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [value / 255 for value in color]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@cache
def contrast(first: Rgb, second: Rgb) -> float:
    light, dark = sorted([luminance(first), luminance(second)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(segment: Segment) -> tuple[Rgb, Rgb]:
    """Return the colours of the characters and of what is behind them."""
    style = segment.style
    assert style and style.bgcolor, segment
    front, back = (style.color or style.bgcolor).triplet, style.bgcolor.triplet
    assert front and back, segment
    return (back, front) if style.reverse else (front, back)


def words(lines: list[Strip]) -> Iterator[tuple[str, float]]:
    """Yield each piece of text with its contrast."""
    for line in lines:
        for segment in line:
            if any(character.isalnum() for character in segment.text):
                yield segment.text.strip(), contrast(*colours(segment))


def drawn(widget: Widget) -> list[Strip]:
    """Return the lines of a widget with its present styles."""
    widget.app.stylesheet.update(widget, animate=False)
    widget._styles_cache.clear()
    return widget.render_lines(Region(0, 0, *widget.outer_size))


def changes(resting: list[Strip], focused: list[Strip]) -> Iterator[float]:
    """Yield the contrast between what a cell shows at rest and with the focus."""
    for before, after in zip(resting, focused, strict=True):
        columns = range(1, before.cell_length + 1)
        for old, new in zip(before.divide(columns), after.divide(columns), strict=True):
            for one, other in zip(old, new, strict=False):
                (old_ink, old_ground), (ink, ground) = colours(one), colours(other)
                yield contrast(old_ground, ground)
                if not other.text.isspace():
                    yield contrast(old_ink if one.text == other.text else old_ground, ink)


async def open_screens(app: CharloomApp, pilot: Pilot[None]) -> list[Screen[object]]:
    """Open the main screens, with a dialog last, and return them."""
    await ready(pilot)
    await written(pilot, "the sea ")
    await pilot.press("alt+v")
    for keys, text in (
        ("", "on average"),
        ("f4", "the sea"),
        ("f6", "Load text"),
        ("f3", "validation"),
        ("a", "Loom"),
        ("enter", "auto"),
        ("f5", "Sampling"),
        ("ctrl+r", "defaults?"),
    ):
        await pilot.press(*keys.split())
        await until(pilot, lambda: text in screen_text(app))  # noqa: B023 - awaited in the loop
    return [screen for stack in app._screen_stacks.values() for screen in stack]


def illegible(screen: Screen[object]) -> Iterator[str]:
    """Yield what has too little contrast on a screen; of a dialog, what is inside its frame."""
    lines = screen._compositor.render_strips()
    if screen.is_modal:
        frame = screen.children[0].region
        lines = [line.crop(frame.x, frame.right) for line in lines[frame.y : frame.bottom]]
    for text, ratio in words(lines):
        if ratio < (FAINT if text.startswith(PLACEHOLDERS) else TEXT):
            yield f"{type(screen).__name__}: {text!r} has {ratio:.2f}"


def unlike_focused(screen: Screen[object]) -> Iterator[str]:
    """Yield controls that look too much the same with the focus and without it."""
    kinds = {type(widget): widget for widget in screen.query("*") if widget.focusable}
    for kind, widget in kinds.items():
        if widget.region and not isinstance(widget, (HeatmapText, Turn)):  # they draw a cursor
            widget.has_focus = False
            resting = drawn(widget)
            widget.has_focus = True
            focused = drawn(widget)
            widget.has_focus = False
            if not any(ratio >= FAINT for ratio in changes(resting, focused)):
                yield f"{type(screen).__name__}: focus on {kind.__name__} hardly shows"


def weak_buttons(screen: Screen[object]) -> Iterator[str]:
    """Yield buttons that do not stand out, or with the focus no more than without."""
    for button in screen.query(Button).results():
        if not button.region:
            continue
        around = button.background_colors[0].rgb
        ratios = []
        for focus in (False, True):
            button.has_focus = focus
            _, ground = colours(next(iter(drawn(button)[1])))
            ratios.append(contrast(ground, around))
        if not 1.05 <= ratios[0] < ratios[1] >= FAINT:
            yield f"{button} with focus {ratios[1]:.2f}, without {ratios[0]:.2f}"


async def test_every_theme_has_enough_contrast_on_every_screen() -> None:
    problems: dict[str, list[str]] = {}
    with furnished_home():
        app = CharloomApp()
        async with app.run_test(size=SMALL) as pilot:
            app.register_theme(MUD)
            screens = await open_screens(app, pilot)
            themes = screens[-2].query_one(ThemeList)._names
            assert len(themes) >= 20 and MUD.name in themes
            for theme in themes:
                if app.available_themes[theme].ansi:
                    continue
                app.theme = theme
                background = app.get_css_variables()["background"]
                await until(pilot, lambda: app.stylesheet._variables["background"] == background)  # noqa: B023
                for screen in screens:
                    app.stylesheet.update(screen, animate=False)
                problems[theme] = [
                    problem
                    for screen in screens
                    for check in (illegible, unlike_focused, weak_buttons)
                    for problem in check(screen)
                ]
    assert not {theme: found for theme, found in problems.items() if found}
