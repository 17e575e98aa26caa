//! The tables of a study: making them, and making those of an earlier format into those of today.

mod earlier;

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction};

use crate::checksum::{CHECKPOINTS, ROUNDS, RUNS, Running, SESSIONS, StudyId, Table};
use crate::error::Fault;
use crate::mark::Mark;

/// The application id of a study: the bytes `gana`.
pub(crate) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"gana");

/// The format that this version reads and writes.
pub(crate) const FORMAT: u32 = 4;

/// The format without checksums: it is read, and made into today's before it is written.
pub(crate) const FORMAT_WITHOUT_CHECKSUMS: u32 = 1;

const TABLES: &str = include_str!("tables.sql");

/// The table that was added within format 1.
const OBJECTIVES_TABLE: &str = include_str!("objectives.sql");

/// The tables of format 2.
const STUDY_TABLES: &str = include_str!("study.sql");

/// The tables of format 3.
const OUTCOME_TABLES: &str = include_str!("outcomes.sql");

/// The tables of format 4, and what becomes of those of format 3.
const CLASS_TABLES: &str = include_str!("classes.sql");

/// What rows by class are read from.
const VIEWS: &str = include_str!("views.sql");

/// The first format whose rows name their class by a number.
pub(crate) const FORMAT_BY_CLASS: u32 = 4;

/// The columns of `runs` that format 2 has more.
const RUN_COLUMNS: &str = "
    ALTER TABLE runs ADD COLUMN sessions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN unchecked_rounds INTEGER NOT NULL DEFAULT 0;";

/// The tables that have the column `checksum` since format 2; the one of rounds is new with it.
const CHECKED: [&Table; 4] = [&RUNS, &SESSIONS, &earlier::TRIALS, &CHECKPOINTS];

#[cfg(test)]
pub(crate) use earlier::TABLES as EARLIER;

/// What a study consists of, and SQLite adds to it.
const OBJECTS: [(&str, &str); 25] = [
    ("table", "runs"),
    ("table", "sessions"),
    ("table", "trials"),
    ("table", "objectives"),
    ("table", "events"),
    ("table", "rounds"),
    ("table", "checkpoints"),
    ("table", "study"),
    ("table", "evaluators"),
    ("table", "outcomes"),
    ("table", "circumstances"),
    ("table", "proposals"),
    ("table", "sources"),
    ("table", "endings"),
    ("table", "standings"),
    ("table", "activity"),
    ("table", "classes"),
    ("table", "curves"),
    ("table", "stops"),
    ("table", "measured"),
    ("index", "runs_by_experiment"),
    ("index", "sqlite_autoindex_classes_1"),
    ("index", "sqlite_autoindex_runs_1"),
    ("index", "sqlite_autoindex_evaluators_1"),
    ("index", "sqlite_autoindex_activity_1"),
];

/// Objects of earlier formats, which are taken over.
const EARLIER_OBJECTS: [(&str, &str); 5] = [
    ("index", "outcomes_by_run"),
    ("table", "unfinished"),
    ("table", "collections"),
    ("table", "evaluations"),
    ("index", "sqlite_autoindex_collections_1"),
];

/// What `ANALYZE` leaves in a database.
const STATISTICS: &str = "sqlite_stat";

/// Makes the tables in an empty database.
pub(crate) fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    add_tables(transaction)?;
    put_by_class(transaction)?;
    Mark::new(transaction)?.write(transaction)
}

fn add_tables(connection: &Connection) -> rusqlite::Result<()> {
    if !connection.table_exists(None, "runs")? {
        connection.execute_batch(TABLES)?;
    }
    for tables in [OBJECTIVES_TABLE, STUDY_TABLES, RUN_COLUMNS] {
        connection.execute_batch(tables)?;
    }
    for table in CHECKED {
        let sql = format!("ALTER TABLE {} ADD COLUMN checksum INTEGER", table.name);
        connection.execute_batch(&sql)?;
    }
    add_outcome_tables(connection)
}

fn add_outcome_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(OUTCOME_TABLES)
}

/// Makes the tables of format 3 into those of format 4.
fn put_by_class(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CLASS_TABLES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)
}

/// Makes a study of an earlier format into one of today's.
///
/// The rows of format 1 get the checksums of what they are now, and each run remembers how many of its rounds were written
/// before. Rows of format 3 keep their checksums, which are over the same values.
pub(crate) fn migrate(transaction: &Transaction<'_>, format: u32) -> Result<(), Fault> {
    match format {
        FORMAT_WITHOUT_CHECKSUMS => {
            add_tables(transaction)?;
            let mark = Mark::new(transaction)?;
            mark.write(transaction)?;
            transaction.execute_batch(
                "UPDATE runs SET unchecked_rounds = rounds,
                     sessions = (SELECT count(*) FROM sessions WHERE sessions.run = runs.run)",
            )?;
            seal_everything(transaction, mark.id, &earlier::TRIALS)?;
            earlier::take_over(transaction, mark.id)?;
        }
        2 => {
            add_outcome_tables(transaction)?;
            let mark = Mark::read(transaction)?;
            let id = mark.ok_or(rusqlite::Error::QueryReturnedNoRows)?.id;
            // What gets another checksum below has to have the right one before.
            for table in [&[&RUNS, &CHECKPOINTS][..], &earlier::TABLES].concat() {
                if let Some(what) = id.find_wrong(transaction, table)? {
                    let reason = "its checksum is another than that of what is there".to_owned();
                    return Err(Fault::Row { what, reason });
                }
            }
            earlier::take_over(transaction, id)?;
        }
        _ => {}
    }
    earlier::check_keys(transaction)?;
    Ok(put_by_class(transaction)?)
}

