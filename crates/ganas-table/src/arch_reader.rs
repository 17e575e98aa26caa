//! The architectures of a file while it is read: decoded in batches, and each text kept once.

use std::hash::{BuildHasher, RandomState};

use ganas_space::{ArchKey, SearchSpace, SpaceError};
use hashbrown::HashTable;
use rayon::prelude::*;

use crate::error::{ImportProblem, TableError};

use super::archs::Archs;
use super::import::ImportRequest;
use super::line_index::LineIndex;
use super::repeats::Repeats;
use super::source_columns::SourceColumns;

/// Rows whose architectures are decoded together, on all threads.
const DECODED_TOGETHER: usize = 1 << 14;

/// The texts of the architectures of some rows.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    texts: String,
    /// The end of each text.
    ends: Vec<usize>,
    /// The line of each row.
    lines: Vec<u64>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.ends.len() >= DECODED_TOGETHER
    }

    pub(crate) fn clear(&mut self) {
        self.texts.clear();
        self.ends.clear();
        self.lines.clear();
    }

    /// Adds a row, whose text `write` appends; returns the text.
    pub(crate) fn push(&mut self, line: u64, write: impl FnOnce(&mut String)) -> &str {
        let start = self.texts.len();
        write(&mut self.texts);
        self.ends.push(self.texts.len());
        self.lines.push(line);
        &self.texts[start..]
    }

    /// The line and the text of each row.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> Vec<(u64, String)> {
        let texts = (0..self.ends.len()).map(|place| self.text(place).to_owned());
        self.lines.iter().copied().zip(texts).collect()
    }

    fn text(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[place]]
    }
}

/// The architectures of a file that is being read.
///
/// What is wrong with one is kept until the file has been read, since what is wrong with the file comes first.
pub(crate) struct ArchReader<'s> {
    space: &'s dyn SearchSpace,
    repeats: Repeats,
    /// Rows that were pushed one by one, and are not decoded yet.
    pending: Batch,
    archs: Archs,
    /// The architectures by the hash of their text.
    known: HashTable<Known>,
    hasher: RandomState,
    problem: Option<Problem>,
    /// The line of the first text that tells its form, where a space has several, and the name of the form.
    told: Option<(u64, &'static str)>,
}

/// Why no further architectures are taken in.
enum Problem {
    Undecodable { row: usize, error: SpaceError },
    TooLarge { what: &'static str, limit: u32 },
}

/// An architecture of the space.
struct Decoded {
    /// The text as the space writes it.
    text: String,
    hash: Hash,
    key: ArchKey,
}

/// The hash of a text, of which enough is kept that texts are seldom compared, and never hashed again.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hash(u32);

impl Hash {
    fn of(hash: u64) -> Self {
        // The upper half.
        Self(u32::try_from(hash >> u32::BITS).unwrap_or_default())
    }

    /// The same for a table, which looks at the upper and at the lower bits of 64.
    fn spread(self) -> u64 {
        u64::from(self.0) << u32::BITS | u64::from(self.0)
    }
}

/// An architecture that is known.
struct Known {
    arch: u32,
    hash: Hash,
}

impl<'s> ArchReader<'s> {
    /// Of further rows of one architecture those are kept that `repeats` needs.
    pub(crate) fn new(space: &'s dyn SearchSpace, repeats: Repeats) -> Self {
        Self {
            space,
            repeats,
            pending: Batch::default(),
            archs: Archs::default(),
            known: HashTable::new(),
            hasher: RandomState::new(),
            problem: None,
            told: None,
        }
    }

    /// Adds a row, for readers that have one row at a time.
    pub(crate) fn push(&mut self, line: u64, text: &str) {
        self.pending.push(line, |texts| texts.push_str(text));
        if self.pending.is_full() {
            self.decode_pending();
        }
    }

    /// Takes in what was pushed last, once everything was.
    pub(crate) fn decode_pending(&mut self) {
        let mut batch = std::mem::take(&mut self.pending);
        self.decode(&batch);
        batch.clear();
        self.pending = batch;
    }

