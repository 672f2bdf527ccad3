"""Whether a library is whole, by what SQLite itself makes of its file."""

import sqlite3
from contextlib import closing
from pathlib import Path


def fault(path: Path) -> str:
    """Return what is wrong with the file, or with its index of words; nothing if nothing is."""
    with closing(sqlite3.connect(path)) as file:
        try:
            messages = [str(row[0]) for row in file.execute("PRAGMA integrity_check")]
            file.execute("INSERT INTO trigrams (trigrams, rank) VALUES ('integrity-check', 1)")
        except sqlite3.Error as error:
            messages = [str(error)]
    return "" if messages == ["ok"] else "; ".join(messages)