/// Adds what rows are read from to a connection, of a study of this format.
pub(crate) fn add_views(connection: &Connection, format: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.execute_batch(if format < FORMAT_BY_CLASS {
        earlier::VIEWS
    } else {
        VIEWS
    })
}

/// Gives every row the checksum of what it is now.
fn seal_everything(connection: &Connection, id: StudyId, trials: &Table) -> Result<(), Fault> {
    for table in [&RUNS, &SESSIONS, trials, &CHECKPOINTS] {
        id.seal_all(connection, table, |key| {
            Ok(if table.name == trials.name {
                objectives(connection, key)?
            } else {
                Vec::new()
            })
        })?;
    }
    add_rounds(connection, id)
}

/// What a program would do that changes a study and knows of checksums.
#[cfg(test)]
pub(crate) fn reseal_everything(connection: &Connection, id: StudyId) -> Result<(), Fault> {
    connection.execute("DELETE FROM rounds", [])?;
    seal_everything(connection, id, &crate::checksum::TRIALS)
}

fn objectives(connection: &Connection, key: &[Value]) -> rusqlite::Result<Vec<f64>> {
    let mut statement = connection.prepare_cached(
        "SELECT measured FROM objectives WHERE run = ?1 AND number = ?2 ORDER BY position",
    )?;
    let rows = statement.query_map(rusqlite::params_from_iter(key), |row| row.get(0))?;
    rows.collect()
}

/// Counts what the rounds have that were written before there was a table of them.
fn add_rounds(connection: &Connection, id: StudyId) -> Result<(), Fault> {
    let mut insert = ROUNDS.insert(connection)?;
    for (run, rounds) in rounds_of_runs(connection)? {
        let mut trials: BTreeMap<u32, Running> = BTreeMap::new();
        each(
            connection,
            "SELECT round, checksum FROM trials WHERE run = ?1 ORDER BY number",
            run,
            |row| {
                trials.entry(row.get(0)?).or_default().add(row.get(1)?);
                Ok(())
            },
        )?;
        let mut events: BTreeMap<u32, Running> = BTreeMap::new();
        each(
            connection,
            "SELECT round, position, kind, measured FROM events WHERE run = ?1 ORDER BY round, position",
            run,
            |row| {
                let values = [row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?];
                events.entry(row.get(0)?).or_default().add_values(values);
                Ok(())
            },
        )?;
        for round in 0..rounds {
            let of_round =
                |all: &BTreeMap<u32, Running>| all.get(&round).copied().unwrap_or_default();
            let values = round_values(run, round, of_round(&trials), of_round(&events));
            id.insert(&ROUNDS, &mut insert, &values, &[])?;
        }
    }
    Ok(())
}

fn rounds_of_runs(connection: &Connection) -> rusqlite::Result<Vec<(i64, u32)>> {
    let mut runs = connection.prepare("SELECT run, rounds FROM runs")?;
    let rows = runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn each(
    connection: &Connection,
    sql: &str,
    run: i64,
    mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([run])?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

/// The row of a round.
pub(crate) fn round_values(run: i64, round: u32, trials: Running, events: Running) -> [Value; 6] {
    [
        run,
        round.into(),
        trials.n.into(),
        trials.crc.into(),
        events.n.into(),
        events.crc.into(),
    ]
    .map(Value::Integer)
}

/// Lets a study of format 1 be read like one of today's, without changing it: views of this connection only stand in
/// front of its tables. They have no checksums.
pub(crate) fn view_without_checksums(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP VIEW runs AS SELECT *, rounds AS unchecked_rounds, NULL AS checksum,
             (SELECT count(*) FROM main.sessions s WHERE s.run = r.run) AS sessions FROM main.runs r;
         CREATE TEMP VIEW sessions AS SELECT *, NULL AS checksum FROM main.sessions;
         CREATE TEMP VIEW trials AS SELECT *, NULL AS checksum FROM main.trials;",
    )?;
    if !connection.table_exists(Some("main"), "objectives")? {
        connection
            .execute_batch("CREATE TEMP TABLE objectives (run, number, position, measured)")?;
    }
    Ok(())
}

/// Lets a study of an earlier format be read like one of today's, without changing it: what it lacks is empty.
pub(crate) fn add_empty_tables(connection: &Connection, format: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.execute_batch(
        "CREATE TEMP TABLE curves (evaluator, key, seed, run, stopped, told, checksum);
         CREATE TEMP TABLE stops (run, number, step, value)",
    )?;
    if format == 3 {
        return Ok(());
    }
    connection.execute_batch(
        "CREATE TEMP TABLE evaluators (evaluator, space, identity, fidelity, description, session, checksum);
         CREATE TEMP TABLE outcomes
             (evaluator, key, seed, arch, run, metrics, reason, cost, artifact, attempts, timed, checksum);
         CREATE TEMP TABLE circumstances
             (evaluator, key, seed, host, worker, queued, started, ended, log, checksum);
         CREATE TEMP TABLE proposals (run, number, arch, key, checksum);
         CREATE TEMP TABLE sources (run, evaluator, checksum);
         CREATE TEMP TABLE endings (run, ending, checksum);
         CREATE TEMP TABLE standings (run, number, violation, missing, lower);
         CREATE TEMP TABLE activity (process, updated, state)",
    )
}

/// An object of the database that no study has.
pub(crate) fn unexpected_object(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare("SELECT type, name FROM sqlite_schema")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        let object = (&*kind, &*name);
        let known = OBJECTS.contains(&object)
            || EARLIER_OBJECTS.contains(&object)
            || name.starts_with(STATISTICS);
        if !known {
            return Ok(Some(format!("the {kind} `{name}`")));
        }
    }
    Ok(None)
}
