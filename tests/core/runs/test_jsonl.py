import os
import subprocess
import sys
from itertools import chain, pairwise
from pathlib import Path

import pytest

from charloom.core.runs import jsonl
from charloom.core.runs.jsonl import LineTail, SampledLineTail, append_line


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    reader = LineTail(path)
    assert reader.read() == []
    path.write_bytes(b"one\ntw")
    assert reader.read() == [b"one"]
    assert reader.read() == []
    path.write_bytes(b"one\ntwo\n\xff\nthr")
    assert reader.read() == [b"two", b"\xff"]
    assert not reader.has_more


def test_reading_can_begin_at_the_end_or_a_little_before(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\n")
    end, before = LineTail.tail(path), LineTail.tail(path, 4)
    append_line(path, b"three")
    assert end.read() == [b"three"]
    assert before.read() == [b"two", b"three"]
    assert LineTail.tail(tmp_path / "none", 4).read() == []


def test_a_line_that_was_torn_is_ended_before_the_next_is_written(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, b"one")
    append_line(path, b"two")
    assert path.read_bytes() == b"one\ntwo\n"
    path.write_bytes(b"one\ntw")
    append_line(path, b"three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_a_long_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "_MAX_BYTES_PER_READ", 10)
    path = tmp_path / "lines"
    path.write_bytes(b"first\nsecond\n" + b"x" * 25 + b"\nlast\n")
    reader, seen = LineTail(path), []
    for _ in range(20):
        seen.append(reader.read())
        if not reader.has_more:
            break
    assert seen[0] == [b"first"] and seen[1] == [b"second"]
    assert seen[-1][-1] == b"last" and b"x" * 25 not in [
        *chain(*seen)
    ]  # too long to be one of ours
    assert reader.read() == []


def test_of_a_file_that_was_cut_short_what_comes_then_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\n")
    reader = LineTail(path)
    assert len(reader.read()) == 2
    path.write_bytes(b"")
    assert reader.read() == []
    append_line(path, b"three")
    assert reader.read() == [b"three"]
    path.unlink()
    assert reader.read() == []


def test_lines_of_several_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    code = (
        "import sys; from pathlib import Path; from charloom.core.runs.jsonl import append_line\n"
        "for number in range(200): append_line(Path(sys.argv[1]), sys.argv[2].encode() * 500)"
    )
    writers = [
        subprocess.Popen([sys.executable, "-P", "-c", code, str(path), letter]) for letter in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    whole = [line for line in path.read_bytes().split(b"\n") if line]
    assert sorted(whole) == sorted(
        letter * 500 for letter in (b"a", b"b", b"c") for _ in range(200)
    )


# Long files


LINE = b"%08d is one of many lines, and this is the rest of it"
LOOKS = 2 * jsonl._PARTS // jsonl._PARTS_PER_READ


def long_file(path: Path, count: int, **others: int) -> list[bytes]:
    """Write a file of lines, the first words of some of which are others, and return these."""
    written = [LINE % number for number in range(count)]
    for words, number in others.items():
        written[number] = words.encode() + written[number]
    path.write_bytes(b"\n".join(written) + b"\n")
    return written


def all_of(reader: LineTail, looks: int = LOOKS) -> list[bytes]:
    """Return what is read until nothing is left, in no more than so many looks."""
    found = reader.read()
    while reader.has_more:
        looks -= 1
        assert looks > 0
        found += reader.read()
    return found


def test_of_a_long_file_a_fair_sample_is_read_and_its_end_in_full(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    written = long_file(path, 400_000)
    reader = SampledLineTail(path, {})
    found = all_of(reader)
    assert found == sorted(set(found)) and set(found) <= set(written)  # in the order of the file
    places = [int(line[:8]) for line in found]
    part = path.stat().st_size // jsonl._PARTS // len(written[0])
    assert jsonl._PARTS <= len(found) < len(written) // 5
    assert max(after - before for before, after in pairwise([0, *places])) <= part
    whole = jsonl._MAX_BYTES_PER_READ // (len(written[0]) + 1)
    assert found[-whole:] == written[-whole:]
    append_line(path, b"later")
    assert reader.read() == [b"later"]


def test_of_a_long_file_all_that_is_sought_is_found_with_what_comes_after_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lines"
    places = {f"rare{number}": number for number in (50, 51, 133_333, 200_000, 399_000, 399_999)}
    often = {f"often{number}": number for number in range(7, 400_000, 10)}
    written = long_file(path, 400_000, **places, **often)
    found = all_of(SampledLineTail(path, {b"rare": 9, b"often": 1}))
    order = {line: number for number, line in enumerate(written)}
    assert found == sorted(set(found), key=order.__getitem__)
    assert [line for line in found if line.startswith(b"rare")] == [
        written[place] for place in places.values()
    ]
    for place in places.values():
        assert set(written[place : place + 2]) <= set(found)
    assert jsonl._PARTS < sum(line.startswith(b"often") for line in found) < 20_000


@pytest.mark.parametrize("count", [0, 1, 3_000, 60_000])
def test_of_a_file_that_is_not_so_long_every_line_is_read(tmp_path: Path, count: int) -> None:
    path = tmp_path / "lines"
    written = long_file(path, count) if count else []
    assert path.exists() is bool(count)
    assert all_of(SampledLineTail(path, {b"many": 1})) == all_of(LineTail(path)) == written


@pytest.mark.parametrize("spoilt", [b"x", b"\0", b"\n", b"\xff\n", b"rare"])
def test_a_long_file_that_was_spoilt_is_passed_over(tmp_path: Path, spoilt: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"first\n" + spoilt * (20_000_000 // len(spoilt)) + b"\nlast\n")
    reader = SampledLineTail(path, {b"rare": 9})
    found = all_of(reader)
    assert found[0] == b"first" and found[-1] == b"last"
    assert max(map(len, found)) <= jsonl._MAX_BYTES_PER_READ and sum(map(len, found)) < 5_000_000
    append_line(path, b"later")
    assert reader.read() == [b"later"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had")
def test_a_line_for_which_there_is_no_room_is_an_error() -> None:
    with pytest.raises(OSError, match=os.strerror(28)):
        append_line(Path("/dev/full"), b"one")
