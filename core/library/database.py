"""The library: all generations with everything needed to replay them; favorites are starred.

It is one SQLite file that the app and any number of commands can use at once. Each write is a
transaction of its own, which waits for those of others. A file that cannot be used raises
:class:`CharloomError` and nothing else.
"""

import contextlib
import json
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
from charloom.core.library.search import search_terms, searched_text
from charloom.core.sampling.config import format_stops, parse_stops

_TIMEOUT_SECONDS = 10.0  # for the writes of other processes, which take milliseconds
_INDEXED_CHARACTERS = 3  # of the index; it cannot find shorter words
_FIRST_UNCASED = "\u0590"  # Latin, Greek and Cyrillic, with blanks between words, come before it

_COLUMNS = tuple(f.name for f in fields(Generation))
_UPDATED = ("text", "length", "until", "changes", "choices", "chars_per_second", "bits_per_char")
_JSON = ("changes", "choices")
_STORED = (*_COLUMNS, "folded")
_INSERT = (
    f"INSERT INTO generations ({', '.join(_STORED)})"
    f" VALUES ({', '.join(f':{name}' for name in _STORED)}) ON CONFLICT (id) DO NOTHING"
)
_UPDATE = f"UPDATE generations SET {', '.join(f'{n} = :{n}' for n in _STORED)} WHERE id = :id"


def _to_row(generation: Generation) -> dict[str, Any]:
    row = {name: getattr(generation, name) for name in _COLUMNS}
    tags = ",".join(generation.tags)
    return row | {
        "stop": format_stops(generation.stop),
        "tags": tags,
        **{name: json.dumps(getattr(generation, name)) for name in _JSON},
        "folded": searched_text(generation.prompt, generation.text, tags, generation.note),
    }


def _from_row(values: tuple[Any, ...]) -> Generation:
    row = dict(zip(_COLUMNS, values, strict=True))
    tags = tuple(row["tags"].split(",")) if row["tags"] else ()
    for name in _JSON:
        text, row[name] = row[name], None  # refused by Generation
        with contextlib.suppress(ValueError, RecursionError):
            row[name] = json.loads(text)
    row |= {name: bool(row[name]) for name in ("starred", "keep_stop")}
    return Generation(**row | {"stop": parse_stops(row["stop"]), "tags": tags})


