-- What format 3 has more than format 2; it takes the place of the tables `unfinished`, `collections` and `evaluations`.

-- Who evaluates, in which space, and how thoroughly.
CREATE TABLE evaluators (
    evaluator INTEGER PRIMARY KEY,
    space TEXT NOT NULL,
    identity TEXT NOT NULL,         -- the sha256 of what the evaluator is
    fidelity TEXT NOT NULL,         -- JSON object from names to numbers, such as {"epochs":12.0}
    description TEXT NOT NULL,      -- of the evaluator, for people
    session INTEGER NOT NULL,       -- counts the processes that collected for a table; the last one owns it
    checksum INTEGER NOT NULL,
    UNIQUE (space, identity, fidelity)
) STRICT;

-- Every evaluation that ended, whatever asked for it.
CREATE TABLE outcomes (
    evaluator INTEGER NOT NULL REFERENCES evaluators,
    key TEXT NOT NULL,              -- of the class, 32 hexadecimal digits
    seed INTEGER NOT NULL,          -- of the training; -1 for the one that follows from the class
    arch TEXT,                      -- as it was asked for; older studies do not have it
    run INTEGER,                    -- that asked for it; nothing for a table, and a list of architectures
    metrics TEXT,                   -- JSON object from names to numbers
    reason TEXT,                    -- why there are none
    cost TEXT NOT NULL,             -- JSON object from names to numbers
    artifact TEXT,                  -- where the worker left what it made
    attempts INTEGER NOT NULL,      -- 0 when that is not known
    timed INTEGER NOT NULL,         -- 1 when the next table has its circumstances
    checksum INTEGER NOT NULL,
    CHECK ((metrics IS NULL) = (reason IS NOT NULL)),
    PRIMARY KEY (evaluator, key, seed)
) STRICT, WITHOUT ROWID;

CREATE INDEX outcomes_by_run ON outcomes (run);

-- What of an evaluation depends on time and place.
CREATE TABLE circumstances (
    evaluator INTEGER NOT NULL REFERENCES evaluators,
    key TEXT NOT NULL,
    seed INTEGER NOT NULL,
    host TEXT NOT NULL,
    worker INTEGER NOT NULL,
    queued REAL NOT NULL,           -- Unix seconds, as the next two
    started REAL NOT NULL,
    ended REAL NOT NULL,
    log TEXT NOT NULL,              -- the file with what the worker printed
    checksum INTEGER NOT NULL,
    PRIMARY KEY (evaluator, key, seed)
) STRICT, WITHOUT ROWID;

-- What has been proposed for evaluation and is not a trial yet, while a run with costly evaluations goes on.
CREATE TABLE proposals (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,        -- that the trial will have
    arch TEXT NOT NULL,
    key TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- What a costly run is evaluated by, so that its trials can be found among the outcomes.
CREATE TABLE sources (
    run INTEGER PRIMARY KEY REFERENCES runs,
    evaluator INTEGER NOT NULL REFERENCES evaluators,
    checksum INTEGER NOT NULL
) STRICT;

-- Why a run ended, where `stop` of `runs` does not know the reason.
CREATE TABLE endings (
    run INTEGER PRIMARY KEY REFERENCES runs,
    ending TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

-- What a trial is beside its metrics: nothing for one that satisfies all bounds on what was measured, and was evaluated
-- with the only fidelity. The checksum of a trial is over it as well.
CREATE TABLE standings (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    violation REAL NOT NULL,        -- by how much it misses bounds, relative to them
    missing INTEGER NOT NULL,       -- how many higher fidelities it was not evaluated with
    lower TEXT NOT NULL,            -- JSON array: the search metric with each lower fidelity, the lowest first
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- What the processes that work on the study are at, for display alone: it may be out of date, and has no checksum.
CREATE TABLE activity (
    process TEXT PRIMARY KEY,
    updated REAL NOT NULL,          -- Unix seconds
    state TEXT NOT NULL             -- JSON
) STRICT;
