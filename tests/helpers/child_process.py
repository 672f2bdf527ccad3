"""Charloom as its user runs it: a child process of its own."""

import os
import subprocess
import sys
from pathlib import Path

CHARLOOM = [sys.executable, "-P", "-m", "charloom.tui.cli"]
TINY = ["--hidden", "8", "--embedding", "4", "--batch", "4", "--window", "16", "--threads", "1"]
TEXT = "The sea was grey, and the loom went on; nobody spoke of the letter. " * 60


def start(arguments: list[str], folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a command in ``folder``; its home is this test's."""
    return subprocess.Popen(
        [*CHARLOOM, *arguments],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(arguments: list[str], folder: Path, given: str = "") -> tuple[int, str, str]:
    """Run a command to its end and return its exit status, stdout and stderr."""
    process = start(arguments, folder)
    out, err = process.communicate(given)
    return process.returncode, out, err
