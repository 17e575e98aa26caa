//! Every flipped bit of a table file is found, wherever it is.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ganas_eval::{Direction, EvalError, Evaluator as _, MetricOverrides, Query};
use ganas_space::SearchSpace;

use super::*;
use crate::{ChecksumKind, Manifest, TableEvaluator};

/// A table with missing values and classes of several rows.
const SMALL: &str = "arch,valid,params\nid>id>id,50,\nconv>conv>id,60,1\nid>conv>conv,70,2\n";

/// What a table answers, all of it.
#[derive(Debug, PartialEq)]
struct Answers {
    manifest: Manifest,
    rows: Vec<Answer>,
}

/// The text, the key, the row of the key, and the bits of all values.
type Answer = (String, u128, Option<usize>, Vec<Option<u64>>);

fn answers(table: &Table) -> Result<Answers, TableError> {
    let columns = table.columns()?;
    let rows = table.rows().map(|row| {
        let values = columns.iter().map(|&column| table.value(column, row));
        Ok((
            table.arch_text(row)?.to_owned(),
            table.key(row).0,
            table.row_of(table.key(row)).map(|row| row.index()),
            values.map(|value| value.map(f64::to_bits)).collect(),
        ))
    });
    Ok(Answers {
        manifest: table.manifest().clone(),
        rows: rows.collect::<Result<_, TableError>>()?,
    })
}

/// Opens the bytes of a table after a change: an error that names the file, or the answers before it; and
/// [`Table::verify`] finds it in any case.
#[track_caller]
fn check(bytes: &[u8], expected: &Answers, what: &str) {
    let named = |error: TableError| {
        let message = error.to_string();
        assert!(message.starts_with("damaged.arrow: "), "{what}: {message}");
        assert!(message.contains("again"), "{what}: {message}");
    };
    let table = match Table::from_bytes(Path::new("damaged.arrow"), aligned(bytes)) {
        Ok(table) => table,
        Err(error) => return named(error),
    };
    match answers(&table) {
        Ok(answers) => assert_eq!(&answers, expected, "{what}"),
        Err(error) => named(error),
    }
    named(table.verify().expect_err(what));
    assert!(table.sha256().is_err());
}

/// Bytes that lie as those of a mapped file do.
fn aligned(bytes: &[u8]) -> Bytes {
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_ne_bytes(padded);
    }
    Bytes::from_owner(arrow_buffer::Buffer::from_vec(words)).slice(0..bytes.len())
}

/// Flips every `step`-th bit.
fn flip_all(bytes: &[u8], step: usize) {
    let table = Table::from_bytes(Path::new("good.arrow"), aligned(bytes)).unwrap();
    table.verify().unwrap();
    let expected = answers(&table).unwrap();
    for bit in (0..8 * bytes.len()).step_by(step) {
        let mut damaged = bytes.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        check(
            &damaged,
            &expected,
            &format!("bit {} of byte {}", bit % 8, bit / 8),
        );
    }
}

/// A table of many columns: `m<i>` is `i` times 1000, and the row; the last one, `hole`, has no value in the first row.
fn wide(folder: &Folder, n_columns: usize) -> Table {
    let mut csv = "arch".to_owned();
    csv.extend((0..n_columns).map(|i| format!(",m{i}")));
    csv.push_str(",hole");
    for row in 0..Chains::SIZE {
        let hole = if row == 0 { "" } else { "1" };
        csv.push_str(&format!("\n{}", Chains::text(row)));
        csv.extend((0..n_columns).map(|i| format!(",{}", 1000 * i + row)));
        csv.push_str(&format!(",{hole}"));
    }
    folder.table(csv)
}

/// The names of its metrics do not say which values are better.
fn with_directions(table: Table) -> Table {
    let mut declared = MetricOverrides::default();
    for name in ["m1", "m2", "m700", "hole"] {
        declared.direction(name, Direction::Maximize).unwrap();
    }
    table.declared(&declared)
}

#[test]
fn every_bit_of_a_small_table() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    flip_all(&fs::read(folder.path("table.arrow")).unwrap(), 1);
}

