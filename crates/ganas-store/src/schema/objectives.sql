-- What each trial reaches in each of several objectives; nothing for runs that are searched on one metric.
-- Added within format 1, so studies of the same format may lack this table; a version of ganas that does not know it
-- ignores it.
CREATE TABLE IF NOT EXISTS objectives (
    run INTEGER NOT NULL REFERENCES runs,
    number INTEGER NOT NULL,        -- of the trial
    position INTEGER NOT NULL,      -- of the objective in the spec of the run
    measured REAL NOT NULL,         -- as it was measured, whichever values are better
    PRIMARY KEY (run, number, position)
) STRICT, WITHOUT ROWID;
