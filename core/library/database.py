"""Every generation, kept with all it takes to replay it; favorites are the starred ones.

The library is one SQLite file that the app and any number of commands may use at once. Each write
is a transaction of its own and waits for its turn, so nobody meets a lock. Every method raises
:class:`CharloomError`, and nothing else, when the file cannot be used.
"""

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder
from charloom.core.library.generation import Generation, clean_tag
from charloom.core.library.schema import APPLICATION_ID, MIGRATIONS

_PATIENCE_SECONDS = 10.0  # how long to wait for another process's write, which takes milliseconds
_LONGEST_QUERY = 200  # characters; FTS5 takes time in the square of the number of words
_UNSEARCHABLE = re.compile("[\0\ud800-\udfff]")  # ends a C string; has no UTF-8

_COLUMNS = tuple(each.name for each in fields(Generation))
_WRITTEN = ("text", "length", "changes", "chars_per_second", "bits_per_char")
_INSERT = (
    f"INSERT INTO generations ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT (id) DO NOTHING"
)
_UPDATE = f"UPDATE generations SET {', '.join(f'{n} = :{n}' for n in _COLUMNS)} WHERE id = :id"


def _to_row(generation: Generation) -> dict[str, Any]:
    row = {name: getattr(generation, name) for name in _COLUMNS}
    return row | {"tags": ",".join(generation.tags), "changes": json.dumps(generation.changes)}


def _from_row(values: tuple[Any, ...]) -> Generation:
    row = dict(zip(_COLUMNS, values, strict=True))
    tags = tuple(row["tags"].split(",")) if row["tags"] else ()
    changes = None  # which a generation refuses
    with contextlib.suppress(ValueError, RecursionError):
        changes = json.loads(row["changes"])
    return Generation(**row | {"tags": tags, "changes": changes, "starred": bool(row["starred"])})


