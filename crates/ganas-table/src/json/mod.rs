//! The JSON of an import: objects with the architecture as text and with numbers, in any of the arrangements that
//! programs write.
//!
//! | form | example |
//! |---|---|
//! | JSON lines, also pretty-printed or one after another | `{"arch": "a", "acc": 1} {"arch": "b", "acc": 2}` |
//! | an array of objects | `[{"arch": "a", "acc": 1}, {"arch": "b", "acc": 2}]` |
//! | an object of columns | `{"arch": ["a", "b"], "acc": [1, 2]}` |
//! | the same with labels of rows, as pandas writes it | `{"arch": {"0": "a", "1": "b"}, "acc": {"0": 1, "1": 2}}` |
//! | an object of rows under labels | `{"0": {"arch": "a", "acc": 1}, "1": {"arch": "b", "acc": 2}}` |
//! | an object of rows under their architectures | `{"a": {"acc": 1}, "b": {"acc": 2}}` |
//!
//! Any other form is an error that says what it is.

mod cursor;
mod value;

use std::borrow::Cow;
use std::path::Path;

use ganas_formats::limit::Bound;
use indexmap::IndexMap;

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use self::cursor::{Cursor, Problem};
use self::value::{Json, Object};
use super::arch_reader::ArchReader;
use super::column_reader::ColumnReader;
use super::import_limits::{MAX_COLUMNS, MemoryMeter, too_many_columns};
use super::key_template::{KeyTemplate, joined};
use super::source_columns::SourceColumns;

/// Whether a text is JSON and not CSV: it begins with an object, or with an array of something.
pub(crate) fn is_json(text: &[u8]) -> bool {
    let mut bytes = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    match bytes.next() {
        Some(b'{') => true,
        // A header of CSV can begin with a bracket, too.
        Some(b'[') => {
            matches!(bytes.next(), None | Some(b'{' | b'[' | b']' | b'"'))
                || text.trim_ascii_end().ends_with(b"]")
        }
        _ => false,
    }
}

/// Reads JSON; a field that an object does not have is missing.
pub(crate) fn parse(
    file: &Path,
    text: &[u8],
    key: &KeyTemplate,
    memory: Bound,
    archs: &mut ArchReader<'_>,
) -> Result<SourceColumns, TableError> {
    let text = without_nan(text);
    let mut rows = Rows {
        file,
        key,
        memory: MemoryMeter::new(file, memory),
        archs,
        n_rows: 0,
        columns: IndexMap::new(),
    };
    let mut cursor = Cursor::new(&text);
    match cursor.peek() {
        Some(b'[') => rows.array(&mut cursor)?,
        _ => rows.objects(&mut cursor)?,
    }
    if rows.n_rows == 0 {
        return Err(ImportProblem::NoRows {
            key_column: key.as_str().to_owned(),
        }
        .in_file(file));
    }
    Ok(SourceColumns::collect(rows.columns.into_values()))
}

/// Python writes `NaN` where JSON has no word for it: a missing value.
fn without_nan(text: &[u8]) -> Cow<'_, [u8]> {
    const NAN: &[u8] = b"NaN";
    if !text.windows(NAN.len()).any(|window| window == NAN) {
        return Cow::Borrowed(text);
    }
    let mut replaced = Vec::with_capacity(text.len());
    let (mut in_text, mut at) = (false, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                replaced.push(byte);
                at += 1;
            }
            b'N' if !in_text && text[at..].starts_with(NAN) => {
                replaced.extend(b"null");
                at += NAN.len();
                continue;
            }
            _ => {}
        }
        replaced.extend(text.get(at));
        at += 1;
    }
    Cow::Owned(replaced)
}

/// The rows so far.
struct Rows<'a, 's> {
    file: &'a Path,
    key: &'a KeyTemplate,
    memory: MemoryMeter<'a>,
    archs: &'a mut ArchReader<'s>,
    n_rows: usize,
    columns: IndexMap<String, ColumnReader>,
}

/// What the first object of a file says about the others.
enum Form {
    /// It is a row.
    Row,
    /// It has the columns.
    Columns,
    /// Its fields are rows.
    Labelled,
    /// Its fields are rows without their architectures, which are the names of the fields.
    Keyed,
}

