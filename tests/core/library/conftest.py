"""Fixtures that several tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.core.library.database import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One library for all the examples that Hypothesis tries."""
    with Library(tmp_path_factory.mktemp("shared") / "library.sqlite") as opened:
        yield opened
