"""Parts of sentences: numbers with their noun, lists, and suggestions for mistyped names."""

import re
from collections.abc import Iterable, Sequence

_MAX_COMPARED = 100  # characters: the comparison takes quadratic time


def plural(number: float, noun: str, nouns: str = "") -> str:
    """Return ``1 character``, ``2,000 characters`` and so on; ``nouns`` is an irregular plural."""
    digits = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{digits} {noun if number == 1 else nouns or f'{noun}s'}"


def listed(names: Sequence[str], limit: int) -> str:
    """Return ``names`` with commas, of which at most ``limit`` are written out."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more:,} more" if more > 0 else "")


def natural_order(name: str) -> tuple[tuple[str, int, str], ...]:
    """Return a key by which ``part 2`` comes before ``part 10``, ignoring case."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", name.casefold())
    return tuple((words, len(n := digits.lstrip("0")), n) for digits, words in parts)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question whether one of the ``known`` names was meant; "" if none is similar."""
    import difflib  # deferred: few names are mistyped

    folded = {other.casefold(): other for other in known}
    similar = difflib.get_close_matches(name.casefold()[:_MAX_COMPARED], folded, n=3)
    return f"did you mean {' or '.join(repr(folded[s]) for s in similar)}?" if similar else ""
