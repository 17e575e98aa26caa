-- What format 4 has otherwise than format 3: the key and the text of an architecture stand in one table, and others name its
-- class by a number. The checksums of rows are over the key and the text all the same, as views.sql puts them together.

-- The classes of architectures that the study names, each with the text by which it was named first.
CREATE TABLE classes (
    class INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 16),
    arch TEXT NOT NULL              -- empty when only the key is known, as of evaluations of format 2
) STRICT;

INSERT INTO classes (key, arch) SELECT unhex(key), arch FROM trials WHERE TRUE ORDER BY run, number
    ON CONFLICT (key) DO NOTHING;
INSERT INTO classes (key, arch) SELECT unhex(key), arch FROM proposals WHERE TRUE ORDER BY run, number
    ON CONFLICT (key) DO NOTHING;
INSERT INTO classes (key, arch) SELECT unhex(key), coalesce(arch, '') FROM outcomes WHERE TRUE
    ON CONFLICT (key) DO NOTHING;

CREATE TABLE trials_by_class (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    round INTEGER NOT NULL,
    class INTEGER NOT NULL REFERENCES classes,
    arch TEXT,                      -- as it was proposed, where that is not the text of the class
    repeat INTEGER NOT NULL CHECK (repeat IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('completed', 'failed', 'stopped')),
    search REAL CHECK ((search IS NOT NULL) = (state = 'completed')),
    report REAL CHECK ((report IS NOT NULL) = (state = 'completed')),
    reason TEXT CHECK ((reason IS NOT NULL) = (state = 'failed')),
    checksum INTEGER,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

INSERT INTO trials_by_class
    SELECT run, number, round, class, nullif(t.arch, c.arch), repeat, state, search, report, reason, checksum
    FROM trials t JOIN classes c ON c.key = unhex(t.key);
DROP TABLE trials;
ALTER TABLE trials_by_class RENAME TO trials;

CREATE TABLE proposals_by_class (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    class INTEGER NOT NULL REFERENCES classes,
    arch TEXT,                      -- as of trials
    checksum INTEGER NOT NULL,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

INSERT INTO proposals_by_class
    SELECT run, number, class, nullif(p.arch, c.arch), checksum
    FROM proposals p JOIN classes c ON c.key = unhex(p.key);
DROP TABLE proposals;
ALTER TABLE proposals_by_class RENAME TO proposals;

CREATE TABLE outcomes_by_class (
    evaluator INTEGER NOT NULL REFERENCES evaluators,
    class INTEGER NOT NULL REFERENCES classes,
    seed INTEGER NOT NULL,
    arch TEXT,                      -- as it was asked for, where that is not the text of the class; empty when that is not known
    run INTEGER,
    metrics TEXT,
    reason TEXT,
    cost TEXT NOT NULL,
    artifact TEXT,
    attempts INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    CHECK ((metrics IS NULL) = (reason IS NOT NULL)),
    PRIMARY KEY (evaluator, class, seed)
) STRICT, WITHOUT ROWID;

INSERT INTO outcomes_by_class
    SELECT evaluator, class, seed, nullif(coalesce(o.arch, ''), c.arch), run, metrics, reason, cost, artifact, attempts,
           timed, checksum
    FROM outcomes o JOIN classes c ON c.key = unhex(o.key) ORDER BY evaluator, class, seed;
DROP TABLE outcomes;
ALTER TABLE outcomes_by_class RENAME TO outcomes;

CREATE TABLE circumstances_by_class (
    evaluator INTEGER NOT NULL REFERENCES evaluators,
    class INTEGER NOT NULL REFERENCES classes,
    seed INTEGER NOT NULL,
    host TEXT NOT NULL,
    worker INTEGER NOT NULL,
    queued REAL NOT NULL,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    log TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (evaluator, class, seed)
) STRICT, WITHOUT ROWID;

-- What is not of an outcome is of a failure that was forgotten.
INSERT INTO circumstances_by_class
    SELECT evaluator, class, seed, host, worker, queued, started, ended, log, checksum
    FROM circumstances a JOIN classes c ON c.key = unhex(a.key) ORDER BY evaluator, class, seed;
DROP TABLE circumstances;
ALTER TABLE circumstances_by_class RENAME TO circumstances;

-- What an evaluation told of each step of its training.
CREATE TABLE curves (
    evaluator INTEGER NOT NULL REFERENCES evaluators,
    class INTEGER NOT NULL REFERENCES classes,
    seed INTEGER NOT NULL,
    run INTEGER,                    -- that asked for it
    stopped INTEGER NOT NULL CHECK (stopped IN (0, 1)), -- 1 when it was stopped after the last of them
    told TEXT NOT NULL,             -- JSON object from names of metrics to arrays of [step, value], in the order of telling
    checksum INTEGER NOT NULL,
    PRIMARY KEY (evaluator, class, seed)
) STRICT, WITHOUT ROWID;

-- At which step a trial was stopped, and the value of the search metric there. The checksum of a trial is over it as well.
CREATE TABLE stops (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
