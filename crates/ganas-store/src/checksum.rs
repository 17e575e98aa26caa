//! Checksums of rows: what is read is what was written, or an error.
//!
//! Every row has a CRC-32C over all its columns, the name of its table and the id of its study. So a changed byte is
//! noticed, and a row of another table, of another study or of another place in it as well.

use std::fmt;

use ganas_space::ArchKey;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{CachedStatement, Connection, Row, params_from_iter};

use crate::error::Fault;
use crate::{StoreError, Study};

/// What tells a study from all others: drawn at random when it is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StudyId(pub(crate) [u8; 16]);

/// A table whose rows have checksums, in a column of that name after all others.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// What its rows are read from: itself, or a view that puts the key and the text of their class in place of its number.
    pub(crate) rows: &'static str,
    /// The columns that the checksum is over, in the order of reading and writing.
    pub(crate) columns: &'static [&'static str],
    /// The primary key is the first so many columns.
    pub(crate) n_keys: usize,
}

pub(crate) const RUNS: Table = Table {
    name: "runs",
    rows: "runs",
    columns: &[
        "run",
        "name",
        "experiment",
        "space",
        "table_sha256",
        "search_metric",
        "report_metric",
        "protocol",
        "algorithm",
        "config",
        "budget",
        "seed",
        "version",
        "device",
        "spec",
        "status",
        "stop",
        "rounds",
        "raw_queries",
        "unique_queries",
        "failed_queries",
        "wall_s",
        "sessions",
        "unchecked_rounds",
    ],
    n_keys: 1,
};

pub(crate) const SESSIONS: Table = Table {
    name: "sessions",
    rows: "sessions",
    columns: &["run", "session", "started_at", "version", "device", "pid"],
    n_keys: 2,
};

/// The checksum of a trial goes on over its objectives, what it is beside its metrics, and where it was stopped.
pub(crate) const TRIALS: Table = Table {
    name: "trials",
    rows: "trial_rows",
    columns: &[
        "run", "number", "round", "arch", "key", "repeat", "state", "search", "report", "reason",
    ],
    n_keys: 2,
};

pub(crate) const ROUNDS: Table = Table {
    name: "rounds",
    rows: "rounds",
    columns: &[
        "run",
        "round",
        "trials",
        "trials_crc",
        "events",
        "events_crc",
    ],
    n_keys: 2,
};

/// The state of the searcher is covered by its sha256.
pub(crate) const CHECKPOINTS: Table = Table {
    name: "checkpoints",
    rows: "checkpoints",
    columns: &["run", "round", "sha256"],
    n_keys: 1,
};

pub(crate) const EVALUATORS: Table = Table {
    name: "evaluators",
    rows: "evaluators",
    columns: &[
        "evaluator",
        "space",
        "identity",
        "fidelity",
        "description",
        "session",
    ],
    n_keys: 1,
};

pub(crate) const OUTCOMES: Table = Table {
    name: "outcomes",
    rows: "outcome_rows",
    columns: &[
        "evaluator",
        "key",
        "seed",
        "arch",
        "run",
        "metrics",
        "reason",
        "cost",
        "artifact",
        "attempts",
        "timed",
    ],
    n_keys: 3,
};

pub(crate) const CIRCUMSTANCES: Table = Table {
    name: "circumstances",
    rows: "circumstance_rows",
    columns: &[
        "evaluator",
        "key",
        "seed",
        "host",
        "worker",
        "queued",
        "started",
        "ended",
        "log",
    ],
    n_keys: 3,
};

pub(crate) const PROPOSALS: Table = Table {
    name: "proposals",
    rows: "proposal_rows",
    columns: &["run", "number", "arch", "key"],
    n_keys: 2,
};

pub(crate) const CURVES: Table = Table {
    name: "curves",
    rows: "curve_rows",
    columns: &["evaluator", "key", "seed", "run", "stopped", "told"],
    n_keys: 3,
};

pub(crate) const SOURCES: Table = Table {
    name: "sources",
    rows: "sources",
    columns: &["run", "evaluator"],
    n_keys: 1,
};

pub(crate) const ENDINGS: Table = Table {
    name: "endings",
    rows: "endings",
    columns: &["run", "ending"],
    n_keys: 1,
};

/// A table of format 2, whose rows are taken over.
pub(crate) const UNFINISHED: Table = Table {
    name: "unfinished",
    rows: "unfinished",
    columns: &["run", "key", "search", "report", "reason", "further"],
    n_keys: 2,
};

/// A table of format 2, whose rows are taken over.
pub(crate) const COLLECTIONS: Table = Table {
    name: "collections",
    rows: "collections",
    columns: &["collection", "space", "evaluator", "description", "session"],
    n_keys: 1,
};

/// A table of format 2, whose rows are taken over.
pub(crate) const EVALUATIONS: Table = Table {
    name: "evaluations",
    rows: "evaluations",
    columns: &["collection", "key", "seed", "metrics", "reason"],
    n_keys: 3,
};

