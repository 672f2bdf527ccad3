"""Run a command on a pseudo-terminal: send it keys, read its screen."""

import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ENTER = "\r"
CTRL_C, CTRL_O, CTRL_P, CTRL_Q, ESCAPE = "\x03", "\x0f", "\x10", "\x11", "\x1b"
UP, DOWN, RIGHT, LEFT, END = (f"\x1b[{letter}" for letter in "ABCDF")
F1, F2, F3, F4, F5, F6 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~"
READY = "^o model"  # shown on the Prompt screen when it is ready for input
CHARLOOM = (sys.executable, "-P", "-m", "charloom.tui.cli")
_TIMEOUT_SECONDS = 20.0


class Terminal:
    """Runs ``command`` on a pseudo-terminal that is its controlling terminal.

    ``raw`` has all bytes that were written there, ``text`` the screen that a user would see.
    """

    def __init__(
        self,
        command: Sequence[str] = CHARLOOM,
        *,
        home: Path,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        import fcntl  # these three are not available on Windows
        import pty
        import termios

        self.raw = bytearray()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0
        self.master, slave = pty.openpty()
        columns, rows = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        variables = {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TEXTUAL_DISABLE_KITTY_KEY": "1",  # pyte would show its codes as text
            "CHARLOOM_HOME": str(home),
        }
        self.start_time = time.perf_counter()
        """When the command was started, by :func:`time.perf_counter`."""
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=_without_size(os.environ) | variables | dict(environment or {}),
            cwd=home.parent,
            start_new_session=True,
            preexec_fn=_take_control,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    @property
    def text(self) -> str:
        """The screen, line by line."""
        self._stream.feed(bytes(self.raw[self._fed :]))
        self._fed = len(self.raw)
        return "\n".join(self._screen.display)

    @property
    def modes(self) -> list[object]:
        """The terminal's input modes: whether it echoes, edits lines, sends signals."""
        import termios

        return list(termios.tcgetattr(self.master))

    def press(self, keys: str | bytes) -> None:
        """Send keys to the command."""
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def read(self, seconds: float) -> bool:
        """Read output for at most so many seconds; return False if there was none."""
        if self.master < 0:
            time.sleep(seconds)
            return False
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            self.raw += os.read(self.master, 1 << 16)
        except OSError:  # on Linux: no process has the terminal open any more
            time.sleep(min(seconds, 0.01))
            return False
        return True

    def wait(self, condition: Callable[[], object], timeout: float = _TIMEOUT_SECONDS) -> None:
        """Wait until ``condition`` is true."""
        deadline = time.perf_counter() + timeout
        while not condition():
            assert time.perf_counter() < deadline, f"timed out:\n{self.text}"
            self.read(0.05)

    def wait_for(self, words: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        """Wait until ``words`` are on the screen."""
        self.wait(lambda: words in self.text or self.process.poll() is not None, timeout)
        assert words in self.text, f"the command has ended:\n{self.text}"

    def wait_for_bytes(self, sequence: bytes, begin: int = 0) -> None:
        """Wait until ``sequence`` is in ``raw`` after ``begin``; faster than reading the screen."""
        self.wait(lambda: self.raw.find(sequence, begin) >= 0)

    def end(self, timeout: float = _TIMEOUT_SECONDS) -> int:
        """Wait until the command has ended, and return its exit status."""
        self.wait(lambda: self.process.poll() is not None, timeout)
        while self.read(0):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


def _without_size(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` without the size of a terminal, which the pseudo-terminal has."""
    return {name: environment[name] for name in environment if name not in ("COLUMNS", "LINES")}


def _take_control() -> None:
    """Make the terminal the controlling one of this process, and restore SIGINT and SIGHUP.

    A shell, for what it starts in the background, and ``nohup`` make processes ignore them.
    """
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
