"""The two looks of the house; Textual's own themes can be chosen as well."""

from textual.theme import Theme

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
        "footer-key-foreground": "#e0b768",
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
        "footer-key-foreground": "#7a4a00",
        "scrollbar": "#c9c1af",
        "scrollbar-hover": "#a89a7b",
        "scrollbar-active": "#7a5a1e",
        "scrollbar-background": "#f3efe5",
        "scrollbar-background-hover": "#f3efe5",
        "scrollbar-background-active": "#f3efe5",
        "scrollbar-corner-color": "#f3efe5",
    },
)
