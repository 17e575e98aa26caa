//! Finding an architecture in a table.

use ganas_eval::EvalError;
use ganas_space::{ArchKey, SearchSpace};
use ganas_table::{Answer, Row, Table};

use crate::Error;

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The row of the architecture itself; none, when only another one of its class is in the table.
    pub row: Option<Row>,
    /// The text of the architecture that was asked for.
    pub arch: String,
    /// Its class.
    pub key: ArchKey,
    /// What answers queries for the architecture: a row of its class, or the mean of all of them.
    pub answer: Answer,
}

impl Found {
    /// Finds an architecture by its text, by the number of its row, or by its key.
    ///
    /// # Errors
    ///
    /// The table has no such row or is damaged, or the text is none of these.
    pub fn find(table: &Table, space: &dyn SearchSpace, asked: &str) -> Result<Self, Error> {
        let missing = |arch: &str| EvalError::MissingArch {
            arch: arch.to_owned(),
        };
        if let Ok(key) = asked.parse::<ArchKey>() {
            let row = table.row_of(key).ok_or_else(|| missing(asked))?;
            return Self::of_row(table, row)?.ok_or_else(|| missing(asked).into());
        }
        if !asked.is_empty() && asked.bytes().all(|b| b.is_ascii_digit()) {
            let row = asked.parse().ok().and_then(|index| table.row(index));
            let found = row.map(|row| Self::of_row(table, row)).transpose()?;
            return match found.flatten() {
                Some(found) => Ok(found),
                None => Err(Error::Usage(format!(
                    "the table has no row {asked}: expected a number below {}",
                    table.n_rows()
                ))),
            };
        }
        let arch = space.decode(asked).map_err(|error| {
        Error::Usage(format!(
            "{error}; an architecture is named by its text, the number of its row, or the 32 digits of its key"
        ))
    })?;
        let (arch, key) = (space.encode(&arch), space.key(&arch));
        let answer = table.answer(key, || arch.clone());
        let mut found = None;
        for row in table.rows() {
            if table.arch_text(row)? == arch {
                found = Some(row);
                break;
            }
        }
        Ok(Self {
            row: found,
            arch,
            key,
            answer: answer.ok_or_else(|| missing(asked))?,
        })
    }

    fn of_row(table: &Table, row: Row) -> Result<Option<Self>, Error> {
        let key = table.key(row);
        let arch = table.arch_text(row)?.to_owned();
        let answer = table.answer(key, || arch.clone());
        Ok(answer.map(|answer| Self {
            row: Some(row),
            key,
            answer,
            arch,
        }))
    }
}
