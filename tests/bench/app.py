"""The app: its startup, its cost to a training run, and generation in it."""

from pathlib import Path

from tests.bench import app_generation, app_startup, train_screen
from tests.bench.harness import Row


def rows(text: Path, precision: str) -> list[Row]:
    """Measure on pseudo-terminals; ``text`` is trained on with ``precision``."""
    return [*app_startup.rows(), *train_screen.rows(text, precision), *app_generation.rows()]
