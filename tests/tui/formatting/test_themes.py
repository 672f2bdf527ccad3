"""Contrast of Charloom's themes, as WCAG 2 defines it."""

import math

import pytest
from textual.color import Color, rgb_to_lab
from textual.theme import Theme

from charloom.tui.app import CharloomApp
from charloom.tui.formatting.themes import DARK, HEAT_COLORS, LIGHT

THEMES = pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
GROUNDS = ("background", "surface", "panel")
TEXT, LARGE_OR_FAINT = 4.5, 3.0


def luminance(color: Color) -> float:
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(variables: dict[str, str], ink: str, ground: str) -> float:
    """Return the contrast of ``ink``, which may be translucent, on ``ground``."""
    behind = Color.parse(variables[ground])
    drawn = behind.blend(color := Color.parse(variables[ink]), color.a)
    light, dark = sorted([luminance(drawn), luminance(behind)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def distance(first: str, second: str) -> float:
    """Return the distance of two colours in CIELAB: 100 for black and white."""
    one, other = rgb_to_lab(Color.parse(first)), rgb_to_lab(Color.parse(second))
    return math.dist((one.L, one.a, one.b), (other.L, other.a, other.b))


def variables_of(theme: Theme) -> dict[str, str]:
    app = CharloomApp()
    app.theme = theme.name
    return app.get_css_variables()


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["foreground", "accent", "primary", "secondary"])
def test_words_stand_out(theme: Theme, ground: str, ink: str) -> None:
    assert contrast(variables_of(theme), ink, ground) >= TEXT


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["text-success", "text-warning", "text-error", "text-accent"])
def test_words_that_mean_something_stand_out(theme: Theme, ground: str, ink: str) -> None:
    assert contrast(variables_of(theme), ink, ground) >= TEXT


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
def test_muted_words_are_legible_and_fainter(theme: Theme, ground: str) -> None:
    variables = variables_of(theme)
    muted = contrast(variables, "text-muted", ground)
    assert contrast(variables, "foreground", ground) > muted >= LARGE_OR_FAINT
    assert muted > contrast(variables, "text-disabled", ground) > 1.5


@THEMES
def test_keys_in_the_footer_stand_out(theme: Theme) -> None:
    assert contrast(variables_of(theme), "footer-key-foreground", "panel") >= TEXT


def test_one_is_dark_and_one_is_light() -> None:
    assert DARK.dark and not LIGHT.dark
    dark, light = variables_of(DARK), variables_of(LIGHT)
    assert luminance(Color.parse(dark["background"])) < luminance(Color.parse(dark["foreground"]))
    assert luminance(Color.parse(light["background"])) > luminance(Color.parse(light["foreground"]))


@pytest.mark.parametrize("theme", sorted(CharloomApp().available_themes))
def test_the_cursor_of_a_heatmap_is_unlike_every_tile_and_its_letter_is_legible(theme: str) -> None:
    app = CharloomApp()
    app.theme = theme
    if app.native_ansi_color:
        return  # reversed there
    variables = app.get_css_variables()
    for name in ("background", *HEAT_COLORS):
        if not name.startswith("cursor"):
            assert distance(variables["cursor-1"], variables[name]) >= 60, name
    assert contrast(variables, "cursor-1-ink", "cursor-1") >= TEXT
