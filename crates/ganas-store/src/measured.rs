//! What was measured of the theory in each round: beside the record, which is the same without it.
//!
//! The table is made when something is measured, so that studies of runs that are not measured stay as they are.

use ganas_search::Event;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::checksum::{StudyId, Table};
use crate::error::Fault;
use crate::event_values::EventValues;
use crate::read::EventRow;
use crate::{RunId, RunSummary, StoreError, Study};

const NAME: &str = "measured";

const MEASURED: Table = Table {
    name: NAME,
    rows: NAME,
    columns: &["run", "number", "round", "kind", "measured"],
    n_keys: 2,
};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS measured (
        run INTEGER NOT NULL REFERENCES runs,
        number INTEGER NOT NULL,        -- within the run, from 0
        round INTEGER NOT NULL,
        kind TEXT NOT NULL,
        measured TEXT NOT NULL,         -- JSON object in the order of measurement
        checksum INTEGER NOT NULL,
        PRIMARY KEY (run, number)
    ) STRICT, WITHOUT ROWID;";

/// Whether the study has anything that was measured.
fn exists(connection: &Connection) -> rusqlite::Result<bool> {
    connection.table_exists(None, NAME)
}

/// Keeps what was measured in a round.
pub(crate) fn insert(
    connection: &Connection,
    id: StudyId,
    (run, round): (RunId, u32),
    measured: &[Event],
) -> Result<(), Fault> {
    if measured.is_empty() {
        return Ok(());
    }
    connection.execute_batch(TABLE)?;
    let first: i64 = connection
        .prepare_cached("SELECT count(*) FROM measured WHERE run = ?1")?
        .query_row([run.0], |row| row.get(0))?;
    let mut statement = MEASURED.insert(connection)?;
    for (number, event) in (first..).zip(measured) {
        let values = EventValues(event.values.clone());
        let text = serde_json::to_string(&values).map_err(|source| StoreError::Encoding {
            what: "a measurement",
            source,
        })?;
        let values = [
            Value::Integer(run.0),
            Value::Integer(number),
            Value::Integer(round.into()),
            Value::Text(event.kind.clone()),
            Value::Text(text),
        ];
        id.insert(&MEASURED, &mut statement, &values, &[])?;
    }
    Ok(())
}

/// Removes what was measured in the rounds of a run from this one on.
pub(crate) fn truncate(connection: &Connection, run: RunId, rounds: u32) -> rusqlite::Result<()> {
    if exists(connection)? {
        connection
            .prepare_cached("DELETE FROM measured WHERE run = ?1 AND round >= ?2")?
            .execute((run.0, rounds))?;
    }
    Ok(())
}

impl Study {
    /// What was measured of the theory in the rounds of a run, in order; nothing for a run that is not measured. It is no
    /// part of the record.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRun`], [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn measured(&self, run: RunId) -> Result<Vec<EventRow>, StoreError> {
        self.read("read what was measured", |tx| {
            let run = self.find_run(tx, run)?;
            if !exists(tx)? {
                return Ok(Vec::new());
            }
            let mut statement = tx.prepare(&MEASURED.select("WHERE run = ?1 ORDER BY number"))?;
            let mut rows = statement.query([run.id.0])?;
            let mut all: Vec<EventRow> = Vec::new();
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(1)?;
                let what = || format!("the measurement {number} of {}", run.describe());
                self.verify(&MEASURED, row, &[], what)?;
                if usize::try_from(number).ok() != Some(all.len()) {
                    return Err(self.missing(&run, all.len()).into());
                }
                let text: String = row.get(4)?;
                let EventValues(values) =
                    serde_json::from_str(&text).map_err(|error| self.damaged(what(), error))?;
                let (round, kind) = (row.get(2)?, row.get(3)?);
                all.push(EventRow {
                    round,
                    event: Event { kind, values },
                });
            }
            Ok(all)
        })
    }

    fn missing(&self, run: &RunSummary, number: usize) -> StoreError {
        let what = format!("the measurement {number} of {}", run.describe());
        self.damaged(what, "it is missing")
    }
}
