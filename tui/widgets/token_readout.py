"""What there is to tell of one character that a network has read."""

import math

from textual.content import Content

from charloom.core.analysis.activations import NextCharacter, Trace
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_content

_BAR = 10  # columns


def char_label(character: str) -> str:
    """Return a character as it can stand in a line: a space as ␣, a newline as ↵."""
    return "␣" if character == " " else single_line(character, 1)


def share(probability: float) -> str:
    """Return a probability in a few characters: ``12%``, or ``<1%``."""
    return f"{probability:.0%}" if probability >= 0.005 else "<1%"


def surprise(reading: Trace, position: int) -> Content:
    """Return what the character at ``position`` cost: ``‘h’  2.31 bits  20.2 %``."""
    bits = reading.bits[position]
    what = Content.assemble("‘", safe_content(char_label(reading.text[position])), "’")
    if math.isnan(bits):
        known = reading.text[position] in reading.model.vocab.c2ix
        why = "nothing stands before it" if known else "not known to the model"
        return Content.assemble(what, (f"  {why}", "$text-muted"))
    figures = f"{bits:6.2f} bits {2.0**-bits:7.2%}"
    return Content.assemble(what, (figures, "bold"))


def alternatives(found: list[NextCharacter], actual: str) -> Content:
    """Return what may stand there, a line for each, with a bar; ▸ marks what does."""
    lines = []
    for number, each in enumerate(found, 1):
        bar = "█" * round(each.probability * _BAR) or "▏"
        mark = "▸" if each.character == actual else " "
        lines.append(
            Content.assemble(
                (f"{number} ", "$accent"),
                mark,
                safe_content(f"{char_label(each.character)} "),
                f"{each.probability:6.1%} ",
                (bar, "$primary"),
            )
        )
    return Content("\n").join(lines)
