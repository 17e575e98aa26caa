//! Exported tables import to the same values.

use proptest::prelude::*;

use super::round_trip::{csv, tables};
use super::*;
use crate::ExportFormat;

/// Exports in this format and imports again.
fn again(table: &Table, format: ExportFormat) -> (Folder, Table) {
    let columns = table.columns().unwrap();
    let mut text = Vec::new();
    table.export(format, &columns, &mut text).unwrap();
    let folder = Folder::new();
    let table = folder.table(text);
    (folder, table)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn export_and_import_are_exact((order, rows) in tables()) {
        let folder = Folder::new();
        let first = folder.table(csv(&order, &rows));
        for format in [ExportFormat::Csv, ExportFormat::JsonLines] {
            let (_folder, second) = again(&first, format);
            prop_assert_eq!(second.n_rows(), first.n_rows());
            prop_assert_eq!(&second.manifest().columns, &first.manifest().columns);
            for row in first.rows() {
                prop_assert_eq!(second.arch_text(row).unwrap(), first.arch_text(row).unwrap());
                for column in first.columns().unwrap() {
                    let [a, b] = [&first, &second].map(|t| t.value(column, row).map(f64::to_bits));
                    prop_assert_eq!(a, b);
                }
            }
        }
    }
}

/// Exports as Parquet and imports again.
#[cfg(feature = "parquet")]
fn again_as_parquet(table: &Table) -> (Folder, Table) {
    let columns = table.columns().unwrap();
    let mut content = Vec::new();
    table.export_parquet(&columns, &mut content).unwrap();
    let folder = Folder::new();
    let table = folder.table(content);
    (folder, table)
}

#[cfg(feature = "parquet")]
proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn parquet_is_exact((order, rows) in tables()) {
        let folder = Folder::new();
        let first = folder.table(csv(&order, &rows));
        let (_folder, second) = again_as_parquet(&first);
        prop_assert_eq!(second.n_rows(), first.n_rows());
        prop_assert_eq!(&second.manifest().columns, &first.manifest().columns);
        for row in first.rows() {
            prop_assert_eq!(second.arch_text(row).unwrap(), first.arch_text(row).unwrap());
            for column in first.columns().unwrap() {
                let [a, b] = [&first, &second].map(|t| t.value(column, row).map(f64::to_bits));
                prop_assert_eq!(a, b);
            }
        }
    }

    #[test]
    fn no_damage_makes_the_import_of_parquet_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let folder = Folder::new();
        let table = folder.table(all_chains());
        let columns = table.columns().unwrap();
        let mut content = Vec::new();
        table.export_parquet(&columns, &mut content).unwrap();
        for (place, byte) in places {
            let place = 4 + place.index(content.len() - 4);
            content[place] = byte;
        }
        let _ = Folder::new().import(content);
    }
}

/// The length of the footer is what a reader allocates first.
#[cfg(feature = "parquet")]
#[test]
fn a_parquet_footer_of_another_length_is_an_error() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let columns = table.columns().unwrap();
    let mut content = Vec::new();
    table.export_parquet(&columns, &mut content).unwrap();
    let (end, size) = (content.len(), u32::try_from(content.len()).unwrap());
    let found = u32::from_le_bytes(content[end - 8..end - 4].try_into().unwrap());
    for claimed in [0, found - 1, size - 7, size, u32::MAX / 2, u32::MAX] {
        content[end - 8..end - 4].copy_from_slice(&claimed.to_le_bytes());
        let error = Folder::new().import(&content).unwrap_err();
        assert!(
            matches!(
                error.import_problem(),
                Some(ImportProblem::BadParquet { .. })
            ),
            "{claimed}: {error}"
        );
    }
}

#[cfg(feature = "parquet")]
#[test]
fn every_truncation_of_a_parquet_file_is_an_error() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let columns = table.columns().unwrap();
    let mut content = Vec::new();
    table.export_parquet(&columns, &mut content).unwrap();
    for length in 4..content.len() {
        let error = Folder::new().import(&content[..length]).unwrap_err();
        assert!(
            matches!(
                error.import_problem(),
                Some(ImportProblem::BadParquet { .. })
            ),
            "{length}: {error}"
        );
        check_message(&error, &["source.csv", "not readable as Parquet"]);
    }
}

#[test]
fn json_lines_are_imported() {
    let folder = Folder::new();
    let table = folder.table(
        "{\"arch\": \"id>id>id\", \"valid\": 50}\n\n{\"note\": \"x\", \"arch\": \"conv>id>id\", \"params\": 1.5}\n",
    );
    let names: Vec<_> = table
        .columns()
        .unwrap()
        .into_iter()
        .map(|c| table.info(c).name.clone())
        .collect();
    assert_eq!(names, ["valid", "params"]);
    let value = |column: usize, row: usize| {
        let column = table.columns().unwrap()[column];
        table.value(column, table.row(row).unwrap())
    };
    assert_eq!([value(0, 0), value(0, 1)], [Some(50.0), None]);
    assert_eq!([value(1, 0), value(1, 1)], [None, Some(1.5)]);
}

#[test]
fn bad_json_lines_are_errors() {
    for (text, parts) in [
        (
            "{\"arch\": \"id>id>id\", \"x\": 1}\n{\"arch\"",
            &["line 2", "JSON object"][..],
        ),
        (
            "{\"arch\": \"id>id>id\", \"x\": 1}\n[1]",
            &["line 2", "JSON object"],
        ),
        (
            "{\"acrh\": \"id>id>id\"}",
            &["line 1", "did you mean `acrh`?"],
        ),
        ("{\"arch\": 3}", &["line 1", "no text `arch`"]),
        (
            "{\"arch\": \"id>id>id\", \"x\": 1}\n{\"arch\": \"id>id>conv\", \"x\": \"1\"}",
            &["no column holds numbers", "`x`: text, line 2 has `1`"],
        ),
        ("{\"arch\": \"id>id>id\"}", &["no column holds numbers"]),
    ] {
        let folder = Folder::new();
        let error = folder.import(text).unwrap_err();
        check_message(&error, &["source.csv"]);
        check_message(&error, parts);
        assert_eq!(folder.names(), ["source.csv"]);
    }
}
