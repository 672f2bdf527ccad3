"""A command on a terminal of its own: what it shows there, and keys for it."""

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
READY = "^o model"  # what the app's first room shows once one can write there
CHARLOOM = (sys.executable, "-P", "-m", "charloom.tui.cli")
_PATIENCE = 20.0  # seconds; whoever waits so long has failed


class Terminal:
    """Runs ``command`` on a pseudo-terminal that is its own controlling one.

    Everything that was written there is in ``raw``; ``text`` is what a person would see.
    """

    def __init__(
        self,
        command: Sequence[str] = CHARLOOM,
        *,
        home: Path,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        import fcntl  # these three are not there on Windows
        import pty
        import termios

        self.raw = bytearray()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0
        self.ours, theirs = pty.openpty()
        columns, rows = size
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        known = {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TEXTUAL_DISABLE_KITTY_KEY": "1",  # which pyte takes for text
            "CHARLOOM_HOME": str(home),
        }
        self.begin = time.perf_counter()
        """When the command was started; see :func:`time.perf_counter`."""
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=_sizeless(os.environ) | known | dict(environment or {}),
            cwd=home.parent,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)

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
        """What is on the screen, line by line."""
        self._stream.feed(bytes(self.raw[self._fed :]))
        self._fed = len(self.raw)
        return "\n".join(self._screen.display)

    @property
    def ways(self) -> list[object]:
        """How the terminal treats what is typed: whether it echoes, edits lines, sends signals."""
        import termios

        return list(termios.tcgetattr(self.ours))

    def press(self, keys: str | bytes) -> None:
        """Send what a keyboard would."""
        os.write(self.ours, keys.encode() if isinstance(keys, str) else keys)

    def read(self, seconds: float) -> bool:
        """Take what is written, at most so long; return False when nothing was."""
        if self.ours < 0:
            time.sleep(seconds)
            return False
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        try:
            self.raw += os.read(self.ours, 1 << 16)
        except OSError:  # Linux's way to say that nobody has the terminal open any more
            time.sleep(min(seconds, 0.01))
            return False
        return True

    def wait(self, holds: Callable[[], object], patience: float = _PATIENCE) -> None:
        """Wait until ``holds`` is true."""
        deadline = time.perf_counter() + patience
        while not holds():
            assert time.perf_counter() < deadline, f"this did not come to pass:\n{self.text}"
            self.read(0.05)

    def wait_for(self, words: str, patience: float = _PATIENCE) -> None:
        """Wait until ``words`` are on the screen."""
        self.wait(lambda: words in self.text or self.process.poll() is not None, patience)
        assert words in self.text, f"it ended meanwhile:\n{self.text}"

    def wait_for_bytes(self, piece: bytes, begin: int = 0) -> None:
        """Wait until ``piece`` is in ``raw``, from ``begin`` on; quicker than a whole screen."""
        self.wait(lambda: self.raw.find(piece, begin) >= 0)

    def end(self, patience: float = _PATIENCE) -> int:
        """Wait until the command has ended, and return its exit status."""
        self.wait(lambda: self.process.poll() is not None, patience)
        while self.read(0):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as somebody does who closes its window."""
        if self.ours >= 0:
            os.close(self.ours)
            self.ours = -1


def _sizeless(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that says nothing of the size of a terminal: ours has one."""
    return {name: environment[name] for name in environment if name not in ("COLUMNS", "LINES")}


def _take_terminal() -> None:
    """Make the terminal the one that controls this process, and heed Ctrl-C and its end there.

    What a shell starts in the background, or ``nohup`` starts, may have been told to ignore them.
    """
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for each in (signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)