class Library:
    """The generations in the SQLite file at ``path``, made when it is not there.

    A context manager, to be used in the thread that opened it; opening takes about a millisecond.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = (path or paths.library()).absolute()
        make_folder(self._path.parent)
        with self._explained():
            # Only a new file is touched: closing a file also drops this process's locks on it.
            with contextlib.suppress(FileExistsError):
                self._path.touch(mode=0o600, exist_ok=False)
            self._sqlite = sqlite3.connect(
                self._path, timeout=_PATIENCE_SECONDS, isolation_level=None
            )
            try:
                self._prepare()
            except BaseException:
                self._sqlite.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Closing twice is fine; anything else afterwards is an error."""
        with self._explained():
            self._sqlite.close()

    def add(self, generation: Generation) -> Generation:
        """Store ``generation`` and return it with the number it was given as its ``id``."""
        with self._writing():
            added = self._sqlite.execute(_INSERT, _to_row(generation) | {"id": None})
        assert added.lastrowid is not None  # as an INSERT always sets it
        return replace(generation, id=added.lastrowid)

    def get(self, generation_id: int) -> Generation:
        """Return one generation; :class:`CharloomError` when there is none of that number."""
        found = self._select("WHERE id = ?", generation_id)
        if not found:
            raise CharloomError(f"There is no generation {generation_id} in the library.")
        return found[0]

    def update(self, generation: Generation) -> Generation:
        """Keep what more was written of a generation since it was stored, and how.

        Its text, length, changes, pace and bits are replaced; its star, tags and note, which may
        have been changed meanwhile, stay as they are in the library.
        """
        written = {name: getattr(generation, name) for name in _WRITTEN}
        return self._change(generation.id, lambda old: replace(old, **written))

    def star(self, generation_id: int, on: bool = True) -> Generation:
        """Make a generation a favorite, or (``on=False``) no longer one."""
        return self._change(generation_id, lambda old: replace(old, starred=on))

    def tag(
        self, generation_id: int, tags: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Generation:
        """Add ``tags`` to a generation and take those in ``remove`` away."""
        added, removed = set(map(clean_tag, tags)), set(map(clean_tag, remove))
        return self._change(
            generation_id, lambda old: replace(old, tags=tuple({*old.tags, *added} - removed))
        )

    def annotate(self, generation_id: int, note: str) -> Generation:
        """Put ``note`` in the place of a generation's note."""
        return self._change(generation_id, lambda old: replace(old, note=note))

    def remove(self, generation_id: int) -> Generation:
        """Forget one generation and return it: it can be restored from that alone."""
        with self._writing():
            removed = self.get(generation_id)
            self._sqlite.execute("DELETE FROM generations WHERE id = ?", (generation_id,))
        return removed

    def restore(self, generation: Generation) -> Generation:
        """Put a removed generation back under its own number; one that is there stays as it is."""
        with self._writing():
            self._sqlite.execute(_INSERT, _to_row(generation))
            return self.get(generation.id)

    def recent(
        self, limit: int = 50, *, starred_only: bool = False, offset: int = 0
    ) -> list[Generation]:
        """Return generations, newest first. A negative ``limit`` means all."""
        clause = "WHERE starred >= ? ORDER BY id DESC LIMIT ? OFFSET ?"
        return self._select(clause, starred_only, limit, offset)

    def search(
        self, query: str, *, starred_only: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Generation]:
        """Return the generations with every word of ``query``, the best match first.

        Prompts, texts, tags and notes are searched, whatever the case and the accents. The last
        word may be the beginning of one, so that a search can follow the typing. A query without
        a letter or a digit finds nothing; of a very long one only the beginning counts.
        """
        words = _UNSEARCHABLE.sub(" ", query[:_LONGEST_QUERY]).split()
        if not words:
            return []
        quoted = ('"' + word.replace('"', '""') + '"' for word in words)  # never FTS5 syntax
        clause = """JOIN words ON words.rowid = id WHERE words MATCH ? AND starred >= ?
            ORDER BY words.rank, id DESC LIMIT ? OFFSET ?"""
        return self._select(clause, " ".join(quoted) + "*", starred_only, limit, offset)

    def prompts(self, limit: int) -> list[str]:
        """Return the prompts that were given, each once and none empty, the newest first."""
        query = """SELECT prompt FROM generations WHERE prompt != ''
            GROUP BY prompt ORDER BY max(id) DESC LIMIT ?"""
        with self._explained():
            return [prompt for (prompt,) in self._sqlite.execute(query, (limit,))]

    def count(self, *, starred_only: bool = False) -> int:
        """Return how many generations there are."""
        with self._explained():
            query = "SELECT count(*) FROM generations WHERE starred >= ?"
            number: int = self._sqlite.execute(query, (starred_only,)).fetchone()[0]
        return number

    def data_version(self) -> int:
        """Return a number that is another as soon as anybody else has changed the library."""
        with self._explained():
            version: int = self._pragma("data_version")
        return version

    def _select(self, clause: str, *values: str | int) -> list[Generation]:
        columns = ", ".join(f"generations.{name}" for name in _COLUMNS)
        with self._explained():
            rows = self._sqlite.execute(f"SELECT {columns} FROM generations {clause}", values)
            return [_from_row(row) for row in rows]

    def _change(self, generation_id: int, change: Callable[[Generation], Generation]) -> Generation:
        with self._writing():
            new = change(self.get(generation_id))
            self._sqlite.execute(_UPDATE, _to_row(new))
        return new

    def _prepare(self) -> None:
        """Refuse a file that is not ours before it is changed, then bring it up to date."""
        with self._sqlite:  # one transaction, so that the three answers belong together
            self._sqlite.execute("BEGIN")
            mark = self._pragma("application_id")
            version = self._pragma("user_version")
            tables = self._sqlite.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and mark != APPLICATION_ID:
            raise CharloomError(self._sentence(sqlite3.SQLITE_NOTADB))
        if version > len(MIGRATIONS):
            raise CharloomError(
                f"The library {str(self._path)!r} was made by a newer Charloom; update this one."
            )
        try:
            self._pragma("journal_mode = WAL")  # readers and a writer do not wait for each other
        except sqlite3.OperationalError as error:
            # Refused at once while another process switches too; either mode is safe for us all.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        if version < len(MIGRATIONS):
            self._migrate()

    def _migrate(self) -> None:
        with self._writing():
            for version in range(self._pragma("user_version"), len(MIGRATIONS)):
                for statement in MIGRATIONS[version]:
                    self._sqlite.execute(statement)
                self._pragma(f"user_version = {version + 1}")

    def _pragma(self, pragma: str) -> Any:
        answer = self._sqlite.execute(f"PRAGMA {pragma}").fetchone()
        return answer and answer[0]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold a write transaction: committed at the end, undone when anything goes wrong."""
        with self._explained(), self._sqlite:
            self._sqlite.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn whatever SQLite and the system may say into a sentence for a person."""
        try:
            yield
        except sqlite3.Error as error:
            raise CharloomError(self._sentence(getattr(error, "sqlite_errorcode", 0))) from error
        except OSError as error:
            raise CharloomError(self._sentence(sqlite3.SQLITE_CANTOPEN)) from error
        except OverflowError as error:
            raise CharloomError("The library holds whole numbers of up to 63 bits.") from error

    def _sentence(self, code: int) -> str:
        # An extended result code has the primary one in its lowest byte.
        advice = _ADVICE.get(code & 0xFF, "cannot be used")
        return f"The library {str(self._path)!r} {advice}."


_ADVICE = {
    sqlite3.SQLITE_NOTADB: "is not a library of Charloom; move it away and a new one is made",
    sqlite3.SQLITE_CORRUPT: "is damaged; bring a copy back, or move it away and a new one is made",
    sqlite3.SQLITE_FULL: "has no room to grow on this disk; make room and try again",
    sqlite3.SQLITE_IOERR: "cannot be read or written; see that its disk has room and is whole",
    sqlite3.SQLITE_BUSY: "has been kept busy by another program; try again in a moment",
    sqlite3.SQLITE_READONLY: "cannot be changed; see that you may write to it and to its folder",
    sqlite3.SQLITE_CANTOPEN: (  # also where SQLite can put no file beside it
        "cannot be opened; see that it is a file, that you may read and write there, "
        "and that there is room"
    ),
}
