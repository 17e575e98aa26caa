//! An open table: a memory-mapped file whose columns are used in place.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_array::{Array, FixedSizeBinaryArray, Float64Array, RecordBatch, UInt32Array};
use bytes::Bytes;
use ganas_eval::{Direction, MetricMeaning, MetricOverrides};
use ganas_space::ArchKey;

use crate::error::{TableError, TableProblem};
use ganas_space::suggestion::closest;

use super::checksums::Checksums;
use super::class_value::ClassValue;
use super::container::{self, Container, Places};
use super::manifest::{ColumnInfo, KEY_COLUMN, KEY_ORDER_COLUMN, Manifest};
use super::mapping;
use super::skipped;
use super::texts::Texts;
use ganas_formats::source::sha256_hex;

/// The number of a row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(u32);

impl Row {
    /// The number, counted from 0; the official index when [`Manifest::row_order`] says so.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A metric column of the table that gave it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column(usize);

/// A benchmark table.
///
/// The rows are architectures as text. Several rows can have the same key; what a query returns then is chosen with the
/// table, see [`ClassValue`] and [`answer`](Self::answer).
///
/// [`Row`] and [`Column`] handles belong to the table that gave them out; with another table, methods return the
/// values of that table or panic.
pub struct Table {
    /// Of each metric.
    meanings: Vec<MetricMeaning>,
    path: PathBuf,
    bytes: Bytes,
    manifest: Manifest,
    archs: Texts,
    keys: FixedSizeBinaryArray,
    metrics: Vec<Float64Array>,
    key_order: UInt32Array,
    places: Places,
    checksums: Option<Checksums>,
    checksum_kind: ChecksumKind,
}

/// What a table can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumKind {
    /// A CRC-32C for so many bytes each.
    Blocks(usize),
    /// One of all bytes, which were compared: a table inside the program.
    Whole,
    /// None: the file has an old version of the format.
    None,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("path", &self.path)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Opens a table file that [`import`](super::import) wrote. The file is mapped, not read: do not edit or truncate
    /// it in place while it is open. Replacing it, as an import does, is safe.
    ///
    /// # Errors
    ///
    /// Why the file is not such a table, or which part of it is damaged. The layout and the key index are compared with the
    /// checksums of the file, the rest is when it is asked for; [`verify`](Self::verify) compares all of it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let path = path.as_ref();
        let bytes = mapping::map(path)
            .map_err(|source| TableProblem::OpenTable { source }.in_file(path))?;
        Self::from_bytes(path, bytes)
    }

    pub(crate) fn from_bytes(path: &Path, bytes: Bytes) -> Result<Self, TableError> {
        let Container {
            manifest,
            archs,
            batch,
            places,
            checksums,
        } = container::read(path, &bytes)?;
        let table = Self {
            meanings: manifest.columns.iter().map(ColumnInfo::meaning).collect(),
            path: path.to_owned(),
            bytes,
            archs,
            keys: column(path, &batch, KEY_COLUMN, 0)?,
            metrics: manifest
                .columns
                .iter()
                .zip(1..)
                .map(|(info, index)| column(path, &batch, &info.name, index))
                .collect::<Result<_, _>>()?,
            key_order: column(path, &batch, KEY_ORDER_COLUMN, 1 + manifest.columns.len())?,
            manifest,
            places,
            checksum_kind: match &checksums {
                Some(checksums) => ChecksumKind::Blocks(checksums.block_bytes()),
                None => ChecksumKind::None,
            },
            checksums,
        };
        table.check_key_order()?;
        if table.manifest.class_value == ClassValue::Own {
            // Texts say which row answers a query.
            table.check(table.places.texts())?;
        }
        Ok(table)
    }

    /// Checks that `key_order` lists every row once, by ascending key and then by row.
    ///
    /// Strictly ascending pairs are all different, and as many different rows as there are is every row.
    fn check_key_order(&self) -> Result<(), TableError> {
        let mut previous: Option<(ArchKey, u32)> = None;
        let mut n_classes = 0u32;
        for (position, &row) in self.key_order.values().iter().enumerate() {
            let entry = ((row as usize) < self.n_rows()).then(|| (self.key(Row(row)), row));
            match (previous, entry) {
                (_, Some(entry)) if previous.is_none_or(|previous| previous < entry) => {
                    n_classes += u32::from(previous.is_none_or(|(key, _)| key != entry.0));
                    previous = Some(entry);
                }
                _ => {
                    return Err(TableProblem::BadKeyOrder { position }.in_file(&self.path));
                }
            }
        }
        if n_classes != self.manifest.n_classes {
            return Err(TableProblem::BadManifest {
                reason: format!(
                    "it says {} classes, the keys make {n_classes}",
                    self.manifest.n_classes
                ),
            }
            .in_file(&self.path));
        }
        Ok(())
    }

    /// What the table says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file for people: that which it was imported from, too, when its name differs.
    #[must_use]
    pub fn title(&self) -> String {
        let source = &self.manifest.source.file;
        let is_named = self.path.file_stem() == Path::new(source).file_stem();
        if is_named || source.is_empty() {
            self.path.display().to_string()
        } else {
            format!("{source} (imported as {})", self.path.display())
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.archs.len()
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row> + use<> {
        // The manifest agrees with the number of rows, see `container::read`.
        (0..self.manifest.n_rows).map(Row)
    }

    /// The row with this number.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<Row> {
        u32::try_from(index)
            .ok()
            .filter(|&row| row < self.manifest.n_rows)
            .map(Row)
    }

    /// The lowest of the rows with this key, which is the lowest official index in a table in that order. `None` when the
    /// class is not in the table. [`answer`](Self::answer) says what a query returns.
    #[must_use]
    pub fn row_of(&self, key: ArchKey) -> Option<Row> {
        Some(self.row_at(self.first_place_of(key)?))
    }

    fn first_place_of(&self, key: ArchKey) -> Option<usize> {
        let order = self.key_order.values();
        let place = order.partition_point(|&row| self.key(Row(row)) < key);
        (self.key(Row(*order.get(place)?)) == key).then_some(place)
    }

    /// The places of the rows of a class in the index by key.
    pub(crate) fn places_of(&self, key: ArchKey) -> Option<Range<usize>> {
        Some(self.class_from(self.first_place_of(key)?))
    }

    /// The places of the class that begins at a place.
    fn class_from(&self, start: usize) -> Range<usize> {
        let key = self.key(self.row_at(start));
        let order = &self.key_order.values()[start..];
        let n = order.iter().take_while(|&&row| self.key(Row(row)) == key);
        start..start + n.count()
    }

    /// The places of each class, by ascending key.
    pub(crate) fn classes(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let class = (next < self.n_rows()).then(|| self.class_from(next))?;
            next = class.end;
            Some(class)
        })
    }

    /// The row at a place of the index by key.
    pub(crate) fn row_at(&self, place: usize) -> Row {
        Row(self.key_order.values()[place])
    }

    /// The architecture of a row, in the text form of the space; the replacement character, which no space reads, where a
    /// file without checksums is damaged.
    ///
    /// # Errors
    ///
    /// The text is damaged.
    ///
    /// # Panics
    ///
    /// When the row is not one of this table.
    pub fn arch_text(&self, row: Row) -> Result<&str, TableError> {
        let (start, place) = (self.places.texts().start, self.archs.place(row.index()));
        self.check(start + place.start..start + place.end)?;
        Ok(self.archs.get(row.index()))
    }

    /// Compares a part of the file with its checksums, unless that was done.
    fn check(&self, range: Range<usize>) -> Result<(), TableError> {
        let Some(checksums) = &self.checksums else {
            return Ok(());
        };
        let checked = checksums.check(&self.bytes, range);
        checked.map_err(|problem| problem.in_file(&self.path))
    }

    /// Compares the whole file with its checksums.
    ///
    /// # Errors
    ///
    /// Which part of it is damaged.
    pub fn verify(&self) -> Result<(), TableError> {
        let checked = (self.checksums.as_ref()).map(|checksums| checksums.check_all(&self.bytes));
        checked
            .unwrap_or(Ok(()))
            .map_err(|problem| problem.in_file(&self.path))
    }

    /// What the file can be compared with.
    #[must_use]
    pub fn checksums(&self) -> ChecksumKind {
        self.checksum_kind
    }

    /// The same table, whose bytes were compared with one checksum.
    pub(crate) fn compared_as_a_whole(self) -> Self {
        Self {
            checksum_kind: ChecksumKind::Whole,
            ..self
        }
    }

    /// The class of the architecture of a row.
    ///
    /// # Panics
    ///
    /// When the row is not one of this table.
    #[must_use]
    pub fn key(&self, row: Row) -> ArchKey {
        // Faster than `FixedSizeBinaryArray::value`, and opening a table looks at every key.
        let (keys, _) = self.keys.value_data().as_chunks();
        let bytes = keys[self.keys.offset() + row.index()];
        ArchKey(u128::from_be_bytes(bytes))
    }

    /// The metric with this name, whose values are compared with the checksums of the file.
    ///
    /// # Errors
    ///
    /// [`TableError::UnknownMetric`], with the closest name when one is close, or the column is damaged.
    pub fn column(&self, name: &str) -> Result<Column, TableError> {
        let names = || self.manifest.columns.iter().map(|c| c.name.as_str());
        let index = names().position(|known| known == name);
        let index = index.ok_or_else(|| TableError::UnknownMetric {
            name: name.to_owned(),
            suggestion: closest(name, names()),
            skipped: skipped::reason(&self.manifest.skipped, name),
            known: names().collect::<Vec<_>>().join(", "),
        })?;
        self.checked(index)
    }

    /// All metrics, in order; their values are compared with the checksums of the file.
    ///
    /// # Errors
    ///
    /// Which column is damaged.
    pub fn columns(&self) -> Result<Vec<Column>, TableError> {
        (0..self.metrics.len())
            .map(|index| self.checked(index))
            .collect()
    }

    /// A column handle is given out only for values that are what was written, so that a look-up need not ask.
    fn checked(&self, index: usize) -> Result<Column, TableError> {
        for range in self.places.metric(index) {
            self.check(range.clone())?;
        }
        Ok(Column(index))
    }

    /// What is known about a metric.
    ///
    /// # Panics
    ///
    /// When the column is not one of this table.
    #[must_use]
    pub fn info(&self, column: Column) -> &ColumnInfo {
        &self.manifest.columns[column.0]
    }

    /// The name of each metric and what it means, in order.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &MetricMeaning)> {
        let names = self.manifest.columns.iter().map(|info| &*info.name);
        names.zip(&self.meanings)
    }

    /// What a metric means, as it was declared or read from its name.
    ///
    /// # Panics
    ///
    /// When the column is not one of this table.
    #[must_use]
    pub fn meaning(&self, column: Column) -> &MetricMeaning {
        &self.meanings[column.0]
    }

    /// The same table, of which the user declares something else than the file does.
    #[must_use]
    pub fn declared(mut self, overrides: &MetricOverrides) -> Self {
        for (meaning, info) in self.meanings.iter_mut().zip(&self.manifest.columns) {
            overrides.apply(&info.name, meaning);
        }
        self
    }

    /// The value of a metric, `None` when there is none.
    ///
    /// # Panics
    ///
    /// When the column or the row is not one of this table.
    #[must_use]
    pub fn value(&self, column: Column, row: Row) -> Option<f64> {
        let values = &self.metrics[column.0];
        let value = values
            .is_valid(row.index())
            .then(|| values.value(row.index()))?;
        (self.meanings[column.0].missing != Some(value)).then_some(value)
    }

    /// The seconds that the official interface charges for a query of this metric, `None` when they are not known:
    /// simulated time.
    ///
    /// # Errors
    ///
    /// The column of the seconds is damaged.
    ///
    /// # Panics
    ///
    /// When the column or the row is not one of this table.
    pub fn query_time(&self, column: Column, row: Row) -> Result<Option<f64>, TableError> {
        let name = self.info(column).query_time.as_deref();
        let names = || self.manifest.columns.iter().map(|c| c.name.as_str());
        let index = name.and_then(|name| names().position(|known| known == name));
        let Some(index) = index else { return Ok(None) };
        Ok(self.value(self.checked(index)?, row))
    }

    /// The best value of a metric over all rows, `None` when there are no values, or when it is not known which are better.
    ///
    /// This is the published optimum of a benchmark. Where rows of one class differ it can be out of reach of
    /// queries, which see one row of each class: see [`query_best`](Self::query_best).
    ///
    /// # Panics
    ///
    /// When the column is not one of this table.
    #[must_use]
    pub fn best(&self, column: Column) -> Option<f64> {
        let direction = self.meaning(column).direction?;
        best(
            direction,
            self.rows().filter_map(|row| self.value(column, row)),
        )
    }

    /// The best value of a metric that a query can return, see [`ClassValue`].
    ///
    /// # Panics
    ///
    /// When the column is not one of this table.
    #[must_use]
    pub fn query_best(&self, column: Column) -> Option<f64> {
        let direction = self.meaning(column).direction?;
        match self.manifest.class_value {
            ClassValue::First => {
                let values = self.class_rows();
                best(direction, values.filter_map(|row| self.value(column, row)))
            }
            ClassValue::Mean => {
                let answers = self.class_answers();
                let values = answers.filter_map(|answer| self.answer_value(column, &answer));
                best(direction, values)
            }
            ClassValue::Own => self.best(column),
        }
    }

    /// The lowest row of each class, by ascending key.
    pub fn class_rows(&self) -> impl Iterator<Item = Row> + '_ {
        let mut previous = None;
        self.key_order.values().iter().filter_map(move |&row| {
            let key = self.key(Row(row));
            let first = previous != Some(key);
            previous = Some(key);
            first.then_some(Row(row))
        })
    }

    /// The sha256 of the table file in hexadecimal, computed on every call, after [`verify`](Self::verify): the fingerprint of a
    /// damaged file is not one to record.
    ///
    /// # Errors
    ///
    /// Which part of the file is damaged.
    pub fn sha256(&self) -> Result<String, TableError> {
        self.verify()?;
        Ok(sha256_hex(&self.bytes))
    }
}

