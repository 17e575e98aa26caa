//! The table that a conversion or an evaluation builds: architectures in memory, measurements in the spill.

use std::fs::File;
use std::io;
use std::path::Path;

use ganas_files::{Output, Target, folder_of};
use ganas_formats::SourceInfo;
use ganas_space::{Arch, ArchKey, SearchSpace};

use crate::class_value::ClassValue;
use crate::column_spill::ColumnSpill;
use crate::coverage;
use crate::error::TableError;
use crate::ipc_file::IpcFile;
use crate::key_order::{key_order, n_classes};
use crate::manifest::{EvaluatorInfo, FORMAT_VERSION, Manifest, RowOrder, SpaceDescription};
use crate::published_order::published_order;

/// More architectures than the format holds: their texts are longer than [`i32::MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {} architectures: the file is damaged, or not one of this benchmark",
    i32::MAX
)]
pub struct TooManyRows;

/// A table that grows by rows and measurements.
#[derive(Debug)]
pub struct Builder<'a> {
    space: &'a dyn SearchSpace,
    texts: String,
    /// The end of each text.
    ends: Vec<usize>,
    keys: Vec<ArchKey>,
    /// The measurements.
    pub spill: ColumnSpill,
    /// Who has evaluated, when it was done for this table.
    pub evaluator: Option<EvaluatorInfo>,
    /// The description of the space, when it is one of a user.
    pub description: Option<SpaceDescription>,
}

impl<'a> Builder<'a> {
    /// A table for this output, in whose folder it is spilled.
    pub fn new(space: &'a dyn SearchSpace, output: &Path) -> Self {
        Self {
            space,
            texts: String::new(),
            ends: Vec::new(),
            keys: Vec::new(),
            spill: ColumnSpill::new(folder_of(output)),
            evaluator: None,
            description: None,
        }
    }

    /// The space of the architectures.
    #[must_use]
    pub fn space(&self) -> &'a dyn SearchSpace {
        self.space
    }

    /// Rows so far.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.keys.len()
    }

    /// The class of a row.
    pub fn key(&self, row: u32) -> ArchKey {
        self.keys[row as usize]
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`TooManyRows`] when the texts no longer fit the format.
    pub fn row(&mut self, arch: &Arch) -> Result<u32, TooManyRows> {
        let row = u32::try_from(self.keys.len());
        self.texts.push_str(&self.space.encode(arch));
        let (Ok(row), true) = (row, i32::try_from(self.texts.len()).is_ok()) else {
            return Err(TooManyRows);
        };
        self.ends.push(self.texts.len());
        self.keys.push(self.space.key(arch));
        Ok(row)
    }

    fn text(&self, row: u32) -> &str {
        self.text_at(row as usize)
    }

    fn text_at(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[row]]
    }

    /// Writes the table.
    ///
    /// # Errors
    ///
    /// Why the output cannot be written.
    pub fn finish(
        self,
        key_column: &str,
        source: SourceInfo,
        target: &Target,
    ) -> Result<(Manifest, u64), TableError> {
        let mut output = Output::create(target)?;
        let written = self.write(key_column, source, output.file());
        let written = written.map_err(|error| output.error(error))?;
        output.commit()?;
        Ok(written)
    }

    fn write(
        self,
        key_column: &str,
        source: SourceInfo,
        out: &mut File,
    ) -> io::Result<(Manifest, u64)> {
        let n_rows = u32::try_from(self.keys.len()).map_err(io::Error::other)?;
        let (rows, row_order) = self.row_order(n_rows);
        let keys: Vec<ArchKey> = rows.iter().map(|&row| self.key(row)).collect();
        let key_of = |row: u32| keys[row as usize];
        let key_order = key_order(n_rows, key_of);
        let n_classes = n_classes(&key_order, key_of);
        let is_part = row_order == RowOrder::SourceFile;
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            space: self.space.name().to_owned(),
            key_column: key_column.to_owned(),
            n_rows,
            n_classes,
            row_order,
            ganas_version: env!("CARGO_PKG_VERSION").to_owned(),
            source,
            evaluator: self.evaluator.clone(),
            columns: self.spill.columns(),
            class_value: ClassValue::default(),
            space_classes: is_part.then(|| coverage::n_classes(self.space)).flatten(),
            space_size: self.space.size().filter(|_| is_part),
            description: self.description.clone(),
            skipped: Vec::new(),
        };

        let mut file = IpcFile::begin(out, &manifest, self.texts.len() as u64)?;
        file.write_texts(rows.iter().map(|&row| self.text(row)))?;
        file.write_keys(rows.iter().map(|&row| self.key(row).0))?;
        let mut first = 0;
        for family in self.spill.into_families() {
            let n_columns = family.n_columns();
            family.drain(rows.len(), |column, values| {
                let values = rows.iter().map(|&row| values[row as usize]);
                file.write_metric(first + column, values.map(|v| (!v.is_nan()).then_some(v)))
            })?;
            first += n_columns;
        }
        let bytes = file.finish(&key_order)?.metadata()?.len();
        Ok((manifest, bytes))
    }

    /// The rows in the order of the table.
    fn row_order(&self, n_rows: u32) -> (Vec<u32>, RowOrder) {
        let text = |row: usize| self.text_at(row);
        match published_order(self.space, self.keys.len(), text) {
            Some(rows) => (rows, RowOrder::PublishedIndex),
            None => ((0..n_rows).collect(), RowOrder::SourceFile),
        }
    }
}
