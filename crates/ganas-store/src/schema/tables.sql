-- Format 1 of a study; schema/mod.rs makes it into today's. `application_id` and `user_version` are set in the same transaction.
-- The table of unfinished rounds stands in unfinished.sql: studies of the same format may lack it.

CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,      -- the first 16 hexadecimal digits of the sha256 of `spec`
    experiment TEXT NOT NULL,       -- the sha256 of the spec without version, device and seed
    space TEXT NOT NULL,
    table_sha256 TEXT NOT NULL,
    search_metric TEXT NOT NULL,
    report_metric TEXT NOT NULL,
    protocol TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    config TEXT NOT NULL,           -- JSON
    budget INTEGER NOT NULL,
    seed TEXT NOT NULL,             -- decimal: seeds have 64 bits without a sign
    version TEXT NOT NULL,
    device TEXT NOT NULL,
    spec TEXT NOT NULL,             -- JSON of all of the above
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'interrupted')),
    stop TEXT CHECK (stop IN ('budget_spent', 'space_exhausted', 'only_repeats', 'interrupted')),
    rounds INTEGER NOT NULL DEFAULT 0,
    raw_queries INTEGER NOT NULL DEFAULT 0,
    unique_queries INTEGER NOT NULL DEFAULT 0,
    failed_queries INTEGER NOT NULL DEFAULT 0,
    wall_s REAL NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX runs_by_experiment ON runs (experiment, seed);

-- One row for each time that a process worked on a run. The last one owns the run.
CREATE TABLE sessions (
    run INTEGER NOT NULL REFERENCES runs,
    session INTEGER NOT NULL,
    started_at INTEGER NOT NULL,    -- Unix seconds
    version TEXT NOT NULL,
    device TEXT NOT NULL,
    pid INTEGER NOT NULL,
    PRIMARY KEY (run, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE trials (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    round INTEGER NOT NULL,
    arch TEXT NOT NULL,
    key TEXT NOT NULL,              -- 32 hexadecimal digits
    repeat INTEGER NOT NULL CHECK (repeat IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('completed', 'failed')),
    search REAL CHECK ((search IS NOT NULL) = (state = 'completed')),
    report REAL CHECK ((report IS NOT NULL) = (state = 'completed')),
    reason TEXT CHECK ((reason IS NOT NULL) = (state = 'failed')),
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs,
    round INTEGER NOT NULL,
    position INTEGER NOT NULL,      -- within the round
    kind TEXT NOT NULL,
    measured TEXT NOT NULL,         -- JSON object in the order of measurement
    PRIMARY KEY (run, round, position)
) STRICT, WITHOUT ROWID;

-- The state of the searcher after the last round of each unfinished run.
CREATE TABLE checkpoints (
    run INTEGER PRIMARY KEY REFERENCES runs,
    round INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    state BLOB NOT NULL
) STRICT;
