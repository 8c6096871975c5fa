-- What is known of each content besides its bytes. Kept apart from them so that the least recently used are found in few pages, and
-- noting a use rewrites none of the bytes.
CREATE TABLE contents (
    no INTEGER PRIMARY KEY,
    version TEXT NOT NULL,
    checksum TEXT NOT NULL,
    maker TEXT NOT NULL,
    kind INTEGER NOT NULL,      -- 0 bytes, 1 text, 2 the reason why there is none
    is_packed INTEGER NOT NULL, -- whether the bytes are deflated
    length INTEGER NOT NULL,    -- bytes when unpacked
    crc INTEGER NOT NULL,       -- of the unpacked bytes
    size INTEGER NOT NULL,      -- bytes that it counts for
    used INTEGER NOT NULL       -- tally.added when it was last known to be used
) STRICT;
CREATE UNIQUE INDEX contents_identity ON contents (version, checksum, maker);
CREATE INDEX contents_oldest ON contents (used, no, size);

CREATE TABLE bodies (no INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- One row: bytes that there are, and bytes that were ever added. The second is the clock by which uses are told apart.
CREATE TABLE tally (bytes INTEGER NOT NULL, added INTEGER NOT NULL) STRICT;
INSERT INTO tally VALUES (0, 0);
CREATE TRIGGER contents_added AFTER INSERT ON contents BEGIN
    UPDATE tally SET bytes = bytes + new.size, added = added + new.size;
END;
CREATE TRIGGER contents_gone AFTER DELETE ON contents BEGIN
    DELETE FROM bodies WHERE no = old.no;
    UPDATE tally SET bytes = bytes - old.size;
END;
