//! A small run of every fuzz target: its corpus, what once went wrong, and changes of them that are drawn from a seed.
//!
//! The large runs are those of libFuzzer, which is led by coverage: `fuzz/README.md` says how.

#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

use std::fs;
use std::path::{Path, PathBuf};

use ganas_random::{Stream, StreamKey};
use ganas_store::{Export, ExportFormat, RunFilter, Study};
use rand::RngExt as _;

/// Changes of each file of a corpus.
const CHANGES: u32 = 2000;

/// All targets are to stay below, in MiB.
const MOST_MEMORY_MIB: u64 = 1024;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 16] = [
    ("booster", ganas_surrogate::fuzzing::booster),
    ("description", ganas_space::fuzzing::description),
    ("import", ganas_table::fuzzing::import),
    ("message", ganas_worker::fuzzing::message),
    (
        "nasbench101_record",
        ganas_benchmarks::fuzzing::nasbench101_record,
    ),
    (
        "nasbench301_result",
        ganas_benchmarks::fuzzing::nasbench301_result,
    ),
    ("naslib_pickle", ganas_benchmarks::fuzzing::naslib_pickle),
    ("nats_record", ganas_benchmarks::fuzzing::nats_record),
    ("nats_tar", ganas_benchmarks::fuzzing::nats_tar),
    ("parquet", ganas_table::fuzzing::parquet),
    ("pickle", ganas_formats::fuzzing::pickle),
    ("study", study),
    ("table", ganas_table::fuzzing::table),
    ("text", ganas_space::fuzzing::text),
    ("tfrecord", ganas_benchmarks::fuzzing::tfrecord),
    ("torch", ganas_benchmarks::fuzzing::torch),
];

fn study(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    fs::write(&path, data).unwrap();
    if let Ok(study) = Study::open_read_only(&path) {
        let filter = RunFilter::default();
        let _ = study.export(&mut Vec::new(), &Export::new(ExportFormat::JsonLines));
        let _ = study.top(10, &filter);
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz")
        .join(name)
}

/// The files of a target below a folder; none where there is no such folder.
fn files(kind: &str, target: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(kind).join(target)) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// One change, as fuzzers make them.
fn change(bytes: &mut Vec<u8>, chance: &mut Stream) {
    if bytes.is_empty() {
        bytes.push(chance.random());
        return;
    }
    let at = chance.random_range(0..bytes.len());
    match chance.random_range(0..6) {
        0 => bytes[at] ^= 1 << chance.random_range(0..8),
        1 => bytes[at] = chance.random(),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, chance.random()),
        4 => drop(bytes.remove(at)),
        _ => {
            let end = (at + chance.random_range(1..64)).min(bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
    }
}

/// The most memory that this process had, in MiB; nothing where the system does not tell.
fn peak_memory_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

#[test]
fn every_target_survives_its_corpus_and_changes_of_it() {
    for (number, (name, target)) in (0..).zip(TARGETS) {
        let corpus = files("corpus", name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for file in files("regressions", name) {
            target(&fs::read(&file).unwrap());
        }
        for (place, file) in (0..).zip(corpus) {
            let original = fs::read(&file).unwrap();
            target(&original);
            for item in 0..CHANGES {
                let mut chance = Stream::new(StreamKey {
                    seed: place,
                    purpose: number,
                    item,
                    ..StreamKey::default()
                });
                let mut bytes = original.clone();
                for _ in 0..chance.random_range(1..8) {
                    change(&mut bytes, &mut chance);
                }
                target(&bytes);
            }
        }
        if let Some(peak) = peak_memory_mib() {
            assert!(peak < MOST_MEMORY_MIB, "{name} took {peak} MiB");
        }
    }
}

#[test]
fn every_target_is_built_for_the_fuzzer_too() {
    for (name, _) in TARGETS {
        let file = folder("fuzz_targets").join(format!("{name}.rs"));
        assert!(file.is_file(), "{}", file.display());
    }
    for entry in fs::read_dir(folder("fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_known = TARGETS.iter().any(|(known, _)| *known == name);
        assert!(is_known, "{name} is not run by this test");
    }
}
