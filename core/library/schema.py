"""The tables of the library, version by version."""

APPLICATION_ID = 0x4C6F6F6D  # "Loom" in ASCII: identifies the file, whatever its name

# Migration n upgrades version n to n + 1. A released migration never changes.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        # AUTOINCREMENT: the id of a removed generation is never used again.
        """CREATE TABLE generations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            created TEXT NOT NULL,
            model TEXT NOT NULL,
            step INTEGER NOT NULL,
            checkpoint_sha256 TEXT NOT NULL,
            temperature REAL NOT NULL,
            top_k INTEGER NOT NULL,
            top_p REAL NOT NULL,
            length INTEGER NOT NULL,
            stop TEXT NOT NULL,
            seed INTEGER NOT NULL,
            chars_per_second REAL NOT NULL,
            bits_per_char REAL,
            starred INTEGER NOT NULL,
            tags TEXT NOT NULL,
            note TEXT NOT NULL,
            prompt TEXT NOT NULL,
            text TEXT NOT NULL
        )""",
        """CREATE VIRTUAL TABLE words USING fts5(
            prompt, text, tags, note,
            content='generations', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
        )""",
        """CREATE TRIGGER words_of_added AFTER INSERT ON generations BEGIN
            INSERT INTO words (rowid, prompt, text, tags, note)
            VALUES (new.id, new.prompt, new.text, new.tags, new.note);
        END""",
        """CREATE TRIGGER words_of_removed AFTER DELETE ON generations BEGIN
            INSERT INTO words (words, rowid, prompt, text, tags, note)
            VALUES ('delete', old.id, old.prompt, old.text, old.tags, old.note);
        END""",
        """CREATE TRIGGER words_of_changed AFTER UPDATE ON generations BEGIN
            INSERT INTO words (words, rowid, prompt, text, tags, note)
            VALUES ('delete', old.id, old.prompt, old.text, old.tags, old.note);
            INSERT INTO words (rowid, prompt, text, tags, note)
            VALUES (new.id, new.prompt, new.text, new.tags, new.note);
        END""",
    ),
    ("ALTER TABLE generations ADD COLUMN changes TEXT NOT NULL DEFAULT '[]'",),  # JSON
    (  # several stop strings, as sampling.config.parse_stops reads them
        r"""UPDATE generations SET stop =
            replace(replace(replace(stop, '\', '\\'), char(10), '\n'), char(9), '\t')
            WHERE stop != ''""",
    ),
)
