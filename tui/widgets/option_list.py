"""A list of options in Charloom's style."""

from textual.widgets import OptionList


class PlainOptionList(OptionList):
    """Textual's list with one line per option, no border, and legible muted text."""

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
