"""Shells complete commands, options, models, runs and texts; the manual page has every command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.store.model_dir import ModelDir
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import COMMAND, call, child
from tests.man_page import PAGE, man_page
from tests.tui.commands.test_help import COMMANDS

PROBE = """
. "$HOME/.bashrc"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_charloom_completion "$CHARLOOM" && printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words: str, path: str = "") -> list[str]:
    """Return what a shell gets for the last of ``words``, without the type of each."""
    done = child(
        _CHARLOOM_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(["charloom", *words]),
        COMP_CWORD=str(len(words)),
        PYTHONPATH=path,
    )
    assert (done.code, done.err) == (0, "")
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("gro",), ["growth"]),
        (("--install",), ["--install-completion"]),
        (("models", "sh"), ["show"]),
        (("train", "--preset", "s"), ["small"]),
        (("generate", "x", "--model", "wea"), ["weaver"]),
        (("models", "pin", "weaver@"), ["weaver@best", "weaver@last", "weaver@7"]),
        (("models", "pin", "nobody@"), []),
        (("corpus", "get", "lo"), ["loom"]),
        (("train", "lo"), ["lo", "loom"]),  # the first one asks the shell for files
        (("resume", "we"), []),  # a model without a run
    ],
)
def test_words_are_completed(words: tuple[str, ...], expected: list[str]) -> None:
    save_model("weaver", random_checkpoint(step=7))
    assert completed(*words) == expected


def test_runs_are_completed() -> None:
    folder = ModelDir(paths.models_dir() / "night")
    folder.path.mkdir(parents=True)
    folder.run_config.touch()
    assert completed("resume", "ni") == ["night"]
    assert completed("pause", "ni") == []  # it is not being trained


def test_completion_imports_no_torch(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")
    save_model("weaver", random_checkpoint())
    path = os.pathsep.join([str(tmp_path), *sys.path])
    for words in (("generate", "--model", "wea"), ("models", "show", "wea")):
        assert completed(*words, path=path) == ["weaver"]


def test_models_that_cannot_be_listed_are_not_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLOOM_HOME", "~no-such-user")
    assert completed("models", "show", "fr") == []


@needs_posix("bash")
def test_bash_completes_after_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CHARLOOM_HOME", str(tmp_path / "a home"))
    (tmp_path / ".bashrc").write_text("# mine")
    save_model("weaver", random_checkpoint())
    for _ in range(2):
        done = call("--install-completion", "bash")
        assert (done.code, done.out) == (0, "") and "Open a new terminal" in done.err
    mine, *ours = (tmp_path / ".bashrc").read_text().splitlines()
    assert mine == "# mine" and len(ours) == 1
    program = tmp_path / "charloom"
    program.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in COMMAND) + ' "$@"\n')
    program.chmod(0o700)
    words = ["charloom", "models", "show", "wea"]
    probe = [shutil.which("bash") or "bash", "--norc", "-c", PROBE, "probe", *words]
    environment = os.environ | {"CHARLOOM": str(program)}
    answer = subprocess.run(probe, env=environment, capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("weaver\n", "")


@pytest.mark.parametrize(
    ("shell", "script", "startup"),
    [
        ("zsh", "home/completion.zsh", ".zshrc"),
        ("fish", ".config/fish/completions/charloom.fish", ""),
    ],
)
def test_the_user_s_shell_is_the_default(
    shell: str, script: str, startup: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("HOME", tmp_path), ("USERPROFILE", tmp_path)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("CHARLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    assert call("--install-completion").code == 0
    assert f"{shell}_complete" in (tmp_path / script).read_text()
    if startup:
        assert str(tmp_path / script) in (tmp_path / startup).read_text()


def test_an_unknown_shell_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    done = call("--install-completion")
    assert (done.code, done.out) == (1, "") and "--install-completion" in done.err
    assert call("--install-completion", "tcsh").code == 2


def test_the_manual_page_is_that_of_the_present_help() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == man_page(), "run `python -m tests.man_page`"
    for command in COMMANDS:
        assert f".SS charloom {' '.join(command)}" in page.replace("\\-", "-")
