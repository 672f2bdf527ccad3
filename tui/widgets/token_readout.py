"""Format the prediction of one character of a trace."""

import math
import unicodedata

from textual.content import Content

from charloom.core.analysis.activations import NextCharacter, Trace
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.graphemes import extends

_BAR_COLUMNS = 10


def char_label(character: str) -> str:
    """Return a visible form of a character: ␣ ↵ ⇥ for white space, ◌ under a mark."""
    label = {" ": "␣", "\t": "⇥"}.get(character) or single_line(character, 1)
    return "◌" + label if extends(character) else label


def text_label(text: str) -> str:
    """Return a visible form of a text, with its marks on their bases."""
    return char_label(text[:1]) + single_line(text[1:], len(text)).replace(" ", "␣") if text else ""


def short_percent(probability: float) -> str:
    """Return a probability as ``12%``, or ``<1%``."""
    return f"{probability:.0%}" if probability >= 0.005 else "<1%"


def surprise(trace: Trace, position: int) -> Content:
    """Return the surprise and probability of a character: ``‘h’  2.31 bits  20.2 %``.

    The name of a mark follows, since the cursor in the text is on the whole letter.
    """
    bits, character = trace.bits[position], trace.text[position]
    label = Content.assemble("‘", safe_content(char_label(character)), "’")
    name = f"  {unicodedata.name(character, '').lower()}" if extends(character) else ""
    if math.isnan(bits):
        is_known = character in trace.network.vocab.c2ix
        reason = "no character before it" if is_known else "not known to the model"
        return Content.assemble(label, (f"  {reason}{name}", "$text-muted"))
    figures = f"{bits:6.2f} bits {2.0**-bits:7.2%}"
    return Content.assemble(label, (figures, "bold"), (name, "$text-muted"))


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
