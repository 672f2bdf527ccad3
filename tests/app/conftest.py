from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from core import runs


@pytest.fixture(autouse=True)
def trainers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list["Popen[bytes]"]]:
    """Note the trainers that are started, and let none outlive the test."""
    started: list[Popen[bytes]] = []
    launch = runs.launch

    def noted(folder: Path, resume: bool = False) -> "Popen[bytes]":
        started.append(launch(folder, resume))
        return started[-1]

    monkeypatch.setattr(runs, "launch", noted)
    yield started
    for each in started:
        each.kill()
        each.wait()
