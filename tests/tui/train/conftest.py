"""Fixtures that several tests share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.helpers.child_process import TEXT


@pytest.fixture
def working() -> Iterator[ExitStack]:
    """Hold locks of runs until the test ends."""
    with ExitStack() as locks:
        yield locks


@pytest.fixture
def sea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A text in the folder where the app is started."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "grey sea.txt").write_text(TEXT)
    monkeypatch.chdir(folder)
    return folder / "grey sea.txt"
