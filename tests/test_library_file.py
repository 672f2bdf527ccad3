import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import core
from core import library as room
from core.errors import CharloomError
from core.library import Library
from tests.generations import generation

ROOT = Path(core.__file__).parents[1]


def check_integrity(path: Path) -> None:
    """Let SQLite compare the file, and the index of words with the texts."""
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        file.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    file.close()


def test_the_index_and_the_file_stay_sound(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        for text in ("ice", "nul\0after", "\x1b[31m", "\ud800", "x" * 100_000, ""):
            added = library.add(generation(text, prompt=text, note=text))
            library.annotate(added.id, text + "more")
        library.remove(2)
        library.remove(5)
    check_integrity(path)


def test_a_new_library_is_of_the_newest_version(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.touch()  # as a crash between making the file and filling it leaves it
    Library(path).close()
    Library(path).close()
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (len(room._MIGRATIONS),)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()


def test_an_older_library_is_brought_up_to_date_with_all_that_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as old:
        added = old.add(generation())
    later = (*room._MIGRATIONS, ("CREATE TABLE extra (a)", "INSERT INTO extra VALUES (1)"))
    monkeypatch.setattr(room, "_MIGRATIONS", later)
    for _ in range(2):
        with Library(path) as new:
            assert new.recent() == [added]
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT * FROM extra").fetchall() == [(1,)]
        assert file.execute("PRAGMA user_version").fetchone() == (len(later),)
    file.close()


def test_a_migration_that_fails_leaves_the_library_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as old:
        added = old.add(generation())
    with monkeypatch.context() as patch:
        broken = (*room._MIGRATIONS, ("CREATE TABLE extra (a)",), ("DROP TABLE missing",))
        patch.setattr(room, "_MIGRATIONS", broken)
        with pytest.raises(CharloomError):
            Library(path)
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT * FROM sqlite_master WHERE name = 'extra'").fetchall() == []
    file.close()
    with Library(path) as again:
        assert again.recent() == [added]


def test_a_library_from_a_newer_charloom_is_refused_and_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    before = path.read_bytes()
    with pytest.raises(CharloomError, match="made by a newer Charloom; update this one"):
        Library(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"not a database, but a text\n" * 100, b"short", b"SQLite format 3\0" + b"\xff" * 2000],
)
def test_a_file_that_is_no_database_is_refused_and_unharmed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(content)
    with pytest.raises(CharloomError, match=r"is not a library of Charloom; move it away"):
        Library(path)
    assert path.read_bytes() == content
    assert list(tmp_path.glob("library*")) == [path]


def test_the_database_of_another_program_is_refused_and_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE bookmarks (a)")
        file.execute("PRAGMA user_version = 1")
    file.close()
    before = path.read_bytes()
    with pytest.raises(CharloomError, match="is not a library of Charloom"):
        Library(path)
    assert path.read_bytes() == before


def test_a_damaged_library_is_refused_and_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        for _ in range(20):
            library.add(generation("x" * 2000))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)  # all but the first page
    path.write_bytes(content)
    with Library(path) as library:
        calls: list[Callable[[], object]] = [
            library.recent,
            library.count,
            lambda: library.search("x"),
            lambda: library.add(generation()),
        ]
        for call in calls:
            with pytest.raises(CharloomError, match="is damaged; bring a copy back"):
                call()
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CharloomError, match=r"^The library '.*' cannot be opened; .*\.$"):
        Library(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CharloomError):
        Library(tmp_path / "file" / "library.sqlite")


def test_a_path_that_means_something_to_sqlite_is_only_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "file:x?mode=memory"):
        with Library(Path(name)) as library:
            library.add(generation())
        assert (tmp_path / name).stat().st_size > 0


def test_a_closed_library_says_so_and_can_be_closed_again(tmp_path: Path) -> None:
    with Library(tmp_path / "x") as library:
        pass
    library.close()
    with pytest.raises(CharloomError, match="cannot be used"):
        library.recent()


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    prelude = "import sys; from pathlib import Path; from core.errors import CharloomError\n"
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", prelude + code, *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


ADD_FIFTY = """
from core.library import Library
from tests.generations import generation
print("ready", flush=True)
sys.stdin.readline()
for number in range(50):
    if number % 10 == 0:  # opening, too, must stand the rush
        library = Library(Path(sys.argv[1]))
    added = library.add(generation(f"{sys.argv[2]} {number}"))
    library.star(added.id)
    assert library.get(added.id).starred and library.search(sys.argv[2], limit=1)
    if number % 10 == 9:
        library.close()
"""


def test_two_processes_share_a_library_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    children = [start(ADD_FIFTY, path, name) for name in ("warp", "weft")]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [(child.communicate()[0], child.returncode) for child in children] == [("", 0)] * 2
    with Library(path) as library:
        expected = {f"{name} {number}" for name in ("warp", "weft") for number in range(50)}
        assert {each.text for each in library.recent(-1, starred_only=True)} == expected
        assert library.count() == 100
    check_integrity(path)


def test_a_process_killed_in_the_middle_of_a_write_loses_only_that_write(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    code = """
from core.library import Library
from tests.generations import generation
library = Library(Path(sys.argv[1]))
library.add(generation("kept"))
library._sqlite.execute("BEGIN IMMEDIATE")
library._sqlite.execute("UPDATE generations SET text = 'half done'")
print("ready", flush=True)
sys.stdin.readline()
"""
    child = start(code, path)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    with Library(path) as library:
        assert [each.text for each in library.recent()] == ["kept"]  # a reader does not wait
        child.kill()
        child.communicate()
        library.add(generation("after"))
        assert [each.text for each in library.recent()] == ["after", "kept"]
    check_integrity(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files to set")
def test_a_full_disk_is_told_in_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    code = """
import resource
from core.library import Library
from tests.generations import generation
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))  # the system refuses to write more
with Library(Path(sys.argv[1])) as library:
    for number in range(1, 100):
        try:
            library.add(generation("x" * 10_000))
        except CharloomError as error:
            print(library.count() == number - 1, error)
            break
"""
    told, _ = (child := start(code, path)).communicate()
    assert child.returncode == 0, told
    counted, sentence = told.strip().split(" ", 1)
    assert counted == "True"
    assert sentence == f"The library {str(path)!r} " + room._ADVICE[sqlite3.SQLITE_IOERR] + "."
    with Library(path) as library:
        assert library.count() > 5
        library.add(generation("there is room again"))
    check_integrity(path)
