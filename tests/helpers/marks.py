"""What tests do otherwise on Windows."""

import sys
from pathlib import Path

import pytest


def needs_posix(what: str) -> pytest.MarkDecorator:
    """Return a mark that skips a test on Windows, which lacks ``what``."""
    return pytest.mark.skipif(sys.platform == "win32", reason=f"Windows has no {what}")


def is_private(path: Path) -> bool:
    """Return whether only its owner may use ``path``; Windows has no modes that could say so."""
    mode = 0o700 if path.is_dir() else 0o600
    return sys.platform == "win32" or path.stat().st_mode & 0o777 == mode
