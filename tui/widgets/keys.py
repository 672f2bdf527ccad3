"""Keys with one meaning for each character, on all screens."""

from textual.binding import Binding

CHARACTERS = {
    "down": "j",
    "up": "k",
    "first": "g",
    "last": "G",
    "find": "slash",
    "next_match": "n",
    "previous_match": "N",
    "previous": "left_square_bracket",
    "next": "right_square_bracket",
    "help": "question_mark",
    # what is done with the selected text, model or run
    "add": "a",
    "compare": "b",
    "copy": "c",
    "delete": "d",
    "notes": "e",
    "filter": "f",
    "growth": "h",
    "inspect": "i",
    "loss": "l",
    "model": "m",
    "continue": "o",
    "prompt": "p",
    "quiz": "q",
    "again": "r",
    "star": "s",
    "talk": "t",
    "undo": "u",
    "bits": "v",
    "text": "w",
    "export": "x",
    "command": "y",
    "pause": "z",
    # how it is shown, and what is done less often
    "axis": "A",
    "values": "C",
    "prune": "D",
    "rename": "E",
    "save": "K",
    "rate": "L",
    "marks": "M",
    "pin": "P",
    "repeat": "R",
    "smooth": "S",
    "temperature": "T",
    "wrap": "W",
    "log": "X",
    "markdown": "Y",
    "stop": "Z",
    "tags": "number_sign",
    "unit": "colon",
}
"""The key of each meaning that has a character: no character has two meanings."""


def key_binding(
    id: str,  # noqa: A002 - Textual's name for it
    description: str,
    tooltip: str = "",
    *,
    action: str = "",
    keys: str = "",
    key_display: str | None = None,
) -> Binding:
    """Return a binding of ``keys`` and of the character for the meaning in ``id``.

    The id is ``SCREEN.MEANING``; the user can choose other keys for it. The action has the name of
    the meaning by default. The footer does not show the binding.
    """
    meaning = id.rpartition(".")[2]
    return Binding(
        ",".join(filter(None, (keys, CHARACTERS.get(meaning)))),
        action or meaning,
        description,
        show=False,
        key_display=key_display,
        tooltip=tooltip,
        id=id,
    )


def moving_keys(down: str, up: str, first: str, last: str) -> list[Binding]:
    """Return the characters that move in a list or a text, for these four actions."""
    return [
        key_binding("list.down", "Down", action=down),
        key_binding("list.up", "Up", action=up),
        key_binding("list.first", "First", action=first),
        key_binding("list.last", "Last", action=last),
    ]


SCROLLING_KEYS = moving_keys("scroll_down", "scroll_up", "scroll_home", "scroll_end")
