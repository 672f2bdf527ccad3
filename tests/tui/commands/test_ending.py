"""How `charloom generate` ends when it is interrupted: the text so far is kept."""

import signal
import subprocess
from pathlib import Path

import pytest

from charloom.core.library.database import Library
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import COMMAND, call, needs_terminal, started


@pytest.fixture(autouse=True)
def _weaver() -> None:
    save_model("weaver", random_checkpoint())


@needs_posix("signals between processes")
def test_ctrl_c_keeps_the_text_so_far() -> None:
    with started("generate", "ab", "--model", "weaver", "--length", "9000000") as process:
        assert process.stdout and process.stderr
        begin = process.stdout.read(100)
        process.send_signal(signal.SIGINT)
        text = (begin + process.stdout.read()).decode()
        err = process.stderr.read().decode()
    assert process.returncode == 130
    with Library() as library:
        (kept,) = library.recent()
    assert text == f"ab{kept.text}\n"
    assert kept.length == len(kept.text)
    assert "Traceback" not in err
    assert call("favorites", "replay", str(kept.id)).code == 0


def test_a_closed_pipe_ends_it_quietly() -> None:
    with started("generate", "ab", "--model", "weaver", "--length", "9000000") as process:
        assert process.stdout and process.stderr
        begin = process.stdout.read(10).decode()
        process.stdout.close()
        err = process.stderr.read().decode()
    assert process.returncode == 0
    assert err.count("\n") == 1  # the line of figures
    with Library() as library:
        (kept,) = library.recent()
    assert f"ab{kept.text}".startswith(begin)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_is_a_one_line_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "generate", "ab", "--model", "weaver"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    last = done.stderr.decode().splitlines()[-1]
    assert last == "charloom: Input or output failed (No space left on device)."
    with Library() as library:
        assert library.count() == 0  # not even the prompt could be written


@needs_terminal
def test_closed_standard_streams_are_accepted() -> None:
    arguments = ["generate", "ab", "--model", "weaver", "--length", "5"]
    closing = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *COMMAND, *arguments]
    assert subprocess.run(closing, check=False).returncode == 0
    with Library() as library:
        assert len(library.recent()[0].text) == 5
