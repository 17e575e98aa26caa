//! Tests against the published tables; they are not part of the repository.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::nasbench101::{NasBench101, Vertices};
use crate::{Arch, ArchKey, SearchSpace};

/// All hashes, and parameters and FLOPs of all cells.
#[test]
fn the_table_of_all_cells_agrees() {
    let Some(folder) = data_folder("the_table_of_all_cells_agrees") else {
        return;
    };
    let mut bytes = Vec::new();
    let mut file = File::open(folder.join("nb101_full_hashes.md5.bin")).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    let (hashes, rest) = bytes.as_chunks();
    let hashes: Vec<ArchKey> = hashes
        .iter()
        .map(|hash| ArchKey(u128::from_be_bytes(*hash)))
        .collect();
    assert!(rest.is_empty());
    let space = NasBench101::new();
    space
        .enumeration()
        .unwrap()
        .prepare(NonZeroUsize::new(2).unwrap());
    assert!(space.enumeration().unwrap().keys().eq(hashes));

    let mut archs = space.enumeration().unwrap().archs();
    for row in rows(&folder, "nb101_full_test.csv.gz") {
        let arch = archs.next().unwrap();
        let text = format!(
            "{}:{}:{}",
            row.get("vertices"),
            row.get("adjacency_hex"),
            row.get("ops")
        );
        assert_eq!(space.decode(&text).as_ref(), Ok(&arch), "{text}");
        let cost = space.costs().unwrap().cost(&arch);
        assert_eq!(
            cost.parameters.unwrap().to_string(),
            row.get("params"),
            "{text}"
        );
        assert_eq!(cost.flops.unwrap().to_string(), row.get("flops"), "{text}");
    }
    assert_eq!(archs.next(), None);
}

/// The first cells by hash, of which there are validation accuracies.
#[test]
fn the_table_with_hashes_agrees() {
    let Some(folder) = data_folder("the_table_with_hashes_agrees") else {
        return;
    };
    let space = NasBench101::new();
    for row in rows(&folder, "nb101_val_20001.csv.gz") {
        let arch = row.check(&space);
        assert_eq!(space.canonical(&arch), arch);
        let parameters = space.costs().unwrap().cost(&arch).parameters;
        assert_eq!(parameters.unwrap().to_string(), row.get("params"));
    }
}

/// Cells as others drew them, with the parameters of the order that they were drawn in, and as EC-NAS trained them.
#[test]
fn tables_of_others_agree() {
    let Some(folder) = data_folder("tables_of_others_agree") else {
        return;
    };
    for row in rows(&folder, "nb101_naslib_zerocost_500.csv.gz") {
        let space = NasBench101::new();
        let arch = row.check(&space);
        let millions: f64 = row.get("params_m").parse().unwrap();
        let parameters = space.cost_in_order(&arch).parameters.unwrap().to_string();
        assert_eq!(format!("{:.0}", millions * 1e6), parameters);
    }
    for (file, vertices) in [
        ("ecnas_energy_4V9E.csv.gz", Vertices::Four),
        ("ecnas_energy_5V9E.csv.gz", Vertices::Five),
    ] {
        let space = NasBench101::up_to(vertices);
        let mut keys = BTreeSet::new();
        for row in rows(&folder, file) {
            let arch = row.check(&space);
            keys.insert(space.key(&arch));
            let parameters = space
                .costs()
                .unwrap()
                .cost(&arch)
                .parameters
                .unwrap()
                .to_string();
            assert_eq!(parameters, row.get("params"), "{}", space.encode(&arch));
        }
        assert!(
            keys.into_iter().eq(space.enumeration().unwrap().keys()),
            "{file}"
        );
    }
}

/// A row by the names of its columns.
struct Row {
    headers: csv::StringRecord,
    values: csv::StringRecord,
}

impl Row {
    fn get(&self, column: &str) -> &str {
        let at = self.headers.iter().position(|name| name == column);
        &self.values[at.unwrap_or_else(|| panic!("no column {column}"))]
    }

    /// Reads the cell, whose hash must be the one of the row.
    fn check(&self, space: &NasBench101) -> Arch {
        let text = format!("{}|{}", self.get("adjacency"), self.get("ops"));
        let arch = space.decode(&text).unwrap();
        assert_eq!(space.key(&arch).to_string(), self.get("hash"), "{text}");
        arch
    }
}

fn rows(folder: &Path, file: &str) -> impl Iterator<Item = Row> {
    let mut table =
        csv::Reader::from_reader(GzDecoder::new(File::open(folder.join(file)).unwrap()));
    let headers = table.headers().unwrap().clone();
    table.into_records().map(move |values| Row {
        headers: headers.clone(),
        values: values.unwrap(),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the tables lie is known to whoever runs the tests only"
)]
fn data_folder(test: &str) -> Option<PathBuf> {
    let Ok(folder) = std::env::var("GANAS_DATA") else {
        eprintln!("SKIPPED: {test} reads the NAS-Bench-101 tables; set GANAS_DATA to their folder");
        return None;
    };
    Some(Path::new(&folder).join("nasbench101"))
}
