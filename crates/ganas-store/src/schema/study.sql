-- What format 2 has more than format 1; the tables of both have a column `checksum` more, see checksum.rs.

-- One row, which every transaction changes: the id of the study and the number of the transaction, see mark.rs.
CREATE TABLE study (
    study INTEGER PRIMARY KEY CHECK (study = 1),
    mark BLOB NOT NULL
) STRICT;

-- What each round has, so that a row that is missing is noticed.
CREATE TABLE rounds (
    run INTEGER NOT NULL REFERENCES runs,
    round INTEGER NOT NULL,
    trials INTEGER NOT NULL,        -- how many, and the checksum of their checksums
    trials_crc INTEGER NOT NULL,
    events INTEGER NOT NULL,        -- how many, and their checksum
    events_crc INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (run, round)
) STRICT, WITHOUT ROWID;
