import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.helpers.run_cli import needs_terminal
from tests.helpers.terminal import CTRL_Q, F2, F3, F4, F5, READY, Terminal

PROJECT = Path(__file__).parent.parent
PARTS = ("core", "tui", "assets", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that the build leaves nothing behind in the project."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, source / part)
        else:
            shutil.copy(PROJECT / part, source / part)
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, capture_output=True)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own and return its ``charloom``.

    The dependencies are this environment's, by a path file: they are large, and not what is tested.
    A path file named in a path file is not read, so this project's own checkout is out of reach.
    """
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    install = ["--python", str(python), "install", "--no-deps", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    site = next((environment / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin" / "charloom"


def run(command: Path, arguments: list[str], folder: Path) -> str:
    answer = subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CHARLOOM_HOME": str(folder / "home"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_wheel_holds_the_bundled_text_and_model(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "charloom/assets/the-loom-at-carrow.txt" in names
    for model in ("frankenstein", "english"):
        assert f"charloom/assets/{model}.safetensors" in names
    assert wheel.stat().st_size < 16_000_000
    assert not [name for name in names if name.startswith("tests")]
    assert [name for name in names if name.endswith(".data/data/share/man/man1/charloom.1")]


def test_the_wheel_holds_every_package_and_every_stylesheet(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("core", "tui"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".py", ".tcss"):
                assert f"charloom/{path.relative_to(PROJECT)}" in names


@needs_terminal
def test_an_installed_charloom_opens_its_app_and_writes(command: Path, tmp_path: Path) -> None:
    with Terminal([str(command)], home=tmp_path / "home") as terminal:
        terminal.wait_for(READY)
        for key, words in ((F3, "Press a"), (F4, "Nothing saved"), (F5, "Getting started")):
            terminal.press(key)
            terminal.wait_for(words)
        terminal.press(F2)
        terminal.wait_for(READY)
        terminal.press("\r")
        terminal.wait_for("esc stop")
        terminal.press(CTRL_Q)
        assert terminal.end() == 0


def test_an_installed_charloom_has_completion_and_a_manual_page(
    command: Path, tmp_path: Path
) -> None:
    run(command, ["--install-completion", "fish"], tmp_path)
    script = tmp_path / ".config" / "fish" / "completions" / "charloom.fish"
    assert "_CHARLOOM_COMPLETE=fish_complete" in script.read_text()
    page = command.parent.parent / "share" / "man" / "man1" / "charloom.1"
    assert ".SH COMMANDS" in page.read_text()


def test_an_installed_charloom_writes_from_an_empty_folder(command: Path, tmp_path: Path) -> None:
    written = run(command, ["generate", "The ", "--length", "40", "--seed", "1"], tmp_path)
    assert len(written.removesuffix("\n")) == len("The ") + 40


def test_an_installed_charloom_trains_though_the_folder_has_a_core_of_its_own(
    command: Path, tmp_path: Path
) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise ImportError('the wrong core')")
    (tmp_path / "torch.py").write_text("raise ImportError('the wrong torch')")
    tiny = ["--hidden", "8", "--embedding", "4", "--steps", "3", "--threads", "1"]
    run(command, ["train", "loom", "--name", "tiny", *tiny], tmp_path)
    assert run(command, ["models", "show", "tiny"], tmp_path)