class Library:
    """The generations in the SQLite file at ``path``, which is created if it does not exist.

    A context manager, for use in the thread that opened it; opening takes about a millisecond.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = (path or paths.library_file()).absolute()
        make_folder(self._path.parent)
        with self._errors_explained():
            # Only create a file: closing an existing one would drop this process's locks on it.
            with contextlib.suppress(FileExistsError):
                self._path.touch(mode=0o600, exist_ok=False)
            self._sqlite = sqlite3.connect(
                self._path, timeout=_TIMEOUT_SECONDS, isolation_level=None
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
        """Close the file. It may be closed twice; any other call afterwards is an error."""
        with self._errors_explained():
            self._sqlite.close()

    def add(self, generation: Generation) -> Generation:
        """Store ``generation`` and return it with its new ``id``."""
        with self._transaction():
            added = self._sqlite.execute(_INSERT, _to_row(generation) | {"id": None})
        assert added.lastrowid is not None  # an INSERT always sets it
        return replace(generation, id=added.lastrowid)

    def get(self, generation_id: int) -> Generation:
        """Return one generation; an unknown id raises :class:`CharloomError`."""
        rows = self._select("WHERE id = ?", generation_id)
        if not rows:
            raise CharloomError(f"There is no generation {generation_id} in the library.")
        return rows[0]

    def find(self, generation_ids: Iterable[int]) -> list[Generation]:
        """Return the generations that still exist, in this order."""
        rows = (self._select("WHERE id = ?", number) for number in generation_ids)
        return [generation for found in rows for generation in found]

    def update(self, generation: Generation) -> Generation:
        """Store the continuation of a generation.

        Its text, length, unit, changes, choices, speed and bits are replaced. Its star, tags and
        note stay as they are in the library, where they may have changed in the meantime.
        """
        updated = {name: getattr(generation, name) for name in _UPDATED}
        return self._change(generation.id, lambda old: replace(old, **updated))

    def star(self, generation_id: int, on: bool = True) -> Generation:
        """Make a generation a favorite, or no longer one (``on=False``)."""
        return self._change(generation_id, lambda old: replace(old, starred=on))

    def tag(
        self, generation_id: int, tags: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Generation:
        """Add ``tags`` to a generation and take away those in ``remove``."""
        added, removed = set(map(clean_tag, tags)), set(map(clean_tag, remove))
        return self._change(
            generation_id, lambda old: replace(old, tags=tuple({*old.tags, *added} - removed))
        )

    def annotate(self, generation_id: int, note: str) -> Generation:
        """Replace the note of a generation."""
        return self._change(generation_id, lambda old: replace(old, note=note))

    def remove(self, generation_id: int) -> Generation:
        """Remove a generation and return it, for :meth:`restore`."""
        with self._transaction():
            removed = self.get(generation_id)
            self._sqlite.execute("DELETE FROM generations WHERE id = ?", (generation_id,))
        return removed

    def remove_all(self, ids: Iterable[int], *, unstarred_only: bool = False) -> int:
        """Remove all these generations, or none on an error; return their number.

        With ``unstarred_only``, one that has become a favorite in the meantime stays.
        """
        query = "DELETE FROM generations WHERE id = ? AND starred <= ?"
        with self._transaction():
            rows = [(generation_id, not unstarred_only) for generation_id in ids]
            return self._sqlite.executemany(query, rows).rowcount if rows else 0

    def restore(self, generation: Generation) -> Generation:
        """Put a removed generation back under its id; one with that id stays as it is."""
        with self._transaction():
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

        Prompts, texts, tags and notes are searched. A word matches anywhere, ignoring case, accents
        and punctuation; at the beginning of a word it counts more. See
        :mod:`charloom.core.library.search`. A query of punctuation only finds nothing; only the
        beginning of a very long one counts.
        """
        terms = search_terms(query)
        if not terms:
            return []
        # A folded term has no punctuation, and so nothing that means something in these languages.
        long = [f'"{term}"' for term in terms if len(term) >= _INDEXED_CHARACTERS]
        short = [f"%{term}%" for term in terms if len(term) < _INDEXED_CHARACTERS]
        clause = "WHERE starred >= ?" + " AND generations.folded LIKE ?" * len(short)
        order = "id DESC"
        if long:
            clause = f"JOIN trigrams ON trigrams.rowid = id {clause} AND trigrams MATCH ?"
            order = "trigrams.rank, id DESC"
        at_start = [f"% {term}%" for term in terms if term < _FIRST_UNCASED]
        if at_start:
            order = f"{' + '.join(['(generations.folded LIKE ?)'] * len(at_start))} DESC, {order}"
        match = [" ".join(long)] if long else []
        values: list[str | int] = [starred_only, *short, *match, *at_start, limit, offset]
        return self._select(f"{clause} ORDER BY {order} LIMIT ? OFFSET ?", *values)

    def matching(
        self, *, before: str = "", model: str = "", unstarred_only: bool = False
    ) -> dict[int, bool]:
        """Return the ids of the generations that fit, and whether each is a favorite.

        ``before`` is an ISO 8601 date or time (UTC), ``model`` a model's name; empty: any.
        """
        query = """SELECT id, starred FROM generations
            WHERE (? = '' OR created < ?) AND (? = '' OR model = ?) AND starred <= ?"""
        with self._errors_explained():
            rows = self._sqlite.execute(query, (before, before, model, model, not unstarred_only))
            return {generation_id: bool(starred) for generation_id, starred in rows}

    def prompts(self, limit: int) -> list[str]:
        """Return the different prompts that are not empty, the newest first."""
        query = """SELECT prompt FROM generations WHERE prompt != ''
            GROUP BY prompt ORDER BY max(id) DESC LIMIT ?"""
        with self._errors_explained():
            return [prompt for (prompt,) in self._sqlite.execute(query, (limit,))]

    def count(self, *, starred_only: bool = False, newer_than: int = 0) -> int:
        """Return the number of generations, or of those added after the one with that id."""
        with self._errors_explained():
            query = "SELECT count(*) FROM generations WHERE starred >= ? AND id > ?"
            number: int = self._sqlite.execute(query, (starred_only, newer_than)).fetchone()[0]
        return number

    def data_version(self) -> int:
        """Return a number that changes when another connection changes the library."""
        with self._errors_explained():
            version: int = self._pragma("data_version")
        return version

    def _select(self, clause: str, *values: str | int) -> list[Generation]:
        columns = ", ".join(f"generations.{name}" for name in _COLUMNS)
        with self._errors_explained():
            rows = self._sqlite.execute(f"SELECT {columns} FROM generations {clause}", values)
            return [_from_row(row) for row in rows]

    def _change(self, generation_id: int, change: Callable[[Generation], Generation]) -> Generation:
        with self._transaction():
            new = change(self.get(generation_id))
            self._sqlite.execute(_UPDATE, _to_row(new))
        return new

    def _prepare(self) -> None:
        """Refuse a foreign file before changing it, then migrate the tables."""
        with self._sqlite:  # one transaction, so that the three values are consistent
            self._sqlite.execute("BEGIN")
            application_id = self._pragma("application_id")
            version = self._pragma("user_version")
            tables = self._sqlite.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application_id != APPLICATION_ID:
            raise CharloomError(self._message(sqlite3.SQLITE_NOTADB))
        if version > len(MIGRATIONS):
            raise CharloomError(
                f"The library {str(self._path)!r} was made by a newer Charloom; update this one."
            )
        try:
            self._pragma("journal_mode = WAL")  # readers and a writer do not block each other
        except sqlite3.OperationalError as error:
            # Refused while another process switches, too; either mode is safe.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        if version < len(MIGRATIONS):
            self._migrate()

    def _migrate(self) -> None:
        self._sqlite.create_function("searched_text", 4, searched_text, deterministic=True)
        with self._transaction():
            for version in range(self._pragma("user_version"), len(MIGRATIONS)):
                for statement in MIGRATIONS[version]:
                    self._sqlite.execute(statement)
                self._pragma(f"user_version = {version + 1}")

    def _pragma(self, pragma: str) -> Any:
        row = self._sqlite.execute(f"PRAGMA {pragma}").fetchone()
        return row and row[0]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Hold a write transaction: committed at the end, rolled back on any error."""
        with self._errors_explained(), self._sqlite:
            self._sqlite.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def _errors_explained(self) -> Iterator[None]:
        """Turn the errors of SQLite and the system into sentences."""
        try:
            yield
        except sqlite3.Error as error:
            raise CharloomError(self._message(getattr(error, "sqlite_errorcode", 0))) from error
        except OSError as error:
            raise CharloomError(self._message(sqlite3.SQLITE_CANTOPEN)) from error
        except OverflowError as error:
            raise CharloomError("The library holds whole numbers of up to 63 bits.") from error

    def _message(self, code: int) -> str:
        # The lowest byte of an extended result code is the primary one.
        advice = _ADVICE.get(code & 0xFF, "cannot be used")
        return f"The library {str(self._path)!r} {advice}."


_ADVICE = {
    sqlite3.SQLITE_NOTADB: "is not a library of Charloom; move it away and a new one is made",
    sqlite3.SQLITE_CORRUPT: "is damaged; bring a copy back, or move it away and a new one is made",
    sqlite3.SQLITE_FULL: "has no room to grow on this disk; make room and try again",
    sqlite3.SQLITE_IOERR: "cannot be read or written; see that its disk has room and is whole",
    sqlite3.SQLITE_BUSY: "has been kept busy by another program; try again in a moment",
    sqlite3.SQLITE_READONLY: "cannot be changed; see that you may write to it and to its folder",
    sqlite3.SQLITE_CANTOPEN: (  # also if SQLite cannot create a file next to it
        "cannot be opened; see that it is a file, that you may read and write there, "
        "and that there is room"
    ),
}
