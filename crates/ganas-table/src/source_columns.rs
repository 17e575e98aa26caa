//! The columns of a file that is imported, beside those of its architectures.

use std::path::Path;

use crate::error::{ImportProblem, TableError};
use ganas_space::suggestion::closest;

use super::column_reader::{ColumnReader, Content, InfiniteColumn, NumberColumn};
use super::manifest::{ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN};
use super::skipped::{SkipReason, SkippedColumn};

/// The columns of a file. Those of numbers have one entry for each row.
#[derive(Debug)]
pub(crate) struct SourceColumns {
    /// The columns of numbers, in file order.
    pub(crate) columns: Vec<NumberColumn>,
    /// The other columns.
    pub(crate) skipped: Vec<SkippedColumn>,
    /// Columns that would be of numbers, but for one that is not finite.
    pub(crate) infinite: Vec<InfiniteColumn>,
}

impl SourceColumns {
    /// Puts the columns into those of numbers and the others.
    pub(crate) fn collect(readers: impl IntoIterator<Item = ColumnReader>) -> Self {
        let mut read = Self {
            columns: Vec::new(),
            skipped: Vec::new(),
            infinite: Vec::new(),
        };
        for reader in readers {
            match reader.finish() {
                Content::Numbers(column) => read.columns.push(column),
                Content::Other(skipped) => read.skipped.push(skipped),
                Content::Infinite(infinite) => read.infinite.push(infinite),
            }
        }
        read
    }

    /// Takes out the columns that are not wanted, whatever they hold.
    pub(crate) fn ignore(&mut self, file: &Path, names: &[String]) -> Result<(), TableError> {
        for name in names {
            let n_before = self.n_columns();
            self.columns.retain(|column| column.name != *name);
            self.skipped.retain(|column| column.name != *name);
            self.infinite.retain(|column| column.name != *name);
            if self.n_columns() == n_before {
                let known: Vec<&str> = self.names().collect();
                return Err(ImportProblem::NothingToIgnore {
                    column: name.clone(),
                    suggestion: closest(name, known.iter().copied()),
                    known: known.join(", "),
                }
                .in_file(file));
            }
        }
        let ignored = names.iter().map(|name| SkippedColumn {
            name: name.clone(),
            reason: SkipReason::Ignored,
        });
        self.skipped.extend(ignored);
        Ok(())
    }

    /// Checks that what is left can be the metrics of a table.
    pub(crate) fn check(&self, file: &Path) -> Result<(), TableError> {
        if let Some(infinite) = self.infinite.first() {
            return Err(ImportProblem::NonFinite {
                line: infinite.line,
                column: infinite.name.clone(),
                text: infinite.text.clone(),
            }
            .in_file(file));
        }
        if let Some(reserved) = (self.columns.iter())
            .find(|c| [ARCH_COLUMN, KEY_COLUMN, KEY_ORDER_COLUMN].contains(&c.name.as_str()))
        {
            let column = reserved.name.clone();
            return Err(ImportProblem::ReservedColumn { column }.in_file(file));
        }
        if self.columns.is_empty() {
            let skipped: Vec<String> = self.skipped.iter().map(ToString::to_string).collect();
            return Err(ImportProblem::NoMetricColumn {
                skipped: skipped.join("; "),
            }
            .in_file(file));
        }
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().map(|column| &*column.name);
        let skipped = self.skipped.iter().map(|column| &*column.name);
        let infinite = self.infinite.iter().map(|column| &*column.name);
        columns.chain(skipped).chain(infinite)
    }

    fn n_columns(&self) -> usize {
        self.names().count()
    }
}
