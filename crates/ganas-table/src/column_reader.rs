//! A column of a file that is imported: which of its cells are numbers, which are missing, and what it is then.

use ganas_formats::limit::excerpt;

use super::skipped::{SkipReason, SkippedColumn};

/// The words that stand for a missing value, in lower case: those of Python, R, SQL and spreadsheets, and nothing.
const MISSING: &[&str] = &[
    "", "na", "n/a", "<na>", "#n/a", "#na", "nan", "-nan", "+nan", "null", "none", "nil", "-",
];

/// A column of finite numbers, some of them missing.
#[derive(Debug)]
pub(crate) struct NumberColumn {
    pub(crate) name: String,
    pub(crate) values: Numbers,
}

/// Numbers, some of them missing: as many as there are rows.
///
/// A missing one is NaN, which no cell can be: a cell that says so is missing.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Vec<f64>);

impl Numbers {
    /// The number of a row, when it is there.
    pub(crate) fn get(&self, row: usize) -> Option<f64> {
        Some(self.0[row]).filter(|value| !value.is_nan())
    }

    /// Puts what becomes of each number that is there in its place.
    pub(crate) fn update(&mut self, of: impl Fn(f64) -> Option<f64>) {
        for value in self.0.iter_mut().filter(|value| !value.is_nan()) {
            *value = of(*value).unwrap_or(f64::NAN);
        }
    }

    /// The rows whose numbers are there.
    #[cfg(test)]
    pub(crate) fn to_vec(&self) -> Vec<Option<f64>> {
        (0..self.0.len()).map(|row| self.get(row)).collect()
    }

    fn fill_to(&mut self, n_rows: usize) {
        self.0.resize(n_rows, f64::NAN);
    }
}

/// A column with a number that is not finite.
#[derive(Debug)]
pub(crate) struct InfiniteColumn {
    pub(crate) name: String,
    pub(crate) line: u64,
    pub(crate) text: String,
}

/// What a column turned out to be.
#[derive(Debug)]
pub(crate) enum Content {
    Numbers(NumberColumn),
    Other(SkippedColumn),
    Infinite(InfiniteColumn),
}

/// A cell.
enum Cell {
    Missing,
    Finite(f64),
    Infinite,
    Text,
}

/// A column that is being read.
///
/// What it is depends on its cells, and not on their order: it holds text when a cell is neither a number nor a word for
/// a missing value, and numbers when it holds no text and some number.
#[derive(Debug)]
pub(crate) struct ColumnReader {
    name: String,
    /// Those up to the last number; none are kept once there is text.
    values: Numbers,
    n_cells: usize,
    n_numbers: u64,
    first_text: Option<(u64, String)>,
    first_infinite: Option<(u64, String)>,
}