#[cfg(test)]
impl Table {
    pub(crate) fn key_order_for_tests(&self) -> Vec<u32> {
        self.key_order.values().to_vec()
    }

    /// The same table, whose texts do not agree with their checksums.
    pub(crate) fn with_damaged_texts_for_tests(mut self) -> Self {
        let place = self.places.texts().start;
        let mut bytes = self.bytes.to_vec();
        bytes[place] ^= 1;
        self.bytes = Bytes::from(bytes);
        if let Some(checksums) = &mut self.checksums {
            checksums.forget_for_tests();
        }
        self
    }

    pub(crate) fn bytes_for_tests(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the values of each column begin.
    pub(crate) fn column_bytes_for_tests(&self) -> Vec<*const u8> {
        let mut places = vec![
            self.archs.bytes_for_tests(),
            self.keys.value_data().as_ptr(),
            self.key_order.values().inner().as_ptr(),
        ];
        places.extend(self.metrics.iter().map(|m| m.values().inner().as_ptr()));
        places
    }
}

fn best(direction: Direction, values: impl Iterator<Item = f64>) -> Option<f64> {
    values.max_by(|a, b| direction.compare(*a, *b))
}

/// A column of a batch whose schema has been checked, as its own type.
fn column<A: Array + Clone + 'static>(
    path: &Path,
    batch: &RecordBatch,
    name: &str,
    index: usize,
) -> Result<A, TableError> {
    let bad = |expected: &str, found: String| {
        TableProblem::BadColumn {
            column: name.to_owned(),
            expected: expected.to_owned(),
            found,
        }
        .in_file(path)
    };
    let array = batch.column(index);
    let nullable = batch.schema_ref().field(index).is_nullable();
    if !nullable && array.null_count() != 0 {
        return Err(bad("no nulls", format!("{} nulls", array.null_count())));
    }
    array
        .as_any()
        .downcast_ref::<A>()
        .cloned()
        .ok_or_else(|| bad("the type of the schema", array.data_type().to_string()))
}
