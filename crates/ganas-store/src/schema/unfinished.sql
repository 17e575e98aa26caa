-- Finished evaluations of a round that is not finished: what a killed process has paid for already.
-- Emptied with every round. A version of ganas that does not know the table ignores it.
CREATE TABLE IF NOT EXISTS unfinished (
    run INTEGER NOT NULL REFERENCES runs,
    key TEXT NOT NULL,              -- 32 hexadecimal digits
    search REAL CHECK ((search IS NULL) = (report IS NULL)),
    report REAL,
    reason TEXT CHECK ((reason IS NULL) = (search IS NOT NULL)),
    further TEXT,                   -- JSON array of metrics that were asked for beside these; older studies lack it
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
