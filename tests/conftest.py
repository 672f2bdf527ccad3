from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a Charloom home of its own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHARLOOM_HOME", str(folder))
    return folder
