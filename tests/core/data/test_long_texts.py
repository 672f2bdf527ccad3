"""Texts on disk, in pieces: the same as in memory, at once."""

import gzip
import hashlib
import io
import os
import re
import tempfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charloom.core import paths
from charloom.core.data import cleaning, corpus, encodings, gutenberg, spool, text_file
from charloom.core.data.corpus import ReadOptions
from charloom.core.data.line_order import shuffled_lines
from charloom.core.data.readers import base, decoding
from charloom.core.data.slicing import span
from charloom.core.data.text_file import TextFile, TextPart, find_all
from charloom.core.errors import Cancelled, CharloomError, StorageError
from tests.helpers.marks import needs_posix

SENTENCE = "No sooner had the wind fallen than we saw the ice, «l'été» — ça e\u0301.\r\n"
CHARACTERS = "ab \n\r\u0301\u0308e\u0327가\u1100\u1161\u11a8漢😀\ufffd"
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cut texts into pieces of 16 characters, and put those of more than 64 bytes on disk."""
    for module in (text_file, cleaning, decoding):
        monkeypatch.setattr(module, "PIECE_CHARACTERS", 16)
    monkeypatch.setattr(text_file, "_MARGIN_CHARACTERS", 400)
    monkeypatch.setattr(text_file, "_COUNTED_BYTES", 16)
    monkeypatch.setattr(encodings, "_CHUNK_BYTES", 4096)
    monkeypatch.setattr(spool, "MAX_MEMORY_BYTES", 64)
    yield
    assert not list(paths.models_dir().glob(".*"))  # each text was removed with its object


def read(text: str, **options: object) -> corpus.Corpus:
    given = ReadOptions(short=True, shuffle_lines=False, **options)  # type: ignore[typeddict-item]
    return corpus.from_bytes(text.encode(), title="t", source="t.txt", **given)


@pytest.mark.usefixtures("small_pieces")
@QUICK
@given(st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=300).map("".join))
def test_a_text_in_pieces_is_cleaned_as_a_whole(text: str) -> None:
    if not text.strip():
        return
    expected = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    found = read(text)
    assert found.text == expected
    assert found.sha256 == hashlib.sha256(expected.encode()).hexdigest()
    assert dict(found.counts.items()) == Counter(expected)
    assert found.counts.longest_line == max(map(len, expected.split("\n")))
    assert len(found.stored) == len(expected)
    for start in range(0, len(expected), 7):
        assert found.stored[start : start + 20] == expected[start : start + 20]
    part = TextPart(found.stored, len(expected) // 3, len(expected))
    assert part[2:9] == expected[len(expected) // 3 :][2:9] and part[:] == part[0 : len(part)]


@pytest.mark.usefixtures("small_pieces")
def test_a_long_line_is_cut_where_no_character_is_changed() -> None:
    text = "가나다e\u0301\u0327라마바\u1100\u1161\u11a8" * 30
    assert read(text).text == unicodedata.normalize("NFC", text)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "gb18030"])
def test_an_encoding_is_recognized_in_pieces(encoding: str) -> None:
    text = ("老人与海。" if encoding == "gb18030" else "Où ça, l'été dernier? ") * 300 + "\n"
    found = corpus.from_bytes(text.encode(encoding), title="t", source="t.txt")
    assert found.text == text


@pytest.mark.usefixtures("small_pieces")
def test_books_are_found_wherever_their_marks_are() -> None:
    start = "*** START OF THE PROJECT GUTENBERG EBOOK A LONG\nTITLE ***\n\n"
    end = "*** END OF THE PROJECT GUTENBERG EBOOK ***\nlicense\n"
    books = [f"Chapter {number}.\n" * number for number in (3, 40)]
    text = "".join("header\n" * 9 + start + book + "\n\n" + end for book in books)
    found = read(text)
    assert found.text == "\n\n\n".join(book.rstrip("\n") for book in books)
    assert "around 2 books" in found.notes[0]
    assert gutenberg.find_books(text)[0] == gutenberg.find_books(TextFile.of([text]))[0]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("ends", [("Letter 2", None), ("Letter 3", "Letter 4"), ("17", "900")])
def test_a_part_is_found_in_pieces(ends: tuple[str, str | None]) -> None:
    contents = "".join(f"Letter {number}\n\n" for number in range(1, 6))
    letters = "".join(f"Letter {n}\n\n{SENTENCE * 20}\n\n" for n in range(1, 6))
    text = (contents + letters).replace("\r", "")
    stored = TextFile.of([text])
    assert span(stored, *ends) == span(text, *ends)
    first, last = span(text, *ends)
    assert read(text, nfc=False, start=ends[0], end=ends[1]).text == text[first:last]


@pytest.mark.usefixtures("small_pieces")
@QUICK
@given(st.text("ab\n", max_size=400), st.sampled_from(["a+", "^b.*$", "(?<=a)b", "ab\nb"]))
def test_a_pattern_matches_in_pieces_what_it_does_in_the_whole(text: str, pattern: str) -> None:
    regex = re.compile(pattern, re.MULTILINE)
    found = [(at, match[0]) for at, match in find_all(regex, TextFile.of([text]))]
    assert found == [(match.start(), match[0]) for match in regex.finditer(text)]


@pytest.mark.usefixtures("small_pieces")
@QUICK
@given(st.lists(st.text("ab\n漢", max_size=60), max_size=9), st.integers(0, 200))
def test_what_was_written_can_be_cut_and_written_on(pieces: list[str], end: int) -> None:
    text = TextFile.of(pieces)
    whole = "".join(pieces)[:end]
    text.truncate(min(end, len(text)))
    text.write("x\n\n")
    assert str(text) == f"{whole}x\n\n"
    text.strip_line_ends()
    assert str(text) == f"{whole}x" and len(text) == len(whole) + 1


def test_files_are_joined_shuffled_and_left_out_in_pieces(
    tmp_path: Path, small_pieces: None
) -> None:
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(f"{number} {'the ice. ' * 9}\n\n\n")
    (tmp_path / "blank.txt").write_text(" \n" * 200)
    by_name = corpus.load(tmp_path)
    whole = [f"{number} {'the ice. ' * 9}" for number in range(6)]
    assert by_name.text == "\n\n\n".join(whole) + "\n\n\n"
    shuffled = corpus.load(tmp_path, shuffle_files=3)
    assert sorted(shuffled.text.rstrip("\n").split("\n\n\n")) == whole
    assert shuffled.text != by_name.text
    assert small_pieces is None


def test_a_long_list_is_shuffled_as_a_short_one(small_pieces: None) -> None:
    text = "".join(f"name{number}\n" for number in range(300))
    found = corpus.from_bytes(text.encode(), title="t", source="t")
    assert found.text == shuffled_lines(text) and small_pieces is None


def test_reading_reports_its_progress_and_can_be_cancelled(
    tmp_path: Path, small_pieces: None
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("The sea was grey.\n" * 2_000)
    reports: list[tuple[int, int]] = []
    corpus.load(path, on_read=lambda done, total: reports.append((done, total)))
    assert reports == sorted(reports) and reports[-1] == (72_000, 72_000) and len(reports) > 20
    assert {total for _, total in reports} == {72_000}  # to read and to count

    def cancel(done: int, _total: int) -> None:
        if done > 20_000:
            raise Cancelled("Enough.")

    with pytest.raises(Cancelled):
        corpus.load(path, on_read=cancel)
    assert small_pieces is None


def test_unpacking_and_standard_input_report_their_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_pieces: None
) -> None:
    text = b"The sea was grey.\n" * 2_000
    reports: list[tuple[int, int]] = []

    def load(name: Path | str) -> None:
        reports.clear()
        corpus.load(name, on_read=lambda done, total: reports.append((done, total)))
        shares = [done / total for done, total in reports if total]
        assert shares == sorted(shares) and shares[-1] == 1

    (tmp_path / "long.gz").write_bytes(gzip.compress(text))
    load(tmp_path / "long.gz")
    packed = (tmp_path / "long.gz").stat().st_size
    assert reports[0] == (packed, 2 * packed) and reports[-1] == (2 * packed + 36_000,) * 2
    with zipfile.ZipFile(tmp_path / "long.zip", "w") as archive:  # not compressed
        archive.writestr("long.txt", text)
    load(tmp_path / "long.zip")
    packed = (tmp_path / "long.zip").stat().st_size
    assert reports[0] == (36_000, 2 * packed) and reports[-1] == (2 * packed + 36_000,) * 2
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    load("-")
    assert reports[0] == (36_000, 0) and reports[-1] == (36_000 * 3,) * 2
    assert small_pieces is None


def test_a_text_that_the_disk_has_no_room_for_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("The sea was grey.\n" * 2_000)
    monkeypatch.setattr(spool, "MAX_MEMORY_BYTES", 100)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=30_000))
    with pytest.raises(StorageError, match=r"needs as much room in .* are free; make room"):
        corpus.load(path)


def _truncate(path: Path) -> None:
    os.truncate(path, 1_000)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xff\xfe\0" * 60_000)


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"More.\n")


@needs_posix("a file that is read can be changed")
@pytest.mark.parametrize("change", [_truncate, _overwrite, _append])
@pytest.mark.parametrize("options", [{}, {"encoding": "utf-8"}, {"encoding": "utf-16"}])
def test_a_file_that_is_changed_while_it_is_read_is_refused(
    change: Callable[[Path], None], options: ReadOptions, tmp_path: Path, small_pieces: None
) -> None:
    path = tmp_path / "long.txt"
    path.write_text(SENTENCE * 5_000, options.get("encoding") or "utf-8")
    changes = iter([change])

    def change_once(*_: int) -> None:
        for now in changes:
            now(path)

    refused = r"long\.txt' was changed while it was read; read it"
    with pytest.raises(CharloomError, match=refused) as error:
        corpus.load(path, on_read=change_once, **options)
    assert error and small_pieces is None and not list(paths.models_dir().glob(".*"))


@pytest.mark.parametrize("suffix", [".txt", ".gz", ".zip"])
def test_no_file_stays_open_when_reading_is_cancelled(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_pieces: None
) -> None:
    """An error keeps all objects that were in use, so they must have been closed."""
    copies: list[BinaryIO] = []

    def open_copy(dir: Path) -> BinaryIO:  # noqa: A002
        copies.append(cast("BinaryIO", tempfile.TemporaryFile(dir=dir)))  # noqa: SIM115
        return copies[-1]

    monkeypatch.setattr(base, "MAX_MEMORY_BYTES", 64)
    monkeypatch.setattr(base, "tempfile", SimpleNamespace(TemporaryFile=open_copy))
    text = b"*** START OF THE PROJECT GUTENBERG EBOOK X ***\n" + b"The sea was grey.\n" * 400
    path = tmp_path / f"long{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("long.txt", text)
    else:
        path.write_bytes(gzip.compress(text) if suffix == ".gz" else text)

    reports: list[tuple[int, int]] = []
    corpus.load(path, on_read=lambda *report: reports.append(report), start="sea")
    for cancelled_at in range(0, len(reports), 40):
        rest = count(cancelled_at, -1)

        def report(*_: int) -> None:
            if next(rest) == 0:  # noqa: B023
                raise Cancelled("Enough.")

        with pytest.raises(Cancelled) as error:
            corpus.load(path, on_read=report, start="sea")
        assert error and small_pieces is None and not list(paths.models_dir().glob(".*"))
        assert all(copy.closed for copy in copies)
    assert bool(copies) is (suffix != ".txt")


@needs_posix("a file that is read can be removed")
@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(
    replaced: bool, tmp_path: Path, small_pieces: None
) -> None:
    path, other = tmp_path / "long.txt", tmp_path / "other.txt"
    path.write_text("The sea was grey.\n" * 20_000)
    other.write_text("Another text.\n")

    def remove(*_: int) -> None:
        if other.exists():
            other.replace(path)
        if not replaced:
            path.unlink(missing_ok=True)

    assert corpus.load(path, on_read=remove).text == "The sea was grey.\n" * 20_000
    assert small_pieces is None and path.exists() is replaced
