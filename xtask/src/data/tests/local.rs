//! What needs no server: files that the user has, listing, verifying, planning a conversion.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::super::catalogue::Catalogue;
use super::super::local_copy::copy;
use super::super::{conversion, listing, verification};
use super::{Notes, Scene, content, known, sha256, source};

const NOWHERE: &str = "http://127.0.0.1:1/s.bin";

#[test]
fn files_that_the_user_has() {
    let scene = Scene::new(known(NOWHERE, &content()));
    let downloads = tempfile::tempdir().unwrap();
    let take = |from: &Path| copy(&scene.source, &scene.place(), from, &scene.notes);

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
    let catalogue = Catalogue::read(None).unwrap();
    let mut scene = Scene::new(catalogue.source("nats-tss-simple").unwrap().clone());
    let error = scene.error();
    for expected in [
        "needs a browser",
        "1. open https://github.com/D-X-Y/NATS-Bench#",
        "column `archive (tss)`",
        "2. save NATS-tss-v1_0-3ffb9-simple.tar (1.1 GB)",
        "cargo xtask data fetch nats-tss-simple --from FOLDER",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    assert!(scene.files().is_empty());

    // One that was saved where it belongs is checked.
    scene.source = catalogue.source("nats-tss").unwrap().clone();
    fs::write(scene.place().file(), "BZh9").unwrap();
    assert_eq!(scene.fetch().unwrap(), sha256(b"BZh9"));
    fs::write(scene.place().file(), "<html>confirm</html>").unwrap();
    assert!(scene.error().contains("it is a web page"));
}

#[test]
fn a_wrong_file_in_its_place_is_left_alone() {
    let scene = Scene::new(known(NOWHERE, &content()));
    fs::write(scene.place().file(), "mine").unwrap();
    let error = scene.error();
    assert!(error.contains("move it away or delete it"), "{error}");
    assert_eq!(fs::read(scene.place().file()).unwrap(), b"mine");
}

#[test]
fn verdicts() {
    let published = known(NOWHERE, &content());
    let unknown = source(NOWHERE, "");
    let half = content()[..5_000].to_owned();
    let other = vec![b'x'; 10_000];
    for (source, file, part, state, wrong, missing) in [
        (&published, None, None, "absent", false, true),
        (&published, None, Some(&half), "partial", false, true),
        (
            &published,
            Some(&content()),
            Some(&half),
            "ok",
            false,
            false,
        ),
        (&unknown, Some(&content()), None, "unvouched", false, false),
        (&published, Some(&half), None, "wrong", true, false),
        (&published, Some(&other), None, "wrong", true, false),
    ] {
        let scene = Scene::new(source.clone());
        for (bytes, path) in [(file, scene.place().file()), (part, scene.part())] {
            if let Some(bytes) = bytes {
                fs::write(path, bytes).unwrap();
            }
        }
        let verdict = verification::verify(source, scene.folder.path(), &Notes::default()).unwrap();
        let json = verdict.json();
        assert_eq!(json["state"], state);
        assert_eq!(json["problem"].is_null(), !wrong, "{json}");
        assert_eq!((verdict.is_wrong(), verdict.is_missing()), (wrong, missing));
        if let Some(bytes) = file {
            assert_eq!(json["sha256"], sha256(bytes).to_string());
        }
        let table = verification::table(&[verdict]);
        assert!(table.starts_with("name  state"), "{table}");
    }
}

#[test]
fn list() {
    let catalogue = Catalogue::read(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("nasbench_full.tfrecord.part"), vec![0; 1_500]).unwrap();
    fs::write(file("NATS-tss-v1_0-3ffb9.pickle.pbz2"), "x").unwrap();
    let table = listing::table(&catalogue, folder.path()).unwrap();
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(lines.len(), 11);
    assert_eq!(
        lines[1],
        [
            "nasbench101-full",
            "2.0 GB",
            "partial (1.5 kB)",
            "http",
            "Apache-2.0",
            "nasbench101"
        ]
    );
    assert_eq!(lines[4][..4], ["nats-tss", "unknown", "present", "browser"]);
    assert_eq!(lines[2][1..3], ["~499 MB", "absent"]);

    let json = listing::json(&catalogue, folder.path()).unwrap();
    let first = &json["sources"][0];
    assert_eq!(first["state"], "partial");
    assert_eq!(first["bytes"], 1_500);
    assert_eq!(first["size"], 2_085_986_016_u64);
    assert_eq!(json["sources"][8]["sha256"], serde_json::Value::Null);
}

/// Every file of the catalogue that is a table has an importer.
#[test]
fn the_whole_catalogue_is_converted() {
    let catalogue = Catalogue::read(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut importers = Vec::new();
    for source in &catalogue.sources {
        let Some(importer) = &source.convert else {
            continue;
        };
        importers.push(importer.as_str());
        let file = folder.path().join(&source.file);
        fs::write(&file, "x").unwrap();
        let conversion = conversion::plan(source, folder.path(), None).unwrap();
        let arguments: Vec<_> = conversion
            .arguments
            .iter()
            .map(|a| a.to_str().unwrap())
            .collect();
        let output = conversion.output.to_str().unwrap();
        let expected = [
            "table",
            "import",
            file.to_str().unwrap(),
            "--space",
            &source.space,
        ];
        assert_eq!(arguments, [&expected[..], &["--output", output]].concat());
        assert!(
            conversion
                .output
                .ends_with(format!("{}/{}.arrow", source.space, source.name))
        );
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
fn conversions() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |lines: &str| conversion::plan(&source(NOWHERE, lines), folder.path(), None);
    let error = plan("").unwrap_err().to_string();
    assert!(error.contains("nothing to convert"), "{error}");
    let error = plan("convert = \"no-such-format\"")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no importer yet: s needs `no-such-format`"),
        "{error}"
    );
    let error = plan("convert = \"csv\"").unwrap_err().to_string();
    assert!(
        error.contains("fetch it first: cargo xtask data fetch s"),
        "{error}"
    );

    fs::write(folder.path().join("s.bin"), "arch,x\n").unwrap();
    let conversion = plan("convert = \"csv\"").unwrap();
    let output = folder.path().join("nasbench201").join("s.arrow");
    assert_eq!(conversion.output, output);
    let file = folder.path().join("s.bin");
    assert_eq!(
        conversion.arguments,
        [
            "table".into(),
            "import".into(),
            OsString::from(file),
            "--space".into(),
            "nasbench201".into(),
            "--output".into(),
            output.into(),
        ]
    );
}
