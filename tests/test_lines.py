import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from core import lines
from core.lines import Lines, append


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    reader = Lines(path)
    assert reader.read() == []
    path.write_bytes(b"one\ntw")
    assert reader.read() == [b"one"]
    assert reader.read() == []
    path.write_bytes(b"one\ntwo\n\xff\nthr")
    assert reader.read() == [b"two", b"\xff"]
    assert not reader.behind


def test_reading_can_begin_at_the_end_or_a_little_before(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\n")
    end, before = Lines.tail(path), Lines.tail(path, 4)
    append(path, b"three")
    assert end.read() == [b"three"]
    assert before.read() == [b"two", b"three"]
    assert Lines.tail(tmp_path / "none", 4).read() == []


def test_a_line_that_was_torn_is_ended_before_the_next_is_written(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append(path, b"one")
    append(path, b"two")
    assert path.read_bytes() == b"one\ntwo\n"
    path.write_bytes(b"one\ntw")
    append(path, b"three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_a_long_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST", 10)
    path = tmp_path / "lines"
    path.write_bytes(b"first\nsecond\n" + b"x" * 25 + b"\nlast\n")
    reader, seen = Lines(path), []
    for _ in range(20):
        seen.append(reader.read())
        if not reader.behind:
            break
    assert seen[0] == [b"first"] and seen[1] == [b"second"]
    assert seen[-1][-1] == b"last" and b"x" * 25 not in [
        *chain(*seen)
    ]  # too long to be one of ours
    assert reader.read() == []


def test_of_a_file_that_was_cut_short_what_comes_then_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\n")
    reader = Lines(path)
    assert len(reader.read()) == 2
    path.write_bytes(b"")
    assert reader.read() == []
    append(path, b"three")
    assert reader.read() == [b"three"]
    path.unlink()
    assert reader.read() == []


def test_lines_of_several_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    code = (
        "import sys; from pathlib import Path; from core.lines import append\n"
        "for number in range(200): append(Path(sys.argv[1]), sys.argv[2].encode() * 500)"
    )
    writers = [
        subprocess.Popen([sys.executable, "-P", "-c", code, str(path), letter]) for letter in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    whole = [line for line in path.read_bytes().split(b"\n") if line]
    assert sorted(whole) == sorted(
        letter * 500 for letter in (b"a", b"b", b"c") for _ in range(200)
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had")
def test_a_line_for_which_there_is_no_room_is_an_error() -> None:
    with pytest.raises(OSError, match=os.strerror(28)):
        append(Path("/dev/full"), b"one")
