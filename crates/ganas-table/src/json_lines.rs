//! The JSON lines of an import: objects with the architecture as text and with numbers.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use ganas_formats::limit::Bound;

use super::delimited::{ColumnReader, Delimited, Key};
use super::import_limits::{MAX_COLUMNS, MemoryMeter, check_length, too_many_columns};
use super::key_template::{KeyTemplate, joined};

impl Delimited {
    /// Whether a text is of JSON lines: it begins with an object.
    pub(crate) fn is_json_lines(text: &[u8]) -> bool {
        text.trim_ascii_start().starts_with(b"{")
    }

    /// Reads JSON lines; a field that an object does not have is missing.
    pub(crate) fn parse_json_lines(
        file: &Path,
        text: &[u8],
        key: &KeyTemplate,
        memory: Bound,
    ) -> Result<Self, TableError> {
        let mut memory = MemoryMeter::new(file, memory);
        let mut keys = Vec::new();
        let mut columns: IndexMap<String, ColumnReader<'_>> = IndexMap::new();
        for (line, number) in text.split(|&byte| byte == b'\n').zip(1u64..) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            check_length(file, number, line)?;
            // In the order of the line, which becomes the order of the columns.
            let object: IndexMap<String, Value> =
                serde_json::from_slice(line).map_err(|error| {
                    ImportProblem::BadJson {
                        line: number,
                        reason: error.to_string(),
                    }
                    .in_file(file)
                })?;
            let pieces = key.resolve(|field| {
                match object.get(field) {
                    Some(Value::String(text)) => return Ok(text.clone()),
                    // A number is no architecture, but may be a part of one.
                    Some(Value::Number(part)) if !key.is_one_column() => {
                        return Ok(part.to_string());
                    }
                    _ => {}
                }
                Err(ImportProblem::MissingKeyField {
                    line: number,
                    field: field.to_owned(),
                    suggestion: closest(field, object.keys().map(String::as_str)),
                }
                .in_file(file))
            })?;
            for (name, value) in object.iter().filter(|(name, _)| !key.uses(name)) {
                if columns.len() >= MAX_COLUMNS && !columns.contains_key(name) {
                    return Err(too_many_columns(file));
                }
                let column = columns
                    .entry(name.clone())
                    .or_insert_with(|| ColumnReader::new(file, name.clone(), keys.len()));
                match value {
                    Value::Null => column.push(number, "")?,
                    Value::Number(value) => column.push(number, &value.to_string())?,
                    Value::String(text) => column.push_text(number, text)?,
                    other => column.push_text(number, &other.to_string())?,
                }
            }
            let text = joined(&pieces, |cell, text| text.push_str(cell));
            let numbers = columns.values().filter(|column| column.holds_numbers());
            memory.check(&text, numbers.count())?;
            keys.push(Key { line: number, text });
            for column in columns.values_mut() {
                column.fill_to(keys.len());
            }
        }
        if keys.is_empty() {
            return Err(ImportProblem::NoRows {
                key_column: key.as_str().to_owned(),
            }
            .in_file(file));
        }
        Self::collect(file, keys, columns.into_values().collect())
    }
}
