"""A list to choose from, in the house's style."""

from textual.widgets import OptionList


class PlainOptionList(OptionList):
    """Textual's list of options, a line each, without a box; muted words stay legible in it."""

    DEFAULT_CSS = """
    PlainOptionList {
        border: none;
        padding: 0;
        background: $background;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted {
            background: $panel;
            color: $foreground;
            text-style: bold;
        }
        &:focus {
            border: none;
            background-tint: transparent;
            & > .option-list--option-highlighted {
                background: $primary 35%;
                color: $foreground;
                text-style: bold;
            }
        }
    }
    """