impl Rows<'_, '_> {
    /// Reads an array of objects.
    fn array(&mut self, cursor: &mut Cursor<'_>) -> Result<(), TableError> {
        let bad = |rows: &Self, problem: Problem| rows.bad_json(problem);
        cursor.skip();
        let mut is_first = true;
        loop {
            match cursor.peek() {
                Some(b']') => break,
                _ if is_first => {}
                _ => cursor.expect(b',').map_err(|p| bad(self, p))?,
            }
            is_first = false;
            let line = cursor.line();
            match cursor.value::<Json>().map_err(|p| bad(self, p))? {
                Json::Object(object) => self.row(line, &object)?,
                other => {
                    return Err(
                        self.other_form(line, format!("an array that holds {}", other.kind()))
                    );
                }
            }
        }
        cursor.skip();
        match cursor.peek() {
            None => Ok(()),
            Some(_) => {
                let line = cursor.line();
                Err(self.other_form(line, "an array with more behind it".to_owned()))
            }
        }
    }

    /// Reads one object, or several one after another.
    fn objects(&mut self, cursor: &mut Cursor<'_>) -> Result<(), TableError> {
        let line = cursor.line();
        let first = self.object(cursor)?;
        let is_alone = cursor.peek().is_none();
        match self.form(&first, is_alone) {
            Form::Columns => return self.of_columns(line, &first),
            Form::Labelled => return self.labelled(line, first),
            Form::Keyed => return self.keyed(line, first),
            Form::Row => {}
        }
        let has_key = self.key.columns().any(|name| first.contains_key(name));
        if is_alone
            && !has_key
            && first.len() > 1
            && first.values().all(|value| matches!(value, Json::Number(_)))
        {
            let found = "one object of numbers, whose names are perhaps architectures".to_owned();
            return Err(self.other_form(line, found));
        }
        self.row(line, &first)?;
        while let Some(byte) = cursor.peek() {
            let line = cursor.line();
            if byte == b',' {
                let found = "objects with commas between them, but without brackets around them";
                return Err(self.other_form(line, found.to_owned()));
            }
            let object = self.object(cursor)?;
            self.row(line, &object)?;
        }
        Ok(())
    }

    fn object(&self, cursor: &mut Cursor<'_>) -> Result<Object, TableError> {
        let line = cursor.line();
        match cursor.value::<Json>() {
            Ok(Json::Object(object)) => Ok(object),
            Ok(other) => Err(self.bad_json(Problem {
                line,
                reason: format!("found {}", other.kind()),
            })),
            Err(problem) => Err(self.bad_json(problem)),
        }
    }

    /// What a first object is.
    fn form(&self, object: &Object, is_alone: bool) -> Form {
        let parts: Option<Vec<&Json>> = self.key.columns().map(|name| object.get(name)).collect();
        match parts.as_deref() {
            Some([Json::Array(_) | Json::Object(_), ..]) if is_alone => Form::Columns,
            Some(_) => Form::Row,
            None => {
                let has_key = |value: &Json| match value {
                    Json::Object(row) => self.key.columns().all(|name| row.contains_key(name)),
                    _ => false,
                };
                let is_object = |value: &Json| matches!(value, Json::Object(_));
                if !is_alone || object.is_empty() || !object.values().all(is_object) {
                    Form::Row
                } else if object.values().any(has_key) {
                    Form::Labelled
                } else if self.key.is_one_column() {
                    Form::Keyed
                } else {
                    Form::Row
                }
            }
        }
    }

