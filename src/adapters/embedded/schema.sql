-- What the engine knows of a document besides its text. Kept apart from the bodies so that filters and facets read few pages.
CREATE TABLE documents (
    no INTEGER PRIMARY KEY,
    index_name TEXT NOT NULL,
    id TEXT NOT NULL,
    connector TEXT NOT NULL,
    run TEXT NOT NULL,        -- the last run that met it
    kind TEXT NOT NULL,       -- attributes.type, or content_document
    title TEXT NOT NULL,
    url TEXT,
    modified TEXT,            -- 2024-06-20T02:03:52Z
    readers INTEGER           -- the list of its tokens, in `lists`; without one, nobody finds it who searches as a user
) STRICT;
CREATE UNIQUE INDEX documents_identity ON documents (index_name, id);
CREATE INDEX documents_kind ON documents (index_name, kind, readers); -- counts, of all and of what a user sees, read nothing else
CREATE INDEX documents_newest ON documents (index_name, modified);

-- The JSON, byte for byte.
CREATE TABLE bodies (no INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;

-- The words of each document, and their index. The index unlearns a text by being shown it again, so the text is kept, and triggers
-- see to it that the two never part.
CREATE TABLE texts (no INTEGER PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE words USING fts5 (
    title, text,
    content = 'texts', content_rowid = 'no', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO words (words, rank) VALUES ('rank', 'bm25(8.0, 1.0)');
INSERT INTO words (words, rank) VALUES ('hashsize', 8388608); -- bytes: a batch becomes one segment
INSERT INTO words (words, rank) VALUES ('automerge', 8); -- segments; a fifth less work than with 4, and searches are as fast
CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN
    INSERT INTO words (rowid, title, text) VALUES (new.no, new.title, new.text);
END;
CREATE TRIGGER texts_changed AFTER UPDATE ON texts BEGIN
    INSERT INTO words (words, rowid, title, text) VALUES ('delete', old.no, old.title, old.text);
    INSERT INTO words (rowid, title, text) VALUES (new.no, new.title, new.text);
END;
CREATE TRIGGER texts_gone AFTER DELETE ON texts BEGIN
    INSERT INTO words (words, rowid, title, text) VALUES ('delete', old.no, old.title, old.text);
END;

CREATE TRIGGER documents_gone AFTER DELETE ON documents BEGIN
    DELETE FROM texts WHERE no = old.no;
    DELETE FROM bodies WHERE no = old.no;
END;

CREATE TABLE checkpoints (
    connector TEXT NOT NULL,
    kind TEXT NOT NULL,       -- full, incremental, access_control
    run TEXT NOT NULL,
    state TEXT NOT NULL,      -- JSON
    PRIMARY KEY (connector, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    no INTEGER PRIMARY KEY,   -- order of posting
    id TEXT NOT NULL UNIQUE,
    connector TEXT NOT NULL,
    index_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    created TEXT NOT NULL,
    claimed TEXT,
    seen TEXT,                -- last word on its progress
    ended TEXT,
    error TEXT,
    counts TEXT NOT NULL      -- JSON
) STRICT;
CREATE INDEX jobs_waiting ON jobs (no) WHERE status IN ('pending', 'suspended');
CREATE INDEX jobs_connector ON jobs (connector);

CREATE TABLE set_aside (
    no INTEGER PRIMARY KEY,
    connector TEXT NOT NULL,
    index_name TEXT NOT NULL,
    run TEXT NOT NULL,
    kind TEXT,                -- of the run, once it is known
    id TEXT NOT NULL,         -- empty when there is none
    what TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (connector, run, id, what, code, message)
) STRICT;