impl Table {
    /// `SELECT` with all columns, and the checksum after them.
    pub(crate) fn select(&self, rest: &str) -> String {
        let columns = self.columns.join(", ");
        format!("SELECT {columns}, checksum FROM {} {rest}", self.rows)
    }

    /// The condition on the primary key, with parameters from the first on.
    fn where_key(&self) -> String {
        let keys = self.columns[..self.n_keys].iter().zip(1..);
        let conditions: Vec<String> = keys.map(|(key, n)| format!("{key} = ?{n}")).collect();
        format!("WHERE {}", conditions.join(" AND "))
    }

    /// The statement that inserts a row.
    pub(crate) fn insert<'c>(
        &self,
        connection: &'c Connection,
    ) -> rusqlite::Result<CachedStatement<'c>> {
        connection.prepare_cached(&self.insert_sql("INSERT"))
    }

    /// The statement that inserts a row, in place of one with the same key.
    pub(crate) fn replace<'c>(
        &self,
        connection: &'c Connection,
    ) -> rusqlite::Result<CachedStatement<'c>> {
        connection.prepare_cached(&self.insert_sql("INSERT OR REPLACE"))
    }

    fn insert_sql(&self, verb: &str) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|&name| self.stored(name)).collect();
        let places: Vec<String> = (0..self.columns.len()).map(|n| self.place(n)).collect();
        format!(
            "{verb} INTO {} ({}, checksum) VALUES ({}, ?)",
            self.name,
            columns.join(", "),
            places.join(", ")
        )
    }

    /// Whether its rows name their class by a number.
    fn is_by_class(&self) -> bool {
        self.rows != self.name
    }

    /// The column that stands for this one.
    fn stored(&self, column: &'static str) -> &'static str {
        match column {
            "key" if self.is_by_class() => "class",
            column => column,
        }
    }

    /// What is stored for the column at this position, whose value is the parameter of the same number.
    fn place(&self, position: usize) -> String {
        let parameter = format!("?{}", position + 1);
        let key = self.columns.iter().position(|&name| name == "key");
        match (self.columns[position], key) {
            ("key", _) if self.is_by_class() => class_of(&parameter),
            ("arch", Some(key)) if self.is_by_class() => {
                let key = key + 1;
                format!(
                    "nullif(coalesce({parameter}, ''), (SELECT arch FROM classes WHERE key = unhex(?{key})))"
                )
            }
            _ => parameter,
        }
    }
}

/// Notes a class before rows name it, unless it is known; the text is that by which it came.
pub(crate) fn note_class(
    connection: &Connection,
    key: ArchKey,
    arch: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO classes (key, arch) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
        )?
        .execute((key.0.to_be_bytes(), arch.unwrap_or_default()))?;
    Ok(())
}

/// The class of a key, as an expression.
pub(crate) fn class_of(key: &str) -> String {
    format!("(SELECT class FROM classes WHERE key = unhex({key}))")
}

