"""Contrast of colours as WCAG 2 defines it, and themes mended until they have enough of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.color import Color
from textual.theme import Theme

TEXT, FAINT = 4.5, 3.0
"""The least contrast of text and key hints, and of placeholders, dim text and focus."""
_AMPLE = 7.0  # of the foreground, so that dim text is fainter and still legible
_APART = 1.05  # of panel and surface: buttons, which are panels, lie on surfaces
_LIFT = 0.1  # of the foreground, in a panel that is hardly apart
_STEP = 0.02  # of a colour on its way to black or white
_ROUNDING = 1.02  # since terminals get whole numbers
_COLOURS = ("foreground", "primary", "secondary", "accent", "warning", "error", "success")
_HIGHLIGHT = 0.2  # of the accent, behind the highlighted row of a focused list


def contrast(a: Color, b: Color) -> float:
    """Return the contrast ratio of two opaque colours, from 1 to 21."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(color: Color, grounds: Sequence[Color], ratio: float) -> Color:
    """Return the colour nearest to ``color`` with ``ratio`` on all ``grounds``, if there is one.

    It lies between ``color`` and black or white, which is returned if even that has too little.
    """
    limit = max((Color.parse("black"), Color.parse("white")), key=lambda c: _least(c, grounds))
    share, mended = 0.0, color
    while _least(mended, grounds) < _ROUNDING * ratio and share < 1:
        share = min(1.0, share + _STEP)
        mended = color.blend(limit, share, alpha=1)
    return mended


def faded(color: Color, grounds: Sequence[Color], share: float, ratio: float) -> Color:
    """Return ``color`` with opacity ``share``, or more if the grounds need it."""

    def drawn(share: float) -> float:
        return min(contrast(ground.blend(color, share, alpha=1), ground) for ground in grounds)

    while drawn(share) < _ROUNDING * ratio and share < 1:
        share = min(1.0, share + _STEP)
    return color.with_alpha(share)


def mend_theme(theme: Theme) -> Theme:
    """Return ``theme`` with a foreground and coloured text that are legible on all its grounds.

    Themes that use the terminal's own colours stay as they are: what those are is not known.
    """
    if theme.ansi:
        return theme
    variables = theme.to_color_system().generate()
    surface, foreground = Color.parse(variables["surface"]), Color.parse(variables["foreground"])
    if contrast(Color.parse(variables["panel"]), surface) < _APART:
        variables["panel"] = surface.blend(foreground, _LIFT, alpha=1).hex
    colors: dict[str, str] = {name: getattr(theme, name) or variables[name] for name in _COLOURS}
    for _ in range(2):  # the accent is also behind text
        grounds = text_grounds(variables | colors)
        for name, color in colors.items():
            ratio = _AMPLE if name == "foreground" else TEXT
            colors[name] = legible(Color.parse(color), grounds, ratio).hex
    return replace(theme, panel=variables["panel"], **colors)  # type: ignore[arg-type]


def text_grounds(variables: Mapping[str, str]) -> list[Color]:
    """Return the colours on which a theme has text."""
    background, surface, panel, accent = (
        Color.parse(variables[name]) for name in ("background", "surface", "panel", "accent")
    )
    return [background, surface, panel, background.blend(accent, _HIGHLIGHT, alpha=1)]


def legible_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a mended theme that Textual derives with too little contrast.

    Muted colours are translucent, so that they also work for a part of a line on any ground.
    """
    grounds = text_grounds(variables)
    foreground, background, accent = (
        Color.parse(variables[name]) for name in ("foreground", "background", "accent")
    )
    coloured = {
        f"text-{name}": legible(Color.parse(variables[f"text-{name}"]), grounds, TEXT).hex
        for name in _COLOURS[1:]
    }
    selection = foreground.with_alpha(_HIGHLIGHT).hex
    frame = variables["border-blurred"]
    if contrast(Color.parse(frame), accent) < FAINT:
        frame = variables["panel"]
    return coloured | {
        "text-muted": faded(foreground, grounds, 0.6, TEXT).hex,
        "text-disabled": faded(foreground, grounds, 0.38, FAINT).hex,
        "border": accent.hex,
        "border-blurred": frame,
        "block-cursor-background": accent.hex,
        "block-cursor-foreground": background.hex,
        "block-cursor-blurred-background": variables["panel"],
        "block-cursor-blurred-foreground": foreground.hex,
        "input-cursor-background": foreground.hex,
        "input-cursor-foreground": background.hex,
        "input-selection-background": selection,
        "input-selection-foreground": foreground.hex,
        "screen-selection-background": selection,
    }


def _least(color: Color, grounds: Sequence[Color]) -> float:
    return min(contrast(color, ground) for ground in grounds)


def _luminance(color: Color) -> float:
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
