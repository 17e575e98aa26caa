//! What needs no server: files that the user has, listing, verifying, planning a conversion.

use std::fs;
use std::path::Path;

use super::super::catalogue::Catalogue;
use super::super::report::{Finding, check, findings, list, list_json};
use super::super::{Source, conversion};
use super::{Scene, content, known, sha256, source};

const NOWHERE: &str = "http://127.0.0.1:1/s.bin";

#[test]
fn files_that_the_user_has() {
    let scene = Scene::new(known(NOWHERE, &content()));
    let downloads = tempfile::tempdir().unwrap();
    let take = |from: &Path| scene.with_task(|task| task.copy(from));

    let error = take(downloads.path()).unwrap_err().to_string();
    assert!(
        error.contains("--from takes the folder that holds s.bin"),
        "{error}"
    );

    let file = downloads.path().join("s.bin");
    fs::write(&file, vec![b'x'; 10_000]).unwrap();
    let error = format!("{:#}", take(downloads.path()).unwrap_err());
    assert!(error.contains("its sha256 should be"), "{error}");
    assert!(scene.files().is_empty());

    // What an earlier fetch has left gives way to the whole file.
    fs::write(scene.part(), &content()[..100]).unwrap();
    fs::write(&file, content()).unwrap();
    assert_eq!(take(downloads.path()).unwrap(), sha256(&content()));
    assert_eq!(scene.files(), ["s.bin"]);
    assert_eq!(fs::read(scene.place().file()).unwrap(), content());
    assert_eq!(fs::read(&file).unwrap(), content());

    // A browser has given it another name; and there is one already.
    let renamed = downloads.path().join("s (1).bin");
    fs::rename(&file, &renamed).unwrap();
    let error = take(&renamed).unwrap_err().to_string();
    assert!(error.contains("is there already"), "{error}");
    fs::remove_file(scene.place().file()).unwrap();
    take(&renamed).unwrap();

    // The folder is the one to copy to.
    assert_eq!(take(scene.folder.path()).unwrap(), sha256(&content()));
}

#[test]
fn sources_that_need_a_browser() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut scene = Scene::new(catalogue.source("nats-tss-simple").unwrap().clone());
    scene.fails(&[
        "needs a browser",
        "1. open https://github.com/D-X-Y/NATS-Bench#",
        "column `archive (tss)`",
        "2. save NATS-tss-v1_0-3ffb9-simple.tar (size 1.15 GB)",
        "cargo xtask data fetch nats-tss-simple --from FOLDER",
    ]);
    assert!(scene.files().is_empty());

    // One that was saved where it belongs is checked.
    scene.source = catalogue.source("nats-tss").unwrap().clone();
    fs::write(scene.place().file(), "BZh9").unwrap();
    assert_eq!(scene.fetch().unwrap(), sha256(b"BZh9"));
    fs::write(scene.place().file(), "<html>confirm</html>").unwrap();
    scene.fails(&["it is a web page"]);
}

#[test]
fn a_wrong_file_in_its_place_is_left_alone() {
    let scene = Scene::new(known(NOWHERE, &content()));
    fs::write(scene.place().file(), "mine").unwrap();
    scene.fails(&["move it away or delete it"]);
    assert_eq!(fs::read(scene.place().file()).unwrap(), b"mine");
}

#[test]
fn verification() {
    let published = known(NOWHERE, &content());
    let unknown = source(NOWHERE, "");
    let (whole, half, other) = (content(), &content()[..5_000], vec![b'x'; 10_000]);
    // The state, whether that is a failure, and whether it is one when the file was named.
    for (source, file, part, state, fails) in [
        (&published, None, None, "absent", [false, true]),
        (&published, None, Some(half), "partial", [false, true]),
        (&published, Some(&whole[..]), Some(half), "ok", [false; 2]),
        (&unknown, Some(&whole), None, "unvouched", [false; 2]),
        (&published, Some(half), None, "wrong", [true; 2]),
        (&published, Some(&other), None, "wrong", [true; 2]),
    ] {
        let scene = Scene::new(source.clone());
        for (bytes, path) in [(file, scene.place().file()), (part, scene.part())] {
            if let Some(bytes) = bytes {
                fs::write(path, bytes).unwrap();
            }
        }
        let found = [Finding::of(source, scene.folder.path()).unwrap()];
        let json = serde_json::to_value(&found[0]).unwrap();
        assert_eq!(json["state"], state);
        assert_eq!(json["problem"].is_null(), state != "wrong", "{json}");
        assert_eq!(json["sha256"].as_str(), file.map(sha256).as_deref());
        assert_eq!(
            [false, true].map(|named| check(&found, named).is_err()),
            fails
        );
        let table = findings(&found);
        assert!(table.contains(&format!("s     {state}")), "{table}");
    }
}

#[test]
fn listing() {
    let catalogue = Catalogue::embedded().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("nasbench_full.tfrecord.part"), vec![0; 1_500]).unwrap();
    fs::write(file("NATS-tss-v1_0-3ffb9.pickle.pbz2"), "x").unwrap();
    let table = list(&catalogue, folder.path()).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let cells = line.split("  ").map(str::trim);
        let cells = cells.filter(|cell| !cell.is_empty());
        cells.map(str::to_owned).collect()
    };
    let lines: Vec<_> = table.lines().map(cells).collect();
    assert_eq!(lines.len(), 11);
    let expected = [
        "nasbench101-full",
        "2.09 GB",
        "partial (1.50 kB)",
        "http",
        "Apache-2.0",
        "nasbench101",
    ];
    assert_eq!(lines[1], expected);
    assert_eq!(lines[4][..4], ["nats-tss", "unknown", "present", "browser"]);
    assert_eq!(lines[2][1..3], ["~499.00 MB", "absent"]);

    let json = list_json(&catalogue, folder.path()).unwrap();
    let first = &json["sources"][0];
    assert_eq!(
        (&first["state"], &first["bytes"]),
        (&"partial".into(), &1_500.into())
    );
    assert_eq!(first["size"], 2_085_986_016_u64);
    assert_eq!(first["convert"], "nasbench101-tfrecord");
    assert_eq!(json["sources"][8]["sha256"], serde_json::Value::Null);
}

/// Every file of the catalogue that is a table has an importer.
#[test]
fn the_whole_catalogue_is_converted() {
    let catalogue = Catalogue::embedded().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut importers = Vec::new();
    let is_table = |source: &&Source| source.convert.is_some();
    for source in catalogue.sources.iter().filter(is_table) {
        importers.extend(source.convert.as_deref());
        fs::write(folder.path().join(&source.file), "x").unwrap();
        let output = conversion(source, folder.path()).unwrap();
        assert!(output.ends_with(format!("{}/{}.arrow", source.space, source.name)));
    }
    importers.sort_unstable();
    importers.dedup();
    let expected = [
        "nasbench101-tfrecord",
        "nasbench201-pth",
        "nats-pickle",
        "nats-tar",
    ];
    assert_eq!(importers, expected);
}

#[test]
fn conversions_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |lines: &str, expected: &str| {
        let error = conversion(&source(NOWHERE, lines), folder.path()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    fails("", "nothing to convert");
    fails(
        "convert = \"csv\"",
        "fetch it first: cargo xtask data fetch s",
    );
}
