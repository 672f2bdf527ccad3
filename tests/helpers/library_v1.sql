-- A library as the first version made it, with two generations.
PRAGMA application_id = 1282371437;
CREATE TABLE generations (
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
);
CREATE VIRTUAL TABLE words USING fts5(
    prompt, text, tags, note,
    content='generations', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER words_of_added AFTER INSERT ON generations BEGIN
    INSERT INTO words (rowid, prompt, text, tags, note)
    VALUES (new.id, new.prompt, new.text, new.tags, new.note);
END;
CREATE TRIGGER words_of_removed AFTER DELETE ON generations BEGIN
    INSERT INTO words (words, rowid, prompt, text, tags, note)
    VALUES ('delete', old.id, old.prompt, old.text, old.tags, old.note);
END;
CREATE TRIGGER words_of_changed AFTER UPDATE ON generations BEGIN
    INSERT INTO words (words, rowid, prompt, text, tags, note)
    VALUES ('delete', old.id, old.prompt, old.text, old.tags, old.note);
    INSERT INTO words (rowid, prompt, text, tags, note)
    VALUES (new.id, new.prompt, new.text, new.tags, new.note);
END;
PRAGMA user_version = 1;
INSERT INTO generations VALUES (
    3, '2026-01-02T03:04:05+00:00', 'creature', 4210, 'abababababababababababababababababababababababababababababababab',
    0.8, 40, 1.0, 500, '', 7, 1840.5, NULL, 0, '', '', 'You will rejoice to hear', ' of the ice'
);
INSERT INTO generations VALUES (
    5, '2026-01-02T03:04:05+00:00', 'creature', 4210, 'abababababababababababababababababababababababababababababababab',
    0.5, 0, 0.9, 500, '\n|' || char(10, 9), 8, 1840.5, 1.5, 1, 'gothic,sea', 'Mark this.', 'You will rejoice to hear', ' of the sledge'
);
