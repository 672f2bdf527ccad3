"""Format the prediction of one character of a trace."""

import math

from textual.content import Content

from charloom.core.analysis.activations import NextCharacter, Trace
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_content

_BAR_COLUMNS = 10


def char_label(character: str) -> str:
    """Return a visible form of a character: ␣ for a space, ↵ for a newline."""
    return "␣" if character == " " else single_line(character, 1)


def short_percent(probability: float) -> str:
    """Return a probability as ``12%``, or ``<1%``."""
    return f"{probability:.0%}" if probability >= 0.005 else "<1%"


def surprise(trace: Trace, position: int) -> Content:
    """Return the surprise and probability of a character: ``‘h’  2.31 bits  20.2 %``."""
    bits = trace.bits[position]
    label = Content.assemble("‘", safe_content(char_label(trace.text[position])), "’")
    if math.isnan(bits):
        is_known = trace.text[position] in trace.network.vocab.c2ix
        reason = "no character before it" if is_known else "not known to the model"
        return Content.assemble(label, (f"  {reason}", "$text-muted"))
    return Content.assemble(label, (f"{bits:6.2f} bits {2.0**-bits:7.2%}", "bold"))


def alternatives(candidates: list[NextCharacter], actual: str) -> Content:
    """Return a numbered line with a bar for each candidate; ▸ marks the ``actual`` character."""
    lines = []
    for number, candidate in enumerate(candidates, 1):
        bar = "█" * round(candidate.probability * _BAR_COLUMNS) or "▏"
        mark = "▸" if candidate.character == actual else " "
        lines.append(
            Content.assemble(
                (f"{number} ", "$accent"),
                mark,
                safe_content(f"{char_label(candidate.character)} "),
                f"{candidate.probability:6.1%} ",
                (bar, "$primary"),
            )
        )
    return Content("\n").join(lines)
