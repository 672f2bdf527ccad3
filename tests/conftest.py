import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from charloom.core import child_process
from tests.helpers.forked_trainers import start_module

# The same cases on every machine and in every run; no folder of past failures.
hypothesis.settings.register_profile("charloom", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("charloom")


# Files that take longest, in any folder; else one worker would end with them after the others.
LONG_FILES = (
    "test_run.py",
    "test_train.py",
    "test_new_run.py",
    "test_screen.py",
    "test_session.py",
    "test_launch.py",
    "test_contrast.py",
    "test_legends.py",
    "test_transcript.py",
    "test_app.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)


def pytest_collection_finish() -> None:
    """Collect garbage less often: every app that a test opens makes a hundred thousand objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a Charloom home of its own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("CHARLOOM_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True, scope="session")
def _forked_trainers() -> Iterator[None]:
    """Fork the trainers that tests start in this process from one that has imported PyTorch."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform != "win32":
            patch.setattr("charloom.core.runs.trainer.start_module", start_module)
        yield


@pytest.fixture
def own_trainers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start trainers as the product does, for a test of how they start."""
    monkeypatch.setattr("charloom.core.runs.trainer.start_module", child_process.start_module)


@pytest.fixture(autouse=True)
def _small_numbers() -> Iterator[None]:
    """Undo that training in this process flushes denormal numbers to zero."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture
def torch_as_it_was() -> Iterator[None]:
    """Undo that training sets the number of torch's threads."""
    import torch  # which most tests do without

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
