-- Rows with the key and the text of their class, as their checksums are over them. Each connection has these views for
-- itself; LEFT JOIN keeps the order of the first table.

CREATE TEMP VIEW trial_rows AS
    SELECT t.run, t.number, t.round, coalesce(t.arch, c.arch) AS arch, lower(hex(c.key)) AS key, t.repeat, t.state,
           t.search, t.report, t.reason, t.checksum
    FROM trials t LEFT JOIN classes c USING (class);

CREATE TEMP VIEW proposal_rows AS
    SELECT p.run, p.number, coalesce(p.arch, c.arch) AS arch, lower(hex(c.key)) AS key, p.checksum
    FROM proposals p LEFT JOIN classes c USING (class);

CREATE TEMP VIEW outcome_rows AS
    SELECT o.evaluator, o.class, lower(hex(c.key)) AS key, o.seed, nullif(coalesce(o.arch, c.arch), '') AS arch, o.run,
           o.metrics, o.reason, o.cost, o.artifact, o.attempts, o.timed, o.checksum
    FROM outcomes o LEFT JOIN classes c USING (class);

CREATE TEMP VIEW circumstance_rows AS
    SELECT a.evaluator, a.class, lower(hex(c.key)) AS key, a.seed, a.host, a.worker, a.queued, a.started, a.ended, a.log,
           a.checksum
    FROM circumstances a LEFT JOIN classes c USING (class);

CREATE TEMP VIEW curve_rows AS
    SELECT v.evaluator, v.class, lower(hex(c.key)) AS key, v.seed, v.run, v.stopped, v.told, v.checksum
    FROM curves v LEFT JOIN classes c USING (class);
