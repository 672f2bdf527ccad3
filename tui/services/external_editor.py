"""Edit a text in the user's own editor, while the app leaves the terminal to it."""

import os
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from charloom.core.errors import CharloomError


def edit_externally(app: App[Any], text: str) -> str:
    """Return ``text`` as it was saved in the editor that ``VISUAL`` or ``EDITOR`` names.

    The app waits for the editor. Raises :class:`CharloomError` if there is none, or it fails.
    """
    try:
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    except ValueError as error:  # a quote is open
        raise CharloomError(f"VISUAL or EDITOR is not a command ({error}).") from error
    if not command:
        raise CharloomError("No editor is set. Set VISUAL or EDITOR to one, such as nano; restart.")
    try:
        with tempfile.TemporaryDirectory(prefix="charloom-") as folder:
            path = Path(folder) / "text.txt"
            path.write_text(text, encoding="utf-8", errors="replace", newline="")
            with app.suspend():  # an exception in here would leave the app suspended
                problem = _run([*command, str(path)])
            if problem:
                raise CharloomError(f"{command[0]} failed ({problem}). The text is as before.")
            edited = path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n")
    except SuspendNotSupported as error:
        raise CharloomError("An editor needs a terminal of its own.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CharloomError(f"The edited text cannot be read ({error}).") from error
    # Editors end the last line.
    return edited if text.endswith("\n") else edited.removesuffix("\n")


def _run(command: list[str]) -> str:
    """Run the editor and return what went wrong, or ""; Ctrl-C is for the editor only."""
    handler = signal.signal(signal.SIGINT, lambda _, __: None)
    try:
        status = subprocess.run(command, check=False).returncode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the command
        return getattr(error, "strerror", None) or str(error)
    finally:
        signal.signal(signal.SIGINT, handler)
    return f"status {status}" if status else ""
