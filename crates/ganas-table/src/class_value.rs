//! What a query of a class returns when its rows differ.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use ganas_space::ArchKey;
use serde::{Deserialize, Serialize};

use crate::error::TableError;

use super::open::{Column, Row, Table};

/// What a query returns that several rows of one class could answer: architectures that compute the same function, each
/// trained on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassValue {
    /// The values of the lowest row.
    #[default]
    First,
    /// The mean over the rows with a value, metric by metric.
    Mean,
    /// The values of the row with the text of the architecture that is asked for; of the lowest row, when there is no such
    /// row.
    Own,
}

impl ClassValue {
    /// The names and what they stand for.
    pub const ALL: [(&'static str, Self); 3] = [
        ("first", Self::First),
        ("mean", Self::Mean),
        ("own", Self::Own),
    ];

    /// Whether it is the lowest row.
    #[must_use]
    pub fn is_first(&self) -> bool {
        *self == Self::First
    }

    /// What a query returns, in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::First => "a query returns the lowest row of a class",
            Self::Mean => "a query returns the mean over the rows of a class",
            Self::Own => {
                "a query returns the row of its own text, or else the lowest row of the class"
            }
        }
    }
}

impl FromStr for ClassValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.iter().find(|(name, _)| *name == text);
        let named = named.ok_or("expected first, mean or own".to_owned())?;
        Ok(named.1)
    }
}

impl fmt::Display for ClassValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::ALL.iter().find(|(_, value)| value == self);
        f.write_str(named.expect("invariant: every variant has a name").0)
    }
}

/// What answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The row that stands for the class: the one that answers, or the lowest of those whose mean does.
    pub row: Row,
    /// The places in the index of the rows whose mean answers; none, when it is one row.
    mean: Option<Range<usize>>,
}

impl Answer {
    /// How many rows the answer is the mean of.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.mean.as_ref().map_or(1, ExactSizeIterator::len)
    }
}

/// How much the rows of classes differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClassSpread {
    /// Classes with several rows.
    pub of_several_rows: usize,
    /// Those of them whose rows do not all have the same values.
    pub differing: usize,
    /// The largest difference within a class, for each metric that has one.
    pub largest: Vec<(String, f64)>,
}

impl Table {
    /// What answers a query of a class; `text` is that of the architecture that is asked for, where it matters.
    ///
    /// `None` when the class is not in the table.
    #[must_use]
    pub fn answer(&self, key: ArchKey, text: impl FnOnce() -> String) -> Option<Answer> {
        Some(self.answer_of(self.places_of(key)?, text))
    }

    /// What answers a query that does not say which architecture of the class is meant.
    #[must_use]
    pub fn answer_of_class(&self, key: ArchKey) -> Option<Answer> {
        self.answer(key, String::new)
    }

    /// What answers a query of the class with these places in the index.
    fn answer_of(&self, places: Range<usize>, text: impl FnOnce() -> String) -> Answer {
        let lowest = self.row_at(places.start);
        let (row, mean) = match self.manifest().class_value {
            ClassValue::Mean if places.len() > 1 => (lowest, Some(places)),
            ClassValue::Own if places.len() > 1 => {
                let text = text();
                let mut rows = places.map(|place| self.row_at(place));
                let own = rows.find(|&row| self.arch_text(row).is_ok_and(|known| known == text));
                (own.unwrap_or(lowest), None)
            }
            _ => (lowest, None),
        };
        Answer { row, mean }
    }

    /// The value of a metric in an answer, `None` when there is none.
    ///
    /// # Panics
    ///
    /// When the column or the answer is not one of this table.
    #[must_use]
    pub fn answer_value(&self, column: Column, answer: &Answer) -> Option<f64> {
        let Some(places) = &answer.mean else {
            return self.value(column, answer.row);
        };
        let values = places.clone().map(|place| self.row_at(place));
        let (mut n, mut sum, mut last) = (0u32, 0.0, None);
        for value in values.filter_map(|row| self.value(column, row)) {
            n += 1;
            sum += value;
            last = Some(value);
        }
        if n > 1 {
            Some(sum / f64::from(n))
        } else {
            last
        }
    }

    /// What queries of each class return that do not say which of its architectures is meant, by ascending key.
    pub fn class_answers(&self) -> impl Iterator<Item = Answer> + '_ {
        let classes = self.classes();
        classes.map(|places| self.answer_of(places, String::new))
    }

    /// How much the rows of classes differ, which is noise of their trainings where they compute the same function.
    ///
    /// # Errors
    ///
    /// Which column is damaged.
    pub fn class_spread(&self) -> Result<ClassSpread, TableError> {
        let mut spread = ClassSpread::default();
        let columns = self.columns()?;
        let mut largest = vec![0.0f64; columns.len()];
        for places in self.classes().filter(|places| places.len() > 1) {
            spread.of_several_rows += 1;
            let rows: Vec<Row> = places.map(|place| self.row_at(place)).collect();
            let mut differs = false;
            for (&column, largest) in columns.iter().zip(&mut largest) {
                let first = self.value(column, rows[0]);
                let values = rows.iter().map(|&row| self.value(column, row));
                differs |= (values.clone()).any(|v| v.map(f64::to_bits) != first.map(f64::to_bits));
                let (least, most) = values.flatten().fold(
                    (f64::INFINITY, f64::NEG_INFINITY),
                    |(least, most), value| (least.min(value), most.max(value)),
                );
                if most > least {
                    *largest = largest.max(most - least);
                }
            }
            spread.differing += usize::from(differs);
        }
        spread.largest = (columns.into_iter().zip(largest))
            .filter(|(_, largest)| *largest > 0.0)
            .map(|(column, largest)| (self.info(column).name.clone(), largest))
            .collect();
        Ok(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_stored_as_they_are_written() {
        for (name, value) in ClassValue::ALL {
            assert_eq!(name.parse(), Ok(value));
            assert_eq!(value.to_string(), name);
            assert_eq!(
                serde_json::to_string(&value).unwrap(),
                format!("\"{name}\"")
            );
        }
        assert!("best".parse::<ClassValue>().is_err());
    }
}
