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
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        raise CharloomError(
            "No editor is set. Set VISUAL or EDITOR to one, such as nano, and restart."
        )
    try:
        with tempfile.TemporaryDirectory(prefix="charloom-") as folder:
            path = Path(folder) / "text.txt"
            path.write_text(text, encoding="utf-8", errors="replace", newline="")
            with app.suspend():
                status = _run([*command, str(path)])
            if status:
                raise CharloomError(
                    f"{command[0]} failed (status {status}). The text is as before."
                )
            edited = path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n")
    except SuspendNotSupported as error:
        raise CharloomError("An editor needs a terminal of its own.") from error
    except OSError as error:
        raise CharloomError(
            f"{command[0]} cannot be used ({error.strerror}). Set VISUAL or EDITOR to your editor."
        ) from error
    except UnicodeDecodeError as error:
        raise CharloomError(f"{command[0]} did not save UTF-8. The text is as before.") from error
    # Editors end the last line.
    return edited if text.endswith("\n") else edited.removesuffix("\n")


def _run(command: list[str]) -> int:
    """Run the editor and return its status; Ctrl-C is for the editor only."""
    handler = signal.signal(signal.SIGINT, lambda _, __: None)
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, handler)