impl ColumnReader {
    /// A column that was missing in the first rows.
    pub(crate) fn new(name: String, n_rows: usize) -> Self {
        Self {
            name,
            values: Numbers::default(),
            n_cells: n_rows,
            n_numbers: 0,
            first_text: None,
            first_infinite: None,
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has an entry for each row.
    pub(crate) fn holds_numbers(&self) -> bool {
        self.first_text.is_none()
    }

    /// Makes the cells up to a row missing that were not pushed.
    pub(crate) fn fill_to(&mut self, n_rows: usize) {
        self.n_cells = self.n_cells.max(n_rows);
    }

    /// Adds a cell.
    pub(crate) fn push(&mut self, line: u64, text: &str) {
        let trimmed = text.trim();
        let cell = match trimmed.parse::<f64>() {
            _ if is_missing(trimmed) => Cell::Missing,
            Ok(value) if value.is_finite() => Cell::Finite(value),
            Ok(_) => Cell::Infinite,
            Err(_) => Cell::Text,
        };
        self.add(line, cell, || excerpt(text));
    }

    /// Adds a cell that is text even when it looks like a number.
    pub(crate) fn push_text(&mut self, line: u64, text: &str) {
        let cell = if is_missing(text.trim()) {
            Cell::Missing
        } else {
            Cell::Text
        };
        self.add(line, cell, || excerpt(text));
    }

    /// Adds a number.
    #[cfg(feature = "parquet")]
    pub(crate) fn push_number(&mut self, line: u64, value: f64) {
        let cell = match value {
            value if value.is_nan() => Cell::Missing,
            value if value.is_finite() => Cell::Finite(value),
            _ => Cell::Infinite,
        };
        self.add(line, cell, || value.to_string());
    }

    fn add(&mut self, line: u64, cell: Cell, text: impl FnOnce() -> String) {
        match cell {
            Cell::Missing => {}
            Cell::Finite(value) => {
                self.n_numbers += 1;
                if self.holds_numbers() {
                    self.values.fill_to(self.n_cells);
                    self.values.0.push(value);
                }
            }
            Cell::Infinite => {
                self.n_numbers += 1;
                self.first_infinite.get_or_insert_with(|| (line, text()));
            }
            Cell::Text => {
                self.first_text.get_or_insert_with(|| (line, text()));
                self.values = Numbers::default();
            }
        }
        self.n_cells += 1;
    }

    /// What the column is.
    pub(crate) fn finish(self) -> Content {
        let (name, mut values) = (self.name, self.values);
        let skipped = |name, reason| Content::Other(SkippedColumn { name, reason });
        if let Some((line, example)) = self.first_text {
            let numbers = self.n_numbers;
            return skipped(
                name,
                SkipReason::Text {
                    line,
                    example,
                    numbers,
                },
            );
        }
        if self.n_numbers == 0 {
            return skipped(name, SkipReason::Empty);
        }
        if name.is_empty() {
            return skipped(name, SkipReason::Unnamed);
        }
        match self.first_infinite {
            Some((line, text)) => Content::Infinite(InfiniteColumn { name, line, text }),
            None => {
                values.fill_to(self.n_cells);
                Content::Numbers(NumberColumn { name, values })
            }
        }
    }
}

fn is_missing(text: &str) -> bool {
    // The longest of the words has four characters, and none begins as most numbers do.
    text.len() <= 4
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(cells: &[&str]) -> Content {
        let mut column = ColumnReader::new("x".to_owned(), 0);
        for (cell, line) in cells.iter().zip(2..) {
            column.push(line, cell);
        }
        column.finish()
    }

    #[test]
    fn the_order_of_cells_does_not_matter() {
        for (cells, is_expected) in [
            (
                &["NA", "1", " 2.5 "][..],
                (|content| matches!(content, Content::Numbers(_))) as fn(&Content) -> bool,
            ),
            (&["", "nan", "none", "-"], |content| {
                matches!(
                    content,
                    Content::Other(SkippedColumn {
                        reason: SkipReason::Empty,
                        ..
                    })
                )
            }),
            (&["a", "1", "NaN"], |content| {
                matches!(
                    content,
                    Content::Other(SkippedColumn {
                        reason: SkipReason::Text { numbers: 1, .. },
                        ..
                    })
                )
            }),
            (&["inf", "1", "a"], |content| {
                matches!(
                    content,
                    Content::Other(SkippedColumn {
                        reason: SkipReason::Text { numbers: 2, .. },
                        ..
                    })
                )
            }),
            (&["-inf", "1", "NULL"], |content| {
                matches!(content, Content::Infinite(_))
            }),
        ] {
            let mut cells = cells.to_vec();
            for _ in 0..cells.len() {
                cells.rotate_left(1);
                let content = finished(&cells);
                assert!(is_expected(&content), "{cells:?}: {content:?}");
                let reversed: Vec<&str> = cells.iter().rev().copied().collect();
                let content = finished(&reversed);
                assert!(is_expected(&content), "{reversed:?}: {content:?}");
            }
        }
    }

    #[test]
    fn missing_values_keep_their_rows() {
        for word in [
            "", " ", "NA", "na", "N/A", "n/a", "NaN", "nan", "-nan", "null", "NULL", "None",
            "<NA>", "#N/A", "-",
        ] {
            let Content::Numbers(column) = finished(&[word, "1", word, "2"]) else {
                panic!("{word}")
            };
            let expected = [None, Some(1.0), None, Some(2.0)];
            assert_eq!(column.values.to_vec(), expected, "{word}");
        }
        for word in ["nane", "x", "--", "0x1", "1,5", "missing"] {
            assert!(
                matches!(finished(&["1", word]), Content::Other(_)),
                "{word}"
            );
        }
    }
}
