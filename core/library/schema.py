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
    (
        "DROP TRIGGER words_of_added",
        "DROP TRIGGER words_of_removed",
        "DROP TRIGGER words_of_changed",
        "DROP TABLE words",
        # What the search looks in, see core.library.search; searched_text is a function of ours.
        "ALTER TABLE generations ADD COLUMN folded TEXT NOT NULL DEFAULT ''",
        "UPDATE generations SET folded = searched_text(prompt, text, tags, note)",
        """CREATE VIRTUAL TABLE trigrams USING fts5(
            folded, content='generations', content_rowid='id', tokenize='trigram case_sensitive 1'
        )""",
        "INSERT INTO trigrams (trigrams) VALUES ('rebuild')",
        """CREATE TRIGGER trigrams_of_added AFTER INSERT ON generations BEGIN
            INSERT INTO trigrams (rowid, folded) VALUES (new.id, new.folded);
        END""",
        """CREATE TRIGGER trigrams_of_removed AFTER DELETE ON generations BEGIN
            INSERT INTO trigrams (trigrams, rowid, folded) VALUES ('delete', old.id, old.folded);
        END""",
        """CREATE TRIGGER trigrams_of_changed AFTER UPDATE OF folded ON generations BEGIN
            INSERT INTO trigrams (trigrams, rowid, folded) VALUES ('delete', old.id, old.folded);
            INSERT INTO trigrams (rowid, folded) VALUES (new.id, new.folded);
        END""",
    ),
    ("ALTER TABLE generations ADD COLUMN min_p REAL NOT NULL DEFAULT 0",),
    ("ALTER TABLE generations ADD COLUMN context TEXT NOT NULL DEFAULT ''",),
    (
        "ALTER TABLE generations ADD COLUMN keep_stop INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE generations ADD COLUMN until TEXT NOT NULL DEFAULT ''",
    ),
    ("ALTER TABLE generations ADD COLUMN words TEXT NOT NULL DEFAULT 'any'",),
    ("ALTER TABLE generations ADD COLUMN choices TEXT NOT NULL DEFAULT '[]'",),  # JSON
)
