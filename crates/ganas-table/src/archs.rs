//! The architectures of a table that is imported, in the order of their rows.

use ganas_space::{ArchKey, SearchSpace};

use super::line_index::LineIndex;
use super::manifest::RowOrder;
use super::published_order::published_order;

/// The architectures of a file. They are numbered in the order of the file, and a table has them in that order or in
/// another one.
#[derive(Debug, Default)]
pub(crate) struct Archs {
    /// The texts as the space writes them, one after another.
    texts: String,
    /// The end of each text.
    ends: Vec<u32>,
    keys: Vec<ArchKey>,
    /// The first row of the file with each architecture, header not counted.
    first_rows: Vec<u32>,
    /// Architectures and further rows of the file with them: in the order of the rows while the file is read, and by
    /// architecture then.
    pub(crate) repeats: Vec<(u32, u32)>,
    /// Rows of architectures that an earlier row has.
    pub(crate) n_repeated: usize,
    /// The lines of the rows of the file.
    pub(crate) lines: LineIndex,
    /// The architecture of each row of the table, when that is not the order of the file.
    order: Option<Vec<u32>>,
}

impl Archs {
    /// Adds an architecture; none when the texts are longer than the format of a table holds.
    pub(crate) fn push(&mut self, first_row: u32, text: &str, key: ArchKey) -> Option<u32> {
        let end = i32::try_from(self.texts.len() + text.len()).ok()?;
        let arch = u32::try_from(self.keys.len()).ok()?;
        self.texts.push_str(text);
        self.ends.push(end.unsigned_abs());
        self.keys.push(key);
        self.first_rows.push(first_row);
        Some(arch)
    }

    /// The same, once all are there.
    pub(crate) fn finish(mut self) -> Self {
        // The rows of one architecture stay in their order.
        self.repeats.sort_unstable();
        self
    }

    /// Puts the rows of the table in the official order of the space, when it has one and all are there.
    pub(crate) fn in_row_order(&mut self, space: &dyn SearchSpace) -> RowOrder {
        let n_rows = self.keys.len();
        self.order = published_order(space, n_rows, |row| self.text_at(row));
        match self.order {
            None => RowOrder::SourceFile,
            Some(_) => RowOrder::PublishedIndex,
        }
    }

    /// The architectures by row of the table.
    pub(crate) fn by_row(&self) -> impl Iterator<Item = u32> + Clone {
        (0..self.n_rows()).map(|row| self.arch(row))
    }

    /// The number of rows of the table.
    pub(crate) fn n_rows(&self) -> u32 {
        u32::try_from(self.keys.len()).expect("invariant: architectures are numbered by u32")
    }

    /// The architecture of a row of the table.
    pub(crate) fn arch(&self, row: u32) -> u32 {
        (self.order.as_ref()).map_or(row, |order| order[row as usize])
    }

    pub(crate) fn text(&self, arch: u32) -> &str {
        self.text_at(arch as usize)
    }

    fn text_at(&self, arch: usize) -> &str {
        let start = arch.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start as usize..self.ends[arch] as usize]
    }

    /// The bytes of all texts.
    pub(crate) fn text_bytes(&self) -> u64 {
        self.texts.len() as u64
    }

    pub(crate) fn key(&self, arch: u32) -> ArchKey {
        self.keys[arch as usize]
    }

    /// The first row of the file with the architecture.
    pub(crate) fn first_row(&self, arch: u32) -> u32 {
        self.first_rows[arch as usize]
    }

    /// All rows of the file with the architecture whose values are kept.
    pub(crate) fn source_rows(&self, arch: u32) -> impl Iterator<Item = usize> {
        let start = self.repeats.partition_point(|(other, _)| *other < arch);
        let further = self.repeats[start..].iter();
        let further = further.take_while(move |(other, _)| *other == arch);
        let first = self.first_row(arch) as usize;
        std::iter::once(first).chain(further.map(|(_, row)| *row as usize))
    }
}
