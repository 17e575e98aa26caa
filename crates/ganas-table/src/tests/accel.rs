//! The published table of Accel-NASBench, in which some networks were measured twice, when GANAS_DATA names a folder that
//! holds it; and a stand-in of three rows.

use std::path::Path;

use super::*;
use crate::Repeats;

/// The key of `docs/SPACES.md`, in full.
fn key() -> String {
    let blocks: Vec<String> = (0..7)
        .map(|b| format!("e{{block{b}_e}}k{{block{b}_k}}l{{block{b}_l}}se{{block{b}_se}}"))
        .collect();
    blocks.join(" ")
}

fn imported(folder: &Folder, source: &Path, repeats: Repeats) -> Result<Table, TableError> {
    let request = ImportRequest {
        key_column: key(),
        ignored: vec!["id".to_owned()],
        repeats,
        overwrite: true,
        ..ImportRequest::new(source, folder.path("t.arrow"))
    };
    let space = ganas_space::by_name("mbconv").unwrap();
    import(&request, &*space)?;
    Table::open(&request.output)
}

#[test]
fn networks_that_were_measured_twice_are_imported() {
    let folder = Folder::new();
    let blocks: Vec<String> = (0..7)
        .map(|b| format!("block{b}_e,block{b}_k,block{b}_l,block{b}_se"))
        .collect();
    let row =
        |id: usize, e: u8, top1: f64| format!("{id},{e},3,1,0{},{top1}\n", ",1,3,1,0".repeat(6));
    let csv = format!(
        "id,{},val_top1\n{}{}{}",
        blocks.join(","),
        row(0, 6, 59.0),
        row(1, 4, 61.0),
        row(2, 6, 60.0)
    );
    let source = folder.write("accel.csv", csv);
    let error = imported(&folder, &source, Repeats::Error).unwrap_err();
    check_message(
        &error,
        &["lines 2 and 4", "`val_top1`", "59 and 60", "--repeats"],
    );
    let table = imported(&folder, &source, Repeats::Mean).unwrap();
    let top1 = table.column("val_top1").unwrap();
    let values: Vec<_> = table.rows().map(|row| table.value(top1, row)).collect();
    assert_eq!(values, [Some(59.5), Some(61.0)]);
    assert_eq!(table.columns().unwrap().len(), 1);
}

#[test]
fn the_published_table_is_imported() {
    let there =
        data_folder().map(|data| data.join("accel_nasbench/accel_nasbench_imagenet.csv.gz"));
    let Some(source) = there.filter(|path| path.is_file()) else {
        eprintln!(
            "SKIPPED: the_published_table_is_imported needs accel_nasbench/accel_nasbench_imagenet.csv.gz; \
             set GANAS_DATA to a folder that holds it"
        );
        return;
    };
    let folder = Folder::new();
    assert!(imported(&folder, &source, Repeats::Error).is_err());
    // 5,138 rows, of which 13 repeat a network.
    for repeats in [Repeats::Mean, Repeats::First, Repeats::Runs] {
        let table = imported(&folder, &source, repeats).unwrap();
        assert_eq!(table.n_rows(), 5_125, "{repeats}");
        assert_eq!(table.manifest().space_size, Some(104_485_552_128));
        let has = |name: &str| table.column(name).is_ok();
        let runs = [has("val_top1_run0"), has("val_top1_run1"), has("val_top1")];
        let is_runs = repeats == Repeats::Runs;
        assert_eq!(runs, [is_runs, is_runs, !is_runs], "{repeats}");
        // What follows from the architecture stays one column.
        assert!(has("params_m") && has("macs_m"), "{repeats}");
    }
}
