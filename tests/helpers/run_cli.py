"""Running commands: in a child process as a person does, on a terminal, or at once in this one."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from charloom.tui import cli

COMMAND = [sys.executable, "-P", "-m", "charloom.tui.cli"]
needs_terminal = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX pseudo-terminal")


class Result(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


def child(*arguments: str | bytes, stdin: bytes = b"", **environment: str) -> Result:
    """Run a command in a process of its own, in the folder that holds Charloom's home."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        env=os.environ | environment,
        cwd=folder(),
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def call(*arguments: str, stdin: bytes = b"") -> Result:
    """Run a command in this process, which takes a hundredth of the time of a child."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run(list(arguments))
    finally:
        sys.stdin = before
    return Result(code, _written(out), _written(err))


def _heed_ctrl_c() -> None:
    """Undo what a shell does to whatever it starts in the background: SIGINT is ignored there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(*arguments: str) -> "subprocess.Popen[bytes]":
    """Start a command whose streams are pipes, to be used as a context manager."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder(),
        preexec_fn=_heed_ctrl_c,
    )


def on_terminal(
    *arguments: str, typed: bytes = b"", environment: Mapping[str, str] | None = None
) -> Result:
    """Run a command on a terminal of its own: all that it shows is in ``out``."""
    import pty  # not there on Windows

    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "NO_COLOR": ""} | dict(environment or {}),
        cwd=folder(),
    ) as process:
        os.close(theirs)
        os.write(ours, typed)
        while piece := _read(ours):
            shown += piece
    os.close(ours)
    return Result(process.returncode, shown.decode().replace("\r\n", "\n"), "")


def folder() -> Path:
    """Return the folder that holds Charloom's home."""
    return Path(os.environ["CHARLOOM_HOME"]).parent


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux's way to say that the other side is closed
        return b""


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", "surrogatepass")
