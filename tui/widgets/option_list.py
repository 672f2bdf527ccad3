"""A list of options in Charloom's style."""

from textual.widgets import OptionList


class PlainOptionList(OptionList):
    """Textual's list with one line per option, no border, and legible muted text (app.tcss)."""
