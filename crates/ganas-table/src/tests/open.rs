//! Queries of an open table, and one test for each thing that can be wrong with a table file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::Schema;
use bytes::Bytes;
use ganas_space::{ArchKey, SearchSpace};

use super::*;
use crate::MANIFEST_KEY;

#[test]
fn queries_answer_with_the_lowest_row_of_the_class() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let space = Chains::numbered();
    for index in 0..Chains::SIZE {
        let key = space.key(&Chains::arch(index));
        let lowest = (0..Chains::SIZE)
            .find(|&i| space.key(&Chains::arch(i)) == key)
            .unwrap();
        assert_eq!(table.row_of(key).unwrap().index(), lowest);
        let row = table.row(index).unwrap();
        assert_eq!(table.key(row), key);
        assert_eq!(table.arch_text(row).unwrap(), Chains::text(index));
    }
    for key in [ArchKey(1), ArchKey(u128::MAX)] {
        assert_eq!(table.row_of(key), None);
    }
    assert_eq!(table.row(Chains::SIZE), None);
    assert_eq!(table.class_rows().count(), Chains::N_CLASSES);
}

#[test]
fn values_bests_and_names() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let column = |name| table.column(name).unwrap();
    let (test, cost) = (column("test_200"), column("params_m"));
    let last = table.row(26).unwrap();
    assert_eq!(table.value(test, last), Some(26.0));
    assert_eq!(table.value(cost, last), Some(0.5));
    assert_eq!(table.value(cost, table.row(0).unwrap()), None);
    assert_eq!(table.best(test), Some(26.0));
    assert_eq!(table.best(cost), Some(0.5));
    assert_eq!(table.query_best(test), Some(26.0));
    assert_eq!(table.info(test).epochs, Some(200));
    assert_eq!(table.columns().unwrap().len(), 4);

    let error = table.column("tset_200").unwrap_err();
    assert!(
        matches!(&error, TableError::UnknownMetric { suggestion: Some(s), .. } if s == "test_200"),
        "{error:?}"
    );
    check_message(&error, &["index, valid_12, test_200, params_m"]);
}

#[test]
fn the_best_of_queries_looks_at_one_row_a_class() {
    let folder = Folder::new();
    let table = folder.table("arch,acc\nconv>conv>id,1\nid>conv>conv,3\nid>id>id,2\n");
    let x = table.column("acc").unwrap();
    assert_eq!(table.best(x), Some(3.0));
    assert_eq!(table.query_best(x), Some(2.0));
}

#[test]
fn sha256_is_that_of_the_file() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let bytes = fs::read(table.path()).unwrap();
    assert_eq!(
        table.sha256().unwrap(),
        ganas_formats::source::sha256_hex(&bytes)
    );
}

#[test]
fn a_replaced_file_leaves_open_tables_alone() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let request = ImportRequest {
        overwrite: true,
        ..ImportRequest::new(
            folder.write("other.csv", "arch,x\nid>id>id,1\n"),
            table.path(),
        )
    };
    import(&request, &Chains::numbered()).unwrap();
    assert_eq!(table.n_rows(), Chains::SIZE);
    assert_eq!(
        table.arch_text(table.row(26).unwrap()).unwrap(),
        "pool>pool>pool"
    );
}