    /// Reads an object of columns: arrays, or objects from the labels of rows to cells.
    fn of_columns(&mut self, line: u64, object: &Object) -> Result<(), TableError> {
        let mut columns: Vec<(&str, Vec<&Json>)> = Vec::new();
        let mut labels: Option<(&str, Vec<&str>)> = None;
        for (name, column) in object {
            let (cells, own): (Vec<&Json>, Vec<&str>) = match column {
                Json::Array(cells) => (cells.iter().collect(), Vec::new()),
                Json::Object(cells) => (
                    cells.values().collect(),
                    cells.keys().map(|k| &**k).collect(),
                ),
                other => {
                    let found = format!(
                        "an object of columns, of which `{name}` is {} and no column",
                        other.kind()
                    );
                    return Err(self.other_form(line, found));
                }
            };
            let (first, known) = labels.get_or_insert_with(|| (name, own.clone()));
            let n_rows = columns
                .first()
                .map_or(cells.len(), |(_, first)| first.len());
            if *known != own || n_rows != cells.len() {
                let found = format!(
                    "an object of columns, of which `{first}` has {n_rows} cells and `{name}` has {}{}",
                    cells.len(),
                    if n_rows == cells.len() {
                        " with other labels"
                    } else {
                        ""
                    }
                );
                return Err(self.other_form(line, found));
            }
            columns.push((name, cells));
        }
        let n_rows = columns.first().map_or(0, |(_, cells)| cells.len());
        for row in 0..n_rows {
            let cells: Vec<(&str, &Json)> = (columns.iter())
                .map(|(name, cells)| (*name, cells[row]))
                .collect();
            self.cells(line, &cells)?;
        }
        Ok(())
    }

    /// Reads an object of rows, whose names are of no use.
    fn labelled(&mut self, line: u64, object: Object) -> Result<(), TableError> {
        for row in object.into_values() {
            if let Json::Object(row) = row {
                self.row(line, &row)?;
            }
        }
        Ok(())
    }

    /// Reads an object of rows whose names are the architectures.
    fn keyed(&mut self, line: u64, object: Object) -> Result<(), TableError> {
        let name = self.key.as_str().trim_matches(['{', '}']).to_owned();
        for (arch, row) in object {
            if let Json::Object(row) = row {
                let arch = Json::Text(arch);
                let cells = std::iter::once((&*name, &arch));
                let cells = cells.chain(row.iter().map(|(name, cell)| (&**name, cell)));
                self.cells(line, &cells.collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    fn row(&mut self, line: u64, object: &Object) -> Result<(), TableError> {
        let cells: Vec<(&str, &Json)> = object.iter().map(|(name, cell)| (&**name, cell)).collect();
        self.cells(line, &cells)
    }

    /// Adds a row.
    fn cells(&mut self, line: u64, cells: &[(&str, &Json)]) -> Result<(), TableError> {
        let pieces = self.key.resolve(|field| {
            match cells.iter().find(|(name, _)| *name == field) {
                Some((_, Json::Text(text))) => return Ok(text.clone()),
                // A number is no architecture, but may be a part of one.
                Some((_, Json::Number(part))) if !self.key.is_one_column() => {
                    return Ok(part.to_string());
                }
                _ => {}
            }
            Err(ImportProblem::MissingKeyField {
                line,
                field: field.to_owned(),
                suggestion: closest(field, cells.iter().map(|(name, _)| *name)),
            }
            .in_file(self.file))
        })?;
        for (name, value) in cells.iter().filter(|(name, _)| !self.key.uses(name)) {
            let n_columns = self.columns.len();
            let column = match self.columns.get_mut(*name) {
                Some(column) => column,
                None if n_columns >= MAX_COLUMNS => return Err(too_many_columns(self.file)),
                None => {
                    let new = ColumnReader::new((*name).to_owned(), self.n_rows);
                    self.columns.entry((*name).to_owned()).or_insert(new)
                }
            };
            match value {
                Json::Null => column.push(line, ""),
                Json::Bool(value) => column.push_text(line, &value.to_string()),
                Json::Number(value) => column.push(line, &value.to_string()),
                Json::Text(text) => column.push_text(line, text),
                Json::Array(_) | Json::Object(_) => column.push_text(line, value.kind()),
            }
        }
        let text = joined(&pieces, |cell, text| text.push_str(cell));
        let numbers = self
            .columns
            .values()
            .filter(|column| column.holds_numbers());
        self.memory.check(&text, numbers.count())?;
        self.archs.push(line, &text);
        self.n_rows += 1;
        for column in self.columns.values_mut() {
            column.fill_to(self.n_rows);
        }
        Ok(())
    }

    fn bad_json(&self, problem: Problem) -> TableError {
        ImportProblem::BadJson {
            line: problem.line,
            reason: problem.reason,
        }
        .in_file(self.file)
    }

    fn other_form(&self, line: u64, found: String) -> TableError {
        ImportProblem::OtherJson {
            line,
            found,
            key: self.key.as_str().to_owned(),
        }
        .in_file(self.file)
    }
}
