"""Child processes that import torch."""

import errno
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

_DEFAULTS = {
    # A thread that waits for another spins briefly and sleeps, so that a busy neighbour does not
    # stall both. It is read when torch is loaded.
    "GOMP_SPINCOUNT": "10000",
}
_MAX_REASON = 200  # characters
_OUT_OF_MEMORY = ("Cannot allocate memory", "failed to map segment from shared object")  # glibc's
_ENCODING = {"PYTHONIOENCODING": "utf-8"}  # of the log and of answers, in any locale


def start_module(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Run a module of :mod:`charloom.core` in a child process, with ``options`` of Popen.

    ``environment`` has variables besides those of this process. Raises :class:`OSError` if it
    cannot be started.
    """
    command = [sys.executable, "-P", "-m", f"charloom.core.{module}", *arguments]
    variables = _DEFAULTS | os.environ | _ENCODING | dict(environment or {})
    return subprocess.Popen(command, env=variables, **options)


def import_error_message(error: Exception) -> str:
    """Return a sentence on why a child process could not import torch."""
    reason = str(error).partition("\n")[0][:_MAX_REASON]
    if (
        isinstance(error, MemoryError)
        or getattr(error, "errno", None) == errno.ENOMEM
        or reason.endswith(_OUT_OF_MEMORY)
    ):
        return "There is not enough memory to load PyTorch; close other programs."
    return f"PyTorch cannot be loaded ({reason}); reinstall it."


def exit_description(status: int) -> str:
    """Return the rest of a sentence on a child process that ended with ``status``."""
    if status == -9:  # SIGKILL, a name that Windows lacks
        return "was killed (signal 9); the system may have run out of memory"
    return f"was killed (signal {-status})" if status < 0 else f"failed (exit {status})"
