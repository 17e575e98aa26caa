//! What earlier formats kept, made into what is kept today.

use ganas_search::RunSpec;
use rusqlite::{Connection, OptionalExtension as _};

use crate::checksum::{
    self, CHECKPOINTS, COLLECTIONS, EVALUATIONS, EVALUATORS, RUNS, StudyId, Table, UNFINISHED,
};
use crate::error::Fault;
use crate::spec_hash::{SpecText, sha256};
use crate::state::StoredState;

/// The tables of format 2 whose rows are taken over.
pub(crate) const TABLES: [&Table; 3] = [&UNFINISHED, &COLLECTIONS, &EVALUATIONS];

/// Trials as they were before format 4.
pub(super) const TRIALS: Table = Table {
    rows: "trials",
    ..checksum::TRIALS
};

/// Evaluations as they were in format 3.
const OUTCOMES: Table = Table {
    rows: "outcomes",
    ..checksum::OUTCOMES
};

/// What rows are read from before format 4: the tables themselves.
pub(super) const VIEWS: &str = "
    CREATE TEMP VIEW trial_rows AS SELECT * FROM trials;
    CREATE TEMP VIEW proposal_rows AS SELECT * FROM proposals;
    CREATE TEMP VIEW outcome_rows AS SELECT * FROM outcomes;
    CREATE TEMP VIEW circumstance_rows AS SELECT * FROM circumstances;
    CREATE TEMP VIEW curve_rows AS SELECT * FROM curves;";

/// Takes over what formats 1 and 2 kept: evaluations, whose tables are removed, and runs, which are found again by what
/// names them today.
pub(super) fn take_over(connection: &Connection, id: StudyId) -> Result<(), Fault> {
    take_evaluations(connection)?;
    name_runs(connection)?;
    wrap_checkpoints(connection)?;
    for table in [&RUNS, &CHECKPOINTS, &EVALUATORS, &OUTCOMES] {
        id.seal_all(connection, table, |_| Ok(Vec::new()))?;
    }
    Ok(())
}

/// Fails when a key is none, so that its row could not be taken over.
pub(super) fn check_keys(connection: &Connection) -> Result<(), Fault> {
    for table in ["trials", "proposals", "outcomes", "circumstances"] {
        let sql = format!(
            "SELECT key FROM {table} WHERE unhex(key) IS NULL OR length(key) <> 32 LIMIT 1"
        );
        let wrong: Option<String> = connection
            .query_row(&sql, [], |row| row.get(0))
            .optional()?;
        if let Some(key) = wrong {
            return Err(Fault::Row {
                what: format!("the row of {table} with the key `{key}`"),
                reason: "a key has 32 hexadecimal digits".to_owned(),
            });
        }
    }
    Ok(())
}

fn take_evaluations(connection: &Connection) -> Result<(), Fault> {
    let exists = |table: &str| connection.table_exists(None, table);
    if exists("unfinished")? {
        connection.execute_batch(
            "INSERT INTO evaluators
                 SELECT coalesce((SELECT max(evaluator) FROM evaluators), 0) + row_number() OVER (),
                        space, table_sha256, '{}', '', 0, 0
                 FROM (SELECT DISTINCT space, table_sha256 FROM runs JOIN unfinished USING (run));
             INSERT OR IGNORE INTO outcomes
                 SELECT e.evaluator, u.key, -1, NULL, u.run,
                        CASE WHEN u.reason IS NULL
                             THEN json_object(r.report_metric, u.report, r.search_metric, u.search) END,
                        u.reason, '{}', NULL, 0, 0, 0
                 FROM unfinished u JOIN runs r USING (run)
                 JOIN evaluators e ON e.space = r.space AND e.identity = r.table_sha256;
             DROP TABLE unfinished",
        )?;
    }
    if exists("collections")? {
        connection.execute_batch(
            "INSERT OR IGNORE INTO evaluators
                 SELECT coalesce((SELECT max(evaluator) FROM evaluators), 0) + row_number() OVER (),
                        space, evaluator, '{}', description, session, 0
                 FROM collections;
             INSERT OR IGNORE INTO outcomes
                 SELECT e.evaluator, v.key, v.seed, NULL, NULL, v.metrics, v.reason, '{}', NULL, 0, 0, 0
                 FROM evaluations v JOIN collections c USING (collection)
                 JOIN evaluators e ON e.space = c.space AND e.identity = c.evaluator;
             DROP TABLE evaluations;
             DROP TABLE collections",
        )?;
    }
    Ok(())
}

/// Gives the runs their names of today, in which the budget has no part. Of several that differ in their budgets alone, the
/// one with the largest is the one that can be continued; the others keep their names.
fn name_runs(connection: &Connection) -> Result<(), Fault> {
    let mut select = connection.prepare("SELECT run, spec FROM runs ORDER BY budget DESC, run")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let runs: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    for (run, spec) in runs {
        // A spec that nobody can read is an error for whoever reads the run.
        let Ok(spec) = serde_json::from_str::<RunSpec>(&spec) else {
            continue;
        };
        let text = SpecText::new(&spec)?;
        connection.execute(
            "UPDATE runs SET experiment = ?2 WHERE run = ?1",
            (run, &text.experiment),
        )?;
        connection.execute(
            "UPDATE OR IGNORE runs SET name = ?2 WHERE run = ?1",
            (run, &text.name),
        )?;
    }
    Ok(())
}

/// Puts what searchers wrote into the form of today; nothing was pending between two rounds.
fn wrap_checkpoints(connection: &Connection) -> Result<(), Fault> {
    let mut select = connection.prepare("SELECT run, sha256, state FROM checkpoints")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let checkpoints: Vec<(i64, String, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    for (run, expected, state) in checkpoints {
        // One that is damaged stays so, for whoever resumes the run.
        if sha256(&state) != expected {
            continue;
        }
        let state = StoredState::of_searcher(state).encode();
        connection.execute(
            "UPDATE checkpoints SET sha256 = ?2, state = ?3 WHERE run = ?1",
            (run, sha256(&state), state),
        )?;
    }
    Ok(())
}
