"""Charloom's two themes, and the heat map colours that are added to every theme.

The *heat* colours go from dark to bright (in light themes from bright to dark), from blue to
yellow, like the cividis map (Nuñez, Anderton & Renslow 2018), whose order survives colour blindness
and grey scale. *Cold* and *warm*, for values below and above zero, are blue and orange. The
*cursor* is pink, unlike all of them.
"""

from collections.abc import Mapping

from textual.color import Color
from textual.theme import Theme

from charloom.tui.formatting.contrast import TEXT, contrast, legible

DARK = Theme(
    name="charloom-dark",
    primary="#c9a86a",
    secondary="#8fa7b3",
    accent="#e0b768",
    warning="#e0a458",
    error="#e07a6b",
    success="#9dbb7d",
    foreground="#ddd8cd",
    background="#16171a",
    surface="#1b1d20",
    panel="#25272b",
    dark=True,
    variables={
        "border-blurred": "#3a3c40",
        "scrollbar": "#3a3c40",
        "scrollbar-hover": "#6f6656",
        "scrollbar-active": "#c9a86a",
        "scrollbar-background": "#1b1d20",
        "scrollbar-background-hover": "#1b1d20",
        "scrollbar-background-active": "#1b1d20",
        "scrollbar-corner-color": "#1b1d20",
    },
)
LIGHT = Theme(
    name="charloom-light",
    primary="#7a5a1e",
    secondary="#3f6273",
    accent="#8a5a00",
    warning="#9a5b00",
    error="#a8321f",
    success="#3f6b1f",
    foreground="#26231d",
    background="#faf7f0",
    surface="#f3efe5",
    panel="#e8e2d4",
    dark=False,
    variables={
        "border-blurred": "#c9c1af",
        "scrollbar": "#c9c1af",
        "scrollbar-hover": "#a89a7b",
        "scrollbar-active": "#7a5a1e",
        "scrollbar-background": "#f3efe5",
        "scrollbar-background-hover": "#f3efe5",
        "scrollbar-background-active": "#f3efe5",
        "scrollbar-corner-color": "#f3efe5",
    },
)
MARK = "#ff5fd0"
"""The cursor's colour on dark."""

_ON_DARK = {
    "heat": ("#1d3a5c", "#35507a", "#8d8a80", "#c4ad5c", "#ffe04a"),
    "cold": ("#16324a", "#1f5a86", "#62b4ec"),
    "warm": ("#4a3015", "#7f4e15", "#f2a43c"),
    "cursor": (MARK,),
}
_ON_LIGHT = {
    "heat": ("#f7e08a", "#d9be6a", "#a59d83", "#3f5d8c", "#12305c"),
    "cold": ("#d3e6f5", "#86bbe3", "#1f5f99"),
    "warm": ("#fbe3c4", "#f0b068", "#9a4f00"),
    "cursor": ("#a8006a",),
}
HEAT_COLORS = tuple(f"{name}-{n}" for name, row in _ON_DARK.items() for n in range(1, len(row) + 1))


def heat_variables(theme: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    """Return each colour as a CSS variable, and a ``-ink`` variable for the text on it.

    The ink is the ``foreground`` or the ``background`` of ``theme``, whichever has more contrast,
    mended if that is too little.
    """
    inks = [Color.parse(theme[name]) for name in ("foreground", "background")]
    variables = {}
    for name, row in (_ON_DARK if dark else _ON_LIGHT).items():
        for number, color in enumerate(row, 1):
            variables[f"{name}-{number}"] = color
            tile = Color.parse(color)
            ink = max(inks, key=lambda ink: contrast(ink, tile))
            variables[f"{name}-{number}-ink"] = legible(ink, [tile], TEXT).hex
    return variables