#[test]
fn bits_of_a_table_of_several_blocks() {
    let folder = Folder::new();
    wide(&folder, 300);
    let bytes = fs::read(folder.path("table.arrow")).unwrap();
    assert!(bytes.len() > 2 << 16, "{}", bytes.len());
    flip_all(&bytes, 8 * bytes.len() / 600 + 1);
}

#[test]
fn bytes_that_are_moved_or_zeroed() {
    let folder = Folder::new();
    let table = folder.table(SMALL);
    let expected = answers(&table).unwrap();
    let bytes = fs::read(table.path()).unwrap();
    for start in (0..bytes.len() - 64).step_by(64) {
        let (mut zeroed, mut moved) = (bytes.clone(), bytes.clone());
        zeroed[start..start + 64].fill(0);
        moved[start..start + 64].rotate_left(24);
        for damaged in [zeroed, moved] {
            if damaged != bytes {
                check(&damaged, &expected, &format!("from byte {start}"));
            }
        }
    }
}

#[test]
fn damage_to_a_column_is_told_to_whoever_asks_for_it() {
    let folder = Folder::new();
    let table = wide(&folder, 1500);
    assert_eq!(table.checksums(), ChecksumKind::Blocks(1 << 16));
    let mut bytes = fs::read(table.path()).unwrap();
    let value = f64::from(700_003u32).to_le_bytes();
    let place = bytes.windows(8).position(|window| window == value).unwrap();
    bytes[place + 3] ^= 0x10;
    let table = Table::open(folder.write("damaged.arrow", &bytes)).unwrap();
    table.column("m1").unwrap();
    let error = table.column("m700").unwrap_err();
    assert!(matches!(
        error.table_problem(),
        Some(TableProblem::Checksum { .. })
    ));
    check_message(
        &error,
        &[
            "damaged.arrow: the column `m",
            "have the checksum",
            "import the table again",
        ],
    );
    for result in [
        table.columns().map(drop),
        table.verify(),
        table.sha256().map(drop),
        table.noise().map(drop),
    ] {
        check_message(&result.unwrap_err(), &["damaged.arrow"]);
    }
    // A search that needs the column does not begin; one that does not, does.
    let table = Arc::new(with_directions(table));
    let open = |search, report| {
        let space: Arc<dyn SearchSpace> = Arc::new(Chains::numbered());
        TableEvaluator::new(Arc::clone(&table), space, search, report)
    };
    assert!(open("m1", "m700").is_err());
    assert!(open("m700", "m1").is_err());
    open("m1", "m2").unwrap();
}

/// A text is looked at when a value is missing. Damage to it ends the search; it is no failed evaluation.
#[test]
fn damage_to_a_text_ends_the_search() {
    let folder = Folder::new();
    // Texts of several blocks, the first of which are not looked at by opening: rows of one class, with long texts.
    // Far enough from each other that the texts and the column are in different blocks.
    let table = wide(&folder, 1500);
    let arch = Chains::arch(0);
    let evaluate = |table: Table| {
        let space: Arc<dyn SearchSpace> = Arc::new(Chains::numbered());
        let table = Arc::new(with_directions(table));
        let evaluator = TableEvaluator::new(table, space, "hole", "hole").unwrap();
        evaluator.evaluate(Query::new(&Chains::numbered(), &arch))
    };
    let damaged = Table::open(table.path())
        .unwrap()
        .with_damaged_texts_for_tests();
    let error = evaluate(damaged).unwrap_err();
    assert!(matches!(error, EvalError::Unusable(_)), "{error:?}");
    assert!(error.to_string().contains("table.arrow"), "{error}");
    let error = evaluate(table).unwrap_err();
    assert!(matches!(error, EvalError::MissingValue { .. }), "{error:?}");
}

#[test]
fn a_file_of_version_3_without_checksums_is_damaged() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    let mut bytes = fs::read(folder.path("table.arrow")).unwrap();
    let place = bytes
        .windows(15)
        .rposition(|window| window == b"ganas.checksums");
    bytes[place.unwrap()] = b'G';
    let error = Table::open(folder.write("damaged.arrow", bytes)).unwrap_err();
    check_message(
        &error,
        &[
            "format version 3, but no checksums",
            "import the table again",
        ],
    );
}
