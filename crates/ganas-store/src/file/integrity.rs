//! Whether a database is whole and holds nothing but a study, before anything is read from it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::{StoreError, schema};

/// Checks pages, references between rows, and that nothing is there that no study has.
pub(super) fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let wrong = find_wrong(connection);
    match wrong.map_err(|e| StoreError::from_sqlite(path, "check the file", e))? {
        None => Ok(()),
        Some((what, reason)) => Err(StoreError::Damaged {
            path: path.to_owned(),
            what,
            reason,
        }),
    }
}

fn find_wrong(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    if let Some(object) = schema::unexpected_object(connection)? {
        let reason = "no study has it, so something else has written to the file".to_owned();
        return Ok(Some((object, reason)));
    }
    let pages: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if pages != "ok" {
        return Ok(Some(("its pages".to_owned(), pages)));
    }
    let reference = connection
        .query_row("PRAGMA foreign_key_check", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    Ok(reference.map(|(table, parent)| {
        (
            format!("a row of its table `{table}`"),
            format!("the row in `{parent}` that it belongs to is missing"),
        )
    }))
}
