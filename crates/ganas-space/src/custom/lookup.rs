//! Look-up tables: a CSV file with what each layer or operation costs, such as its measured latency.
//!
//! The columns are `word` (or `operation`) and `value`, and for chains also `stage` and `layer`, both counted from 1;
//! without one of these, a value holds in all stages, or in all layers.
//! Rows that the space does not need are left alone, so that a table can serve several spaces.

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::SpaceError;
use crate::excerpt::excerpt;
use crate::limits::MAX_LOOKUP_BYTES;

use super::file::LookupTable;
use super::opening::Open;
use super::part::{DescribedPart, Row};

/// What is added once.
pub(super) fn constant(open: &Open<'_>, table: &LookupTable) -> Result<f64, SpaceError> {
    let Some(constant) = &table.constant else {
        return Ok(0.0);
    };
    if constant.get_ref().is_finite() {
        return Ok(*constant.get_ref());
    }
    let problem = format!("{} is no finite number", constant.get_ref());
    Err(open.document.bad(constant.span(), problem))
}

/// The value of each part.
pub(super) fn values(
    open: &Open<'_>,
    table: &LookupTable,
    parts: &[DescribedPart],
) -> Result<Vec<f64>, SpaceError> {
    let file = table.file.get_ref();
    let span = table.file.span();
    let unreadable = |problem: String| {
        let problem = format!("{}: {problem}", excerpt(file));
        open.document.bad(span.clone(), problem)
    };
    let text = (open.read)(file).map_err(unreadable)?;
    if text.len() > MAX_LOOKUP_BYTES {
        return Err(unreadable(format!(
            "the table is {} bytes long; expected at most {MAX_LOOKUP_BYTES}",
            text.len()
        )));
    }
    let columns = if open.file.stage.is_empty() {
        CELL_COLUMNS
    } else {
        CHAIN_COLUMNS
    };
    let csv = Csv::parse(&text, columns).map_err(|(row, problem)| SpaceError::BadLookup {
        line: open.document.line(&span),
        file: file.clone(),
        row,
        problem,
    })?;
    let mut missing = BTreeSet::new();
    let mut first_missing = None;
    let mut values = Vec::new();
    for part in parts {
        let row = csv.row_of(part);
        match csv.values.get(&row) {
            Some(value) => values.push(*value),
            None => {
                first_missing.get_or_insert_with(|| row.clone());
                missing.insert(row);
            }
        }
    }
    let Some(first) = first_missing else {
        return Ok(values);
    };
    let others = match missing.len() {
        1 => String::new(),
        n => format!(" (the first of {n} rows that are missing)"),
    };
    let file = excerpt(file);
    let problem = format!("{file} has no value for {}{others}", first.describe());
    Err(open.document.bad(span, problem))
}

/// A look-up table.
struct Csv {
    columns: Columns,
    values: BTreeMap<Row, f64>,
}

/// The columns that there can be.
#[derive(Clone, Copy)]
struct KnownColumns {
    /// Those that say where a value holds.
    places: &'static [&'static str],
    /// For messages.
    expected: &'static str,
}

const CHAIN_COLUMNS: KnownColumns = KnownColumns {
    places: &["stage", "layer"],
    expected: "expected `word` and `value`, and `stage` and `layer` where they matter",
};

const CELL_COLUMNS: KnownColumns = KnownColumns {
    places: &[],
    expected: "expected `operation` and `value`",
};

/// Where its columns are.
struct Columns {
    stage: Option<usize>,
    layer: Option<usize>,
    word: usize,
    value: usize,
}

/// The line of a file, and what is wrong there.
type Bad = (u64, String);

impl Csv {
    fn parse(text: &str, known: KnownColumns) -> Result<Self, Bad> {
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let bad = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            (line, excerpt(&error.to_string()).into_owned())
        };
        let columns = Columns::of(reader.headers().map_err(bad)?, known)?;
        let mut values = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(bad)?;
            let line = record.position().map_or(1, csv::Position::line);
            let (row, value) = columns.read(&record).map_err(|problem| (line, problem))?;
            if values.contains_key(&row) {
                return Err((line, format!("a second value for {}", row.describe())));
            }
            values.insert(row, value);
        }
        Ok(Self { columns, values })
    }

    /// The row that holds the value of a part.
    fn row_of(&self, part: &DescribedPart) -> Row {
        Row {
            stage: part.row.stage.filter(|_| self.columns.stage.is_some()),
            layer: part.row.layer.filter(|_| self.columns.layer.is_some()),
            word: part.row.word.clone(),
        }
    }
}

impl Columns {
    fn of(headers: &StringRecord, known: KnownColumns) -> Result<Self, Bad> {
        let bad = |problem: String| (1, format!("{problem}; {}", known.expected));
        let is_word = |name: &str| name == "word" || name == "operation";
        for (place, name) in headers.iter().enumerate() {
            if !is_word(name) && name != "value" && !known.places.contains(&name) {
                return Err(bad(format!("there is a column `{}`", excerpt(name))));
            }
            let same = |other: &str| other == name || is_word(other) && is_word(name);
            if headers.iter().take(place).any(same) {
                return Err(bad(format!("the column `{name}` is there twice")));
            }
        }
        let find = |name: &str| headers.iter().position(|header| header == name);
        Ok(Self {
            stage: find("stage"),
            layer: find("layer"),
            word: headers
                .iter()
                .position(is_word)
                .ok_or_else(|| bad("there is no column of words".to_owned()))?,
            value: find("value").ok_or_else(|| bad("there is no column `value`".to_owned()))?,
        })
    }

    fn read(&self, record: &StringRecord) -> Result<(Row, f64), String> {
        let place = |column: Option<usize>| {
            column
                .map(|column| {
                    let text = &record[column];
                    let number = text.parse().ok().filter(|number| *number >= 1_usize);
                    number.ok_or_else(|| {
                        let text = excerpt(text);
                        format!("`{text}` is no number of a stage or layer; expected 1 or more")
                    })
                })
                .transpose()
        };
        let text = &record[self.value];
        let value = text.parse().ok().filter(|value: &f64| value.is_finite());
        let value = value.ok_or_else(|| format!("`{}` is no finite number", excerpt(text)))?;
        let row = Row {
            stage: place(self.stage)?,
            layer: place(self.layer)?,
            word: record[self.word].to_owned(),
        };
        Ok((row, value))
    }
}
