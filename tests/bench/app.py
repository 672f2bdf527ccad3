"""The app: how soon it is there, what it costs a training, and how fast a model writes in it."""

from pathlib import Path

from tests.bench import opening, watching, writing
from tests.bench.table import Row


def rows(text: Path, precision: str) -> list[Row]:
    """Measure on pseudo-terminals; ``text`` is trained on, with ``precision``."""
    return [*opening.rows(), *watching.rows(text, precision), *writing.rows()]
