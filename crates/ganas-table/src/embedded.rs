//! The tables inside the program, so that a search can be tried without any file.
//!
//! They were made with `ganas table build` and the evaluator in `examples/digits`; docs/results/digits.md says how, and
//! `cargo xtask reproduce digits-table` makes them again.

use std::path::Path;

use bytes::Bytes;

use crate::TableError;
use crate::error::TableProblem;

use super::open::Table;

/// A table inside the program.
#[derive(Clone, Copy, Debug)]
pub struct Embedded {
    /// What it is called where a file could be named.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Unique queries of a search on it that leave most of it unseen.
    pub budget: u32,
    bytes: &'static [u8],
    /// The CRC-32C of the bytes: the program may have been damaged since it was built.
    crc32c: u32,
}

/// All of them; the first is searched when nothing is named.
pub const EMBEDDED: &[Embedded] = &[
    Embedded {
        name: "digits-5",
        about: "all 2532 NAS-Bench-101 cells of at most 5 vertices, each trained three times on handwritten digits",
        budget: 150,
        bytes: &DIGITS_5.0,
        crc32c: 0x260f_9cf7,
    },
    Embedded {
        name: "digits-4",
        about: "all 91 NAS-Bench-101 cells of at most 4 vertices, each trained three times on handwritten digits",
        budget: 40,
        bytes: &DIGITS_4.0,
        crc32c: 0xc2ad_7b67,
    },
];

/// Columns are used in place, so they must lie where numbers can.
#[repr(C, align(64))]
struct Aligned<T>(T);

static DIGITS_5: Aligned<[u8; include_bytes!("../data/digits-5.arrow").len()]> =
    Aligned(*include_bytes!("../data/digits-5.arrow"));

static DIGITS_4: Aligned<[u8; include_bytes!("../data/digits-4.arrow").len()]> =
    Aligned(*include_bytes!("../data/digits-4.arrow"));

impl Embedded {
    /// The table of this name; none when there is no such table.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        EMBEDDED.iter().copied().find(|table| table.name == name)
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// The program is damaged, or was built with a damaged file.
    pub fn open(self) -> Result<Table, TableError> {
        let path = Path::new(self.name);
        let found = crc32c::crc32c(self.bytes);
        if found != self.crc32c {
            return Err(TableProblem::Checksum {
                part: "the table inside the program".to_owned(),
                start: 0,
                end: self.bytes.len(),
                expected: self.crc32c,
                found,
            }
            .in_file(path));
        }
        let table = Table::from_bytes(path, Bytes::from_static(self.bytes))?;
        Ok(table.compared_as_a_whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChecksumKind, RowOrder};

    #[test]
    fn every_table_is_complete() {
        for embedded in EMBEDDED {
            let table = embedded.open().unwrap();
            let space = ganas_space::by_name(&table.manifest().space).unwrap();
            assert_eq!(table.manifest().row_order, RowOrder::PublishedIndex);
            assert_eq!(Some(table.n_rows() as u64), space.size());
            assert!(embedded.about.contains(&table.n_rows().to_string()));
            assert!((embedded.budget as usize) < table.n_rows());
            for column in table.columns().unwrap() {
                assert!(table.rows().all(|row| table.value(column, row).is_some()));
            }
            for row in table.rows() {
                let arch = space.decode(table.arch_text(row).unwrap()).unwrap();
                assert_eq!(space.key(&arch), table.key(row));
            }
            let evaluator = table.manifest().evaluator.as_ref().unwrap();
            assert_eq!(evaluator.command, "python examples/digits/train.py");
        }
    }

    /// A benchmark, and not noise.
    #[test]
    fn the_architecture_explains_most_of_every_metric() {
        for embedded in EMBEDDED {
            for noise in embedded.open().unwrap().noise().unwrap() {
                assert_eq!(noise.seeds, 3);
                assert!(noise.spearman.unwrap() > 0.8, "{noise:?}");
                assert!(noise.share.unwrap() > 0.8, "{noise:?}");
            }
        }
    }

    /// The cells of the small table are part of the large one, with the same trainings.
    #[test]
    fn the_tables_agree() {
        let [large, small] = [EMBEDDED[0], EMBEDDED[1]].map(|embedded| embedded.open().unwrap());
        for row in small.rows() {
            let same = large.row_of(small.key(row)).unwrap();
            for column in small.columns().unwrap() {
                let name = &small.info(column).name;
                let other = large.column(name).unwrap();
                let values = [small.value(column, row), large.value(other, same)];
                assert_eq!(
                    values[0].map(f64::to_bits),
                    values[1].map(f64::to_bits),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn every_flipped_bit_is_an_error() {
        let embedded = Embedded::named("digits-4").unwrap();
        assert_eq!(embedded.open().unwrap().checksums(), ChecksumKind::Whole);
        for place in (0..8 * embedded.bytes.len()).step_by(101) {
            let mut bytes = embedded.bytes.to_vec();
            bytes[place / 8] ^= 1 << (place % 8);
            let bytes: &'static [u8] = Box::leak(bytes.into_boxed_slice());
            let error = Embedded { bytes, ..embedded }.open().unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("digits-4: the table inside the program is damaged")
            );
            if place > 100_000 {
                break;
            }
        }
    }

    #[test]
    fn names_are_found() {
        assert_eq!(Embedded::named("digits-4").unwrap().name, "digits-4");
        assert!(Embedded::named("digits").is_none());
    }
}