impl StudyId {
    /// The checksum of a row, given all its columns and what belongs to it beside them.
    pub(crate) fn checksum<'v>(
        self,
        table: &Table,
        values: impl IntoIterator<Item = ValueRef<'v>>,
    ) -> u32 {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(table.name.as_bytes());
        for value in values {
            encode(&mut bytes, value);
        }
        crc32c::crc32c(&bytes)
    }

    /// Inserts a row with its checksum, which is returned.
    pub(crate) fn insert(
        self,
        table: &Table,
        statement: &mut CachedStatement<'_>,
        values: &[Value],
        beside: &[f64],
    ) -> rusqlite::Result<u32> {
        let own = values.iter().map(ValueRef::from);
        let checksum = self.checksum(table, own.chain(beside.iter().map(|v| ValueRef::Real(*v))));
        let last = Value::Integer(checksum.into());
        statement.execute(params_from_iter(values.iter().chain([&last])))?;
        Ok(checksum)
    }

    /// Gives a row that was changed its new checksum.
    pub(crate) fn reseal(
        self,
        connection: &Connection,
        table: &Table,
        key: i64,
    ) -> rusqlite::Result<()> {
        let condition = table.where_key();
        let checksum = connection
            .prepare_cached(&table.select(&condition))?
            .query_row([key], |row| self.checksum_of(table, row, &[]))?;
        let sql = format!("UPDATE {} SET checksum = ?2 {condition}", table.name);
        connection
            .prepare_cached(&sql)?
            .execute((key, i64::from(checksum)))?;
        Ok(())
    }

    /// The checksum that a row should have.
    fn checksum_of(self, table: &Table, row: &Row<'_>, beside: &[f64]) -> rusqlite::Result<u32> {
        let mut values = Vec::with_capacity(table.columns.len() + beside.len());
        for n in 0..table.columns.len() {
            values.push(row.get_ref(n)?);
        }
        values.extend(beside.iter().map(|value| ValueRef::Real(*value)));
        Ok(self.checksum(table, values))
    }

    /// A row of a table that differs from its checksum, when there is one.
    pub(crate) fn find_wrong(
        self,
        connection: &Connection,
        table: &Table,
    ) -> rusqlite::Result<Option<String>> {
        let mut select = connection.prepare(&table.select(""))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let expected = self.checksum_of(table, row, &[])?;
            if row.get::<_, Option<i64>>(table.columns.len())? != Some(expected.into()) {
                let keys: Vec<String> = (0..table.n_keys)
                    .map(|n| Ok(format!("{:?}", row.get::<_, Value>(n)?)))
                    .collect::<rusqlite::Result<_>>()?;
                return Ok(Some(format!("{} of {}", keys.join(", "), table.name)));
            }
        }
        Ok(None)
    }

    /// Gives every row of a table its checksum; `beside` finds what belongs to a row beside its columns, by its key.
    pub(crate) fn seal_all(
        self,
        connection: &Connection,
        table: &Table,
        mut beside: impl FnMut(&[Value]) -> Result<Vec<f64>, Fault>,
    ) -> Result<(), Fault> {
        let mut select = connection.prepare(&table.select(""))?;
        let mut rows = select.query([])?;
        let mut sealed = Vec::new();
        while let Some(row) = rows.next()? {
            let mut parameters = Vec::with_capacity(table.n_keys + 1);
            for n in 0..table.n_keys {
                parameters.push(row.get::<_, Value>(n)?);
            }
            let checksum = self.checksum_of(table, row, &beside(&parameters)?)?;
            parameters.push(Value::Integer(checksum.into()));
            sealed.push(parameters);
        }
        let n = table.n_keys + 1;
        let sql = format!(
            "UPDATE {} SET checksum = ?{n} {}",
            table.name,
            table.where_key()
        );
        let mut update = connection.prepare(&sql)?;
        for parameters in sealed {
            update.execute(params_from_iter(parameters))?;
        }
        Ok(())
    }
}

impl Study {
    /// Checks a row that was selected with [`Table::select`], and returns its checksum.
    ///
    /// A study of format 1, which can only be read here, has no checksums.
    pub(crate) fn verify(
        &self,
        table: &Table,
        row: &Row<'_>,
        beside: &[f64],
        what: impl FnOnce() -> String,
    ) -> Result<u32, Fault> {
        let Some(id) = self.id() else { return Ok(0) };
        let expected = id.checksum_of(table, row, beside)?;
        let found = match row.get_ref(table.columns.len())? {
            ValueRef::Integer(found) if found == i64::from(expected) => return Ok(expected),
            ValueRef::Integer(found) => format!("is {found:#010x}"),
            _ => "is missing".to_owned(),
        };
        let reason = format!("its checksum {found}, expected {expected:#010x} of what is there");
        Err(Fault::Store(self.damaged(what(), reason)))
    }

    /// The id, for writing: a study that can be written has one.
    pub(crate) fn writing_id(&self) -> Result<StudyId, StoreError> {
        self.id().ok_or_else(|| StoreError::Unwritable {
            path: self.path().to_owned(),
            reason: "it has format 1, and was opened for reading".to_owned(),
        })
    }
}

impl fmt::Debug for StudyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StudyId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// A value as bytes that no other value has, whatever stands before and after it.
fn encode(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => bytes.push(0),
        ValueRef::Integer(value) => {
            bytes.push(1);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        // SQLite stores no sign of a zero, and no NaN.
        ValueRef::Real(value) if value.is_nan() => bytes.push(0),
        ValueRef::Real(value) => {
            bytes.push(2);
            bytes.extend_from_slice(&(value + 0.0).to_bits().to_le_bytes());
        }
        ValueRef::Text(text) => encode_bytes(bytes, 3, text),
        ValueRef::Blob(blob) => encode_bytes(bytes, 4, blob),
    }
}

fn encode_bytes(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(&value.len().to_le_bytes());
    bytes.extend_from_slice(value);
}

/// The checksum of what belongs together, item by item: the trials or the events of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Running {
    /// How many items.
    pub(crate) n: u32,
    pub(crate) crc: u32,
}

impl Running {
    /// Adds a row by its checksum.
    pub(crate) fn add(&mut self, checksum: u32) {
        self.n += 1;
        self.crc = crc32c::crc32c_append(self.crc, &checksum.to_le_bytes());
    }

    /// Adds a row by its columns.
    pub(crate) fn add_values<'v>(&mut self, values: impl IntoIterator<Item = ValueRef<'v>>) {
        let mut bytes = Vec::with_capacity(128);
        for value in values {
            encode(&mut bytes, value);
        }
        self.add(crc32c::crc32c(&bytes));
    }
}