#[test]
fn not_there_or_not_a_file() {
    let folder = Folder::new();
    for path in [folder.path("none.arrow"), folder.path("")] {
        let error = Table::open(path).unwrap_err();
        assert!(
            matches!(error.table_problem(), Some(TableProblem::OpenTable { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn other_files_are_not_tables() {
    for content in [
        &b""[..],
        b"A",
        b"arch,x\nid>id>id,1\n",
        b"ARROW1",
        b"ARROW1\0\0ARROW1",
        b"ARROW1\0\0\xff\xff\xff\x7fARROW1",
        b"ARROW1\0\0\xff\xff\xff\xffARROW1",
        b"ARROW1\0\0\0\0\0\0ARROW1",
    ] {
        let folder = Folder::new();
        let error = Table::open(folder.write("table.arrow", content)).unwrap_err();
        assert!(
            matches!(error.table_problem(), Some(TableProblem::NotArrow { .. })),
            "{error:?}"
        );
        check_message(&error, &["table.arrow", "import the table again"]);
    }
}

const SMALL: &str = "arch,valid,params\nid>id>id,50,\nconv>conv>id,60,1\nid>conv>conv,70,2\n";

#[test]
fn every_truncation_is_an_error() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    let path = folder.path("table.arrow");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for length in (0..file.metadata().unwrap().len()).rev() {
        file.set_len(length).unwrap();
        let error = Table::open(&path).unwrap_err();
        assert!(
            matches!(error.table_problem(), Some(TableProblem::NotArrow { .. })),
            "at {length} bytes: {error:?}"
        );
    }
}

/// Whether damage is found is tested in `damage`; none may panic.
#[test]
fn no_damage_panics() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    let path = folder.path("table.arrow");
    let bytes = fs::read(&path).unwrap();
    let open = |at: usize, patch: &[u8]| {
        let mut bytes = bytes.clone();
        if let Some(place) = bytes.get_mut(at..at + patch.len()) {
            place.copy_from_slice(patch);
            if let Ok(table) = Table::from_bytes(&path, Bytes::from(bytes)) {
                touch_everything(&table);
            }
        }
    };
    for (at, byte) in bytes.iter().enumerate() {
        for bit in 0..8 {
            open(at, &[byte ^ 1 << bit]);
        }
        for number in [0, -1, 1, 1 << 20, i32::MAX, i32::MIN] {
            open(at, &number.to_le_bytes());
            open(at, &i64::from(number).to_le_bytes());
        }
        for number in [i64::MAX, i64::MIN, i64::MAX - 7, 1 << 61] {
            open(at, &number.to_le_bytes());
        }
    }
}

fn touch_everything(table: &Table) {
    for row in table.rows() {
        let _ = (table.arch_text(row), table.row_of(table.key(row)));
        for column in table.columns().into_iter().flatten() {
            let _ = table.value(column, row);
        }
    }
    for column in table.columns().into_iter().flatten() {
        let _ = (table.best(column), table.query_best(column));
    }
}

/// Rewrites a table after changing its schema and columns, as one of version 2, which has no checksums.
fn rewritten(
    path: &Path,
    change: impl FnOnce(&mut Schema, &mut Vec<ArrayRef>),
    n_batches: usize,
) -> Result<Table, TableError> {
    let mut reader = FileReader::try_new(fs::File::open(path).unwrap(), None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    let mut schema = batch.schema().as_ref().clone();
    let mut columns = batch.columns().to_vec();
    edit_manifest(&mut schema, "\"format_version\":3", "\"format_version\":2");
    change(&mut schema, &mut columns);
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    for _ in 0..n_batches {
        writer.write(&batch).unwrap();
    }
    writer.finish().unwrap();
    Table::from_bytes(path, Bytes::from(writer.into_inner().unwrap()))
}

/// Checks the error after a change to the file of [`SMALL`].
#[track_caller]
fn check(
    change: impl FnOnce(&mut Schema, &mut Vec<ArrayRef>),
    is_expected: impl Fn(&TableError) -> bool,
    parts: &[&str],
) {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    let error = rewritten(&folder.path("table.arrow"), change, 1).unwrap_err();
    assert!(is_expected(&error), "{error:?}");
    check_message(&error, &["table.arrow"]);
    check_message(&error, parts);
}

fn edit_manifest(schema: &mut Schema, from: &str, to: &str) {
    let manifest = schema.metadata()[MANIFEST_KEY].replace(from, to);
    assert_ne!(manifest, schema.metadata()[MANIFEST_KEY]);
    schema.metadata.insert(MANIFEST_KEY, manifest);
}

#[test]
fn rewriting_alone_changes_nothing() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    rewritten(&folder.path("table.arrow"), |_, _| {}, 1).unwrap();
}

#[test]
fn version_1_is_read() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    let older = |schema: &mut Schema, _: &mut Vec<ArrayRef>| {
        edit_manifest(schema, "\"format_version\":2", "\"format_version\":1");
    };
    let table = rewritten(&folder.path("table.arrow"), older, 1).unwrap();
    let valid = table.column("valid").unwrap();
    assert_eq!(table.info(valid).run, None);
    assert_eq!(table.value(valid, table.row(1).unwrap()), Some(60.0));
}

#[test]
fn bad_manifests() {
    check(
        |schema, _| schema.metadata = Default::default(),
        |e| matches!(e.table_problem(), Some(TableProblem::NoManifest)),
        &["ganas.manifest", "CSV"],
    );
    check(
        |schema, _| edit_manifest(schema, "\"format_version\":2", "\"format_version\":7"),
        |e| {
            matches!(
                e.table_problem(),
                Some(TableProblem::FormatVersion { found: 7, .. })
            )
        },
        &["version 7", "reads 1 to 3"],
    );
    for (from, to, part) in [
        ("{", "", "expected"),
        ("\"format_version\"", "\"version\"", "format_version"),
        ("\"n_rows\"", "\"rows\"", "n_rows"),
        (
            "\"n_rows\":3",
            "\"n_rows\":4",
            "it says 4 rows, the data has 3",
        ),
        (
            "\"n_classes\":2",
            "\"n_classes\":3",
            "it says 3 classes, the keys make 2",
        ),
    ] {
        check(
            |schema, _| edit_manifest(schema, from, to),
            |e| matches!(e.table_problem(), Some(TableProblem::BadManifest { .. })),
            &[part],
        );
    }
}

#[test]
fn bad_columns() {
    let is_bad = |e: &TableError| matches!(e.table_problem(), Some(TableProblem::BadColumn { .. }));
    let without = |index: usize| {
        move |schema: &mut Schema, columns: &mut Vec<ArrayRef>| {
            let mut fields = schema.fields().to_vec();
            fields.remove(index);
            columns.remove(index);
            schema.fields = fields.into();
        }
    };
    check(
        without(4),
        is_bad,
        &["column `key_order`", "found no column"],
    );
    check(without(1), is_bad, &["column `key`", "FixedSizeBinary"]);
    check(
        |schema, columns| {
            // The index in place of a metric.
            let mut fields = schema.fields().to_vec();
            fields[2] = Arc::new(fields[4].as_ref().clone().with_name("valid"));
            columns[2] = Arc::clone(&columns[4]);
            schema.fields = fields.into();
        },
        is_bad,
        &["column `valid`", "Float64", "UInt32"],
    );
    check(
        |schema, _| edit_manifest(schema, "\"valid\"", "\"vald\""),
        is_bad,
        &["column `vald`"],
    );
    check(
        |schema, columns| {
            let mut fields = schema.fields().to_vec();
            fields.push(Arc::new(fields[2].as_ref().clone().with_name("more")));
            columns.push(Arc::clone(&columns[2]));
            schema.fields = fields.into();
        },
        is_bad,
        &["column `more`"],
    );
}

#[test]
fn bad_key_orders() {
    let folder = Folder::new();
    let good = folder.table(SMALL).key_order_for_tests();
    let mut swapped = good.clone();
    swapped.swap(0, 2);
    for order in [
        vec![good[0]; 3],
        vec![good[0], good[1], 3],
        vec![u32::MAX; 3],
        swapped,
    ] {
        check(
            |_, columns| columns[4] = Arc::new(UInt32Array::from(order)),
            |e| matches!(e.table_problem(), Some(TableProblem::BadKeyOrder { .. })),
            &["key_order", "import the table again"],
        );
    }
}

#[test]
fn the_record_batch_is_one_and_uncompressed() {
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    for n_batches in [0, 2] {
        let error = rewritten(&folder.path("table.arrow"), |_, _| {}, n_batches).unwrap_err();
        assert!(
            matches!(error.table_problem(), Some(TableProblem::NotArrow { .. })),
            "{error:?}"
        );
        check_message(
            &error,
            &[&format!("{n_batches} record batches, expected 1")],
        );
    }
}

#[test]
fn columns_are_used_in_place() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let file = table.bytes_for_tests().as_ptr_range();
    for column in table.column_bytes_for_tests() {
        assert!(file.contains(&column), "copied");
    }
}

#[test]
fn files_of_older_arrow_alignments_open() {
    // 8 is the alignment that the format demands, 64 the one that it recommends and that we write.
    let folder = Folder::new();
    folder.import(SMALL).unwrap();
    let path = folder.path("table.arrow");
    let mut reader = FileReader::try_new(fs::File::open(&path).unwrap(), None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    let options = IpcWriteOptions::try_new(8, false, arrow_ipc::MetadataVersion::V5).unwrap();
    let mut schema = batch.schema().as_ref().clone();
    edit_manifest(&mut schema, "\"format_version\":3", "\"format_version\":2");
    let batch = RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).unwrap();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    fs::write(&path, writer.into_inner().unwrap()).unwrap();
    Table::open(&path).unwrap();
}
