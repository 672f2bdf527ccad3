"""Run commands: in a child process, on a terminal of their own, or in this process."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from charloom.tui import cli
from tests.helpers.marks import needs_posix

COMMAND = [sys.executable, "-P", "-m", "charloom.tui.cli"]
needs_terminal = needs_posix("pseudo-terminals")


class Result(NamedTuple):
    """The exit status of a command and its output."""

    code: int
    out: str
    err: str


def child(*arguments: str | bytes, stdin: bytes = b"", **environment: str) -> Result:
    """Run a command in a child process, in the folder that contains Charloom's home."""
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
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)), "utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run(list(arguments))
    finally:
        sys.stdin = before
    return Result(code, _written(out), _written(err))


def _restore_sigint() -> None:
    """Restore Ctrl-C, which a shell disables for what it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(*arguments: str) -> "subprocess.Popen[bytes]":
    """Start a command with pipes for its streams; use the result as a context manager."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder(),
        preexec_fn=None if sys.platform == "win32" else _restore_sigint,
    )


def on_terminal(
    *arguments: str,
    typed: bytes = b"",
    answers: Sequence[tuple[bytes, bytes]] = (),
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Run a command on a terminal of its own; everything it shows is in ``out``.

    ``typed`` is typed at once; of each of ``answers``, the second once the first was shown.
    """
    import pty  # not available on Windows

    master, slave = pty.openpty()
    output, answered, waiting = b"", 0, list(answers)
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | {"TERM": "xterm", "NO_COLOR": ""} | dict(environment or {}),
        cwd=folder(),
    ) as process:
        os.close(slave)
        os.write(master, typed)
        while chunk := _read(master):
            output += chunk
            if waiting and (at := output.find(waiting[0][0], answered)) >= 0:
                answered = at + len(waiting[0][0])
                os.write(master, waiting.pop(0)[1])
    os.close(master)
    return Result(process.returncode, output.decode().replace("\r\n", "\n"), "")


def folder() -> Path:
    """Return the folder that contains Charloom's home."""
    return Path(os.environ["CHARLOOM_HOME"]).parent


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # on Linux: the other side is closed
        return b""


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", "surrogatepass")