    /// Adds the rows of a batch.
    pub(crate) fn decode(&mut self, batch: &Batch) {
        let first_row = self.archs.lines.n_rows();
        (batch.lines.iter()).for_each(|&line| self.archs.lines.push(line));
        let space = self.space;
        let places = 0..batch.ends.len();
        if self.told.is_none() && !space.text_forms().is_empty() {
            self.told = places.clone().find_map(|place| {
                let form = space.form_of(batch.text(place))?;
                Some((batch.lines[place], form.name))
            });
        }
        if self.problem.is_some() {
            return;
        }
        let hasher = &self.hasher;
        let decoded: Vec<Result<Decoded, SpaceError>> = places
            .into_par_iter()
            .map(|place| {
                let arch = space.decode(batch.text(place))?;
                let text = space.encode(&arch);
                Ok(Decoded {
                    hash: Hash::of(hasher.hash_one(&text)),
                    text,
                    key: space.key(&arch),
                })
            })
            .collect();
        for (row, decoded) in (first_row..).zip(decoded) {
            let added = match decoded {
                Ok(decoded) => self.add(row, &decoded),
                Err(error) => Err(Problem::Undecodable { row, error }),
            };
            if let Err(problem) = added {
                self.problem = Some(problem);
                return;
            }
        }
    }

    fn add(&mut self, row: usize, decoded: &Decoded) -> Result<(), Problem> {
        let Self { archs, known, .. } = self;
        let hash = decoded.hash;
        let row = u32::try_from(row).map_err(|_| Problem::TooLarge {
            what: "rows",
            limit: u32::MAX,
        })?;
        let is_same = |known: &Known| known.hash == hash && archs.text(known.arch) == decoded.text;
        if let Some(&Known { arch: first, .. }) = known.find(hash.spread(), is_same) {
            archs.n_repeated += 1;
            if self.repeats != Repeats::First {
                archs.repeats.push((first, row));
            }
            return Ok(());
        }
        let arch = archs.push(row, &decoded.text, decoded.key);
        // The offsets of an Arrow string column are signed 32-bit numbers.
        let arch = arch.ok_or(Problem::TooLarge {
            what: "bytes of architecture texts",
            limit: i32::MAX.unsigned_abs(),
        })?;
        known.insert_unique(hash.spread(), Known { arch, hash }, |known| {
            known.hash.spread()
        });
        Ok(())
    }

    /// The lines of the rows that were taken in.
    pub(crate) fn lines(&self) -> &LineIndex {
        &self.archs.lines
    }

    /// All architectures, of which those with several rows are what the request says.
    pub(crate) fn finish(
        self,
        request: &ImportRequest,
        source: &SourceColumns,
    ) -> Result<Archs, TableError> {
        if self.repeats == Repeats::Error {
            check_same_values(request, source, &self.archs)?;
        }
        match self.problem {
            None => Ok(self.archs.finish()),
            Some(Problem::TooLarge { what, limit }) => Err(ImportProblem::TooLarge {
                what,
                limit: limit.into(),
            }
            .in_file(&request.source)),
            Some(Problem::Undecodable { row, error }) => Err(ImportProblem::BadArch {
                line: self.archs.lines.line(row),
                column: request.key_column.clone(),
                source: Box::new(decided_by_file(error, self.told)),
            }
            .in_file(&request.source)),
        }
    }
}

/// The error about a text of several possible forms, with the form that another text of the file must be of.
fn decided_by_file(error: SpaceError, told: Option<(u64, &str)>) -> SpaceError {
    match (error, told) {
        (
            SpaceError::UndecidedText {
                space,
                text,
                why,
                forms,
            },
            Some((line, form)),
        ) => SpaceError::UndecidedText {
            space,
            text,
            why: format!("{why} (line {line} of this file can only be of the form `{form}`)"),
            forms,
        },
        (error, _) => error,
    }
}

/// Checks that further rows of an architecture have the values of its first.
fn check_same_values(
    request: &ImportRequest,
    source: &SourceColumns,
    archs: &Archs,
) -> Result<(), TableError> {
    for &(arch, row) in &archs.repeats {
        let rows = [archs.first_row(arch), row].map(|row| row as usize);
        for column in &source.columns {
            let [first, second] = rows.map(|row| column.values.get(row));
            if first.map(f64::to_bits) != second.map(f64::to_bits) {
                let [first_line, second_line] = rows.map(|row| archs.lines.line(row));
                return Err(ImportProblem::ConflictingRows {
                    first_line,
                    second_line,
                    arch: archs.text(arch).to_owned(),
                    column: column.name.clone(),
                    first,
                    second,
                }
                .in_file(&request.source));
            }
        }
    }
    Ok(())
}
