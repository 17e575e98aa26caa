//! The descriptions in xtask/studies are read, and each is tried out with two seeds and few queries.

use std::path::{Path, PathBuf};

use super::runner::Runner;
use super::study::Description;
use super::{Options, page};

const STUDIES: &str = "constraints digits improve masks nasbench101 nasbench201 pareto spaces";

fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().expect("xtask lies in the workspace")
}

#[test]
fn descriptions_are_read() {
    let files = std::fs::read_dir(root().join("xtask/studies")).unwrap();
    let mut names: Vec<String> = files
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .display()
                .to_string()
        })
        .collect();
    names.sort();
    assert_eq!(names.join(" "), STUDIES);
    for name in names {
        let study = Description::read(root(), &name).unwrap();
        assert!(study.columns().next().is_some(), "{name} shows nothing");
    }
}

#[test]
fn mistakes_in_descriptions_are_found() {
    let path = root().join("xtask/studies/digits.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("xtask/studies")).unwrap();
    for (from, to, expected) in [
        ("show = \"p\"", "show = \"q\"", "unknown variant"),
        (
            "against = \"random\"",
            "against = \"nobody\"",
            "compares with nothing",
        ),
        (
            "source = \"digits\"",
            "source = \"letters\"",
            "no source `letters`",
        ),
        ("[50, 100, 150]", "[50, 150, 100]", "not ascending"),
        ("[50, 100, 150]", "[]", "not ascending"),
    ] {
        let file = folder.path().join("xtask/studies/digits.toml");
        std::fs::write(file, text.replace(from, to)).unwrap();
        let error = Description::read(folder.path(), "digits").unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}

/// The binary that `cargo test --workspace` builds beside this test.
pub(super) fn binary() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let binary = test.parent()?.parent()?.join("ganas");
    binary.exists().then_some(binary)
}

/// Two seeds and few queries.
pub(super) fn options(data: Option<PathBuf>) -> Options {
    Options {
        data,
        seeds: "0..2".to_owned(),
        threads: 1,
        only: None,
        budget: Some(12),
        fresh: false,
    }
}

fn smoke(name: &str, data: &[&str]) {
    let folder = std::env::var_os("GANAS_DATA").map(PathBuf::from);
    let there = |part: &&str| {
        folder
            .as_ref()
            .is_some_and(|folder| folder.join(part).exists())
    };
    let (Some(binary), true) = (binary(), data.iter().all(there)) else {
        eprintln!("skipped: {name} needs the built ganas, and {data:?} in GANAS_DATA");
        return;
    };
    let kept = tempfile::tempdir().unwrap();
    let options = options(folder);
    let study = Description::read(root(), name).unwrap();
    let runner = Runner::new(binary, kept.path().to_owned(), &options).unwrap();
    let pages = page::make(&study, &runner).unwrap();
    pages.write(kept.path(), name).unwrap();
    let page = std::fs::read_to_string(kept.path().join(format!("{name}.md"))).unwrap();
    assert!(
        page.starts_with("# ") && page.contains(&pages.tables),
        "{page}"
    );
    let searches = study
        .cases
        .iter()
        .flat_map(|case| case.searchers(&study))
        .count();
    let heads = if study.one_table {
        1
    } else {
        study.cases.len()
    };
    let lines = pages
        .tables
        .lines()
        .filter(|line| line.starts_with("| "))
        .count();
    assert_eq!(lines, (searches + heads) * study.tables.len(), "{page}");
    if study.seed_name.is_some() {
        let seeds = std::fs::read_to_string(kept.path().join(format!("{name}.csv"))).unwrap();
        assert_eq!(seeds.lines().count(), 1 + 2 * searches);
    }
}

macro_rules! smoke {
    ($($test:ident($study:literal, $data:expr);)*) => {
        $(#[test]
        fn $test() {
            smoke($study, &$data);
        })*
    };
}

smoke! {
    smoke_constraints("constraints", ["nasbench201"]);
    smoke_digits("digits", []);
    smoke_improve("improve", ["accel_nasbench", "nasbench101", "ofa"]);
    smoke_masks("masks", ["accel_nasbench", "nasbench201", "ofa"]);
    smoke_nasbench101("nasbench101", ["nasbench101"]);
    smoke_nasbench201("nasbench201", ["nasbench201"]);
    smoke_pareto("pareto", ["nasbench201"]);
    smoke_spaces("spaces", ["accel_nasbench", "nas_bench_macro", "nasbench301", "ofa"]);
}
