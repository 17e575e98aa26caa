-- Evaluations for a table: every metric of every architecture and seed. Added within format 1, so studies of the same
-- format may lack these tables; a version of ganas that does not know them ignores them.
CREATE TABLE IF NOT EXISTS collections (
    collection INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    evaluator TEXT NOT NULL,        -- the sha256 of what the evaluator is
    description TEXT NOT NULL,      -- of the evaluator, for people
    session INTEGER NOT NULL,       -- counts the processes that worked on it; the last one owns it
    UNIQUE (space, evaluator)
) STRICT;

CREATE TABLE IF NOT EXISTS evaluations (
    collection INTEGER NOT NULL REFERENCES collections,
    key TEXT NOT NULL,              -- 32 hexadecimal digits
    seed INTEGER NOT NULL,
    metrics TEXT CHECK ((metrics IS NULL) = (reason IS NOT NULL)),  -- JSON object from names to numbers
    reason TEXT,
    PRIMARY KEY (collection, key, seed)
) STRICT, WITHOUT ROWID;
