"""Widths of the columns of a table. Commands use this module too: it imports no Textual."""

from collections.abc import Sequence


def fit_columns(widths: Sequence[int], room: int, minimum: int) -> list[int]:
    """Return widths of columns whose sum is ``room`` at most, if ``minimum`` allows that.

    The widest columns are narrowed, and none that is as narrow as ``minimum``.
    """
    fitted = list(widths)
    while sum(fitted) > room and (widest := max(fitted)) > minimum:
        fitted[fitted.index(widest)] -= 1
    return fitted
