import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from charloom.core.errors import CharloomError
from charloom.core.library import database
from charloom.core.library.database import Library
from charloom.core.library.schema import MIGRATIONS
from charloom.core.sampling.config import SamplingChange
from tests.helpers.generations import generation

FIRST_VERSION = Path(__file__).parents[2] / "helpers" / "library_v1.sql"


def check_integrity(path: Path) -> None:
    """Let SQLite compare the file, and the index with the texts."""
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        file.execute("INSERT INTO trigrams (trigrams, rank) VALUES ('integrity-check', 1)")
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
        assert file.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()


def test_an_older_library_is_brought_up_to_date_with_all_that_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as old:
        added = old.add(generation())
    later = (*MIGRATIONS, ("CREATE TABLE extra (a)", "INSERT INTO extra VALUES (1)"))
    monkeypatch.setattr(database, "MIGRATIONS", later)
    for _ in range(2):
        with Library(path) as new:
            assert new.recent() == [added]
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT * FROM extra").fetchall() == [(1,)]
        assert file.execute("PRAGMA user_version").fetchone() == (len(later),)
    file.close()


def test_a_library_of_the_first_version_opens_with_all_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with sqlite3.connect(path) as file:
        file.executescript(FIRST_VERSION.read_text("utf-8"))
    file.close()
    with Library(path) as library:
        newer, older = library.recent()
        assert older == generation(" of the ice", id=3)
        assert newer == generation(
            " of the sledge",
            id=5,
            temperature=0.5,
            top_k=0,
            top_p=0.9,
            stop=("\\n|\n\t",),  # as it was stored: not escaped
            seed=8,
            bits_per_char=1.5,
            starred=True,
            tags=["sea", "gothic"],
            note="Mark this.",
        )
        assert library.search("sledge") == [newer]
        changes = (SamplingChange(3, 1.2, 0, 1.0),)
        assert library.update(replace(older, changes=changes)).changes == changes
        assert library.add(generation()).id == 6
    check_integrity(path)
    with sqlite3.connect(path) as file, sqlite3.connect(tmp_path / "new") as new:
        Library(tmp_path / "new").close()
        schema = "SELECT type, name FROM sqlite_master ORDER BY name"
        assert file.execute(schema).fetchall() == new.execute(schema).fetchall()
        columns = "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('generations')"
        assert file.execute(columns).fetchall() == new.execute(columns).fetchall()
    file.close()
    new.close()


# What turned a library of the first version into one of the second, with a text in other scripts.
SECOND_VERSION = """
ALTER TABLE generations ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';
PRAGMA user_version = 2;
UPDATE generations SET note = '山のカハ\u3099ー', text = ' בְּרֵאשִׁית',
    changes = '[[3, 1.2, 0, 1.0]]' WHERE id = 3;
"""


def test_texts_of_the_second_version_are_found_in_all_scripts(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with sqlite3.connect(path) as file:
        file.executescript(FIRST_VERSION.read_text("utf-8") + SECOND_VERSION)
    file.close()
    with Library(path) as library:
        newer, older = library.recent()
        assert older.note == "山のカハ\u3099ー"
        assert older.changes == (SamplingChange(3, 1.2, 0, 1.0),)
        for query in ("山", "カバー", "ראש", "בראשית"):
            assert library.search(query) == [older], query
        assert library.search("sledge gothic") == [newer]
        library.remove(older.id)
        assert library.search("山") == library.search("カバー") == []
    check_integrity(path)


@pytest.mark.parametrize(
    "changes", ["", "null", "[[1]]", "[[9e99, 1, 0, 1]]", '{"a": 1}', "[" * 100_000, "9" * 5_000]
)
def test_changes_that_make_no_sense_are_told_in_a_sentence(tmp_path: Path, changes: str) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        library.add(generation())
        with sqlite3.connect(path) as file:
            file.execute("UPDATE generations SET changes = ?", (changes,))
        file.close()
        with pytest.raises(CharloomError, match=r"^The changes in a generation are lists of .*\.$"):
            library.recent()


def test_a_migration_that_fails_leaves_the_library_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as old:
        added = old.add(generation())
    with monkeypatch.context() as patch:
        broken = (*MIGRATIONS, ("CREATE TABLE extra (a)",), ("DROP TABLE missing",))
        patch.setattr(database, "MIGRATIONS", broken)
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
