-- Lists of access tokens that documents carry, each kept once per index however many documents carry it.
CREATE TABLE lists (
    no INTEGER PRIMARY KEY,
    index_name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE -- of the index and the tokens
) STRICT;
CREATE TABLE listed (
    token TEXT NOT NULL,
    list INTEGER NOT NULL,
    PRIMARY KEY (token, list)
) STRICT, WITHOUT ROWID;

-- What is looked up of access documents.
CREATE TABLE users (
    no INTEGER PRIMARY KEY,   -- of the access document
    index_name TEXT NOT NULL, -- that is searched, not that of the access document
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT COLLATE NOCASE,
    sought TEXT NOT NULL      -- name, e-mail and id, in small letters, with a space before each word; also their order
) STRICT;
CREATE INDEX users_id ON users (id);
CREATE INDEX users_email ON users (email);
CREATE INDEX users_order ON users (index_name, sought);
CREATE TRIGGER users_gone AFTER DELETE ON documents WHEN old.index_name GLOB '.search-acl-filter-*' BEGIN
    DELETE FROM users WHERE no = old.no;
END;
