//! Studies with one changed bit: each is an error, or reads as if nothing had been changed.

use std::fmt::Write;
use std::fs;

use ganas_eval::Details;
use ganas_search::Until;

use super::remembered::{Limited, session_of};
use super::*;
use crate::{Evaluation, EvaluationId, Times};

/// Flips of each kind of study.
const FLIPS: u64 = 1200;

/// Numbers that look random, the same in every run of the test.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

/// Everything that can be read from a study, as text.
fn everything(path: &Path) -> Result<String, StoreError> {
    let study = Study::open_read_only(path)?;
    let mut text = String::new();
    for run in study.runs()? {
        writeln!(text, "{run:?} {:?}", study.run(run.id)?).unwrap();
        writeln!(text, "{:?}", study.trials(run.id)?).unwrap();
        writeln!(text, "{:?}", study.events(run.id)?).unwrap();
        writeln!(text, "{:?}", study.measured(run.id)?).unwrap();
        writeln!(text, "{:?}", study.sessions(run.id)?).unwrap();
        if run.status != crate::RunStatus::Finished {
            let point = study.read("resume", |tx| study.resume_point(tx, &run, &*space()))?;
            writeln!(text, "{point:?}").unwrap();
        }
    }
    for format in [ExportFormat::JsonLines, ExportFormat::Csv] {
        let mut bytes = Vec::new();
        let export = Export {
            times: Times::Include,
            ..Export::new(format)
        };
        study.export(&mut bytes, &export)?;
        text.push_str(&String::from_utf8(bytes).unwrap());
    }
    for run in study.status()?.runs {
        writeln!(text, "{run:?}").unwrap();
    }
    let top = study.top(1000, &RunFilter::default())?;
    writeln!(text, "{top:?}").unwrap();
    for (spec, evaluations) in study.evaluators()? {
        writeln!(text, "{spec:?} {:?}", evaluations.all()?).unwrap();
        writeln!(text, "{:?}", evaluations.stopped()?).unwrap();
    }
    Ok(text)
}

/// Everything that a study can have.
fn fill(study: &Study) {
    fill_as_in_format_3(study);
    let stopping = stopping::stopping();
    let evaluator = Limited::telling(u32::MAX);
    session_of(study, &evaluator, &stopping, OnExisting::Refuse).unwrap();
    for table in ["classes", "curves", "stops"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let n: u32 = study.lock().query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(n > 0, "{table} is empty");
    }
}

/// A finished run, one that was interrupted in a round, and evaluations for a table.
pub(super) fn fill_as_in_format_3(study: &Study) {
    finish(study, &spec(0));
    interrupt(study, &spec(1), 3);
    let Begun::Resume(claim, _) = begin(study, &spec(1), OnExisting::Resume).unwrap() else {
        panic!("the run has begun");
    };
    let evaluator = MadeUp::new();
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    for seed in 40..44 {
        let arch = RandomSearch::new(space(), seed).ask(1).unwrap();
        let arch = &arch[0].arch;
        // One that fails has its reason kept.
        let _ = remembered.evaluate(Query::new(&*space(), arch));
    }
    drop((claim, remembered));
    fill_more(study);
    let spec = EvaluatorSpec {
        identity: "cd".repeat(32),
        ..evaluator_spec()
    };
    let collection = study.collect(&spec, OnExisting::Refuse).unwrap();
    for seed in 0..3 {
        let metrics = [("valid".to_owned(), f64::from(seed) / 3.0)];
        let evaluation = Evaluation {
            id: EvaluationId {
                key: ganas_space::ArchKey(u128::from(seed) * 77),
                seed: Some(seed),
            },
            arch: None,
            run: None,
            reason: (seed == 2).then(|| "no memory".to_owned()),
            details: Details {
                metrics: metrics.into_iter().collect(),
                attempts: 1,
                circumstances: Some(ganas_eval::Circumstances::default()),
                ..Details::default()
            },
        };
        collection.keep(&evaluation).unwrap();
    }
}

/// Misses a bound with each second architecture.
struct Violating(MadeUp);

impl Evaluator for Violating {
    fn metric_pair(&self) -> &MetricPair {
        self.0.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        Ok(Measurement {
            violation: if query.key.0.is_multiple_of(2) {
                0.5
            } else {
                0.0
            },
            ..self.0.evaluate(query)?
        })
    }
}

/// A run with proposals that are no trials yet, and one with an early end, whose trials miss bounds.
fn fill_more(study: &Study) {
    let evaluator = Limited::new(6, || EvalError::Interrupted);
    session_of(study, &evaluator, &spec(2), OnExisting::Refuse).unwrap();

    let Begun::Fresh(claim) = begin(study, &spec(3), OnExisting::Refuse).unwrap() else {
        panic!("the run is new");
    };
    let evaluator = Violating(MadeUp::new());
    let mut writer = claim.writer(space(), || Duration::ZERO);
    let mut searcher = RandomSearch::new(space(), 3);
    let until = Until {
        target: Some(1.0),
        ..Until::default()
    };
    Run::new(&*space(), &mut searcher, &evaluator, spec(3).budget)
        .until(until)
        .observe(&mut writer)
        .run()
        .unwrap();
    drop(writer);
    for table in [
        "proposals",
        "sources",
        "endings",
        "standings",
        "outcomes",
        "circumstances",
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        let n: u32 = study.lock().query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(n > 0 || table == "circumstances", "{table} is empty");
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Flips bits of these files, one at a time, each time beside the other files as they are.
fn check_flips(files: &[(&str, Vec<u8>)], numbers: &mut Numbers) {
    let place = Place::new();
    let expected = {
        write_all(&place, files);
        everything(&place.path()).unwrap()
    };
    let mut silent = Vec::new();
    let mut n_errors = 0;
    for flip in 0..FLIPS {
        let mut changed: Vec<(&str, Vec<u8>)> = files.to_vec();
        let (suffix, bytes) = &mut changed[numbers.below(files.len())];
        let mut at = numbers.below(bytes.len());
        // Every other flip hits a byte that is used, since most of the file is empty.
        while flip % 2 == 0 && bytes[at] == 0 {
            at = numbers.below(bytes.len());
        }
        let bit = numbers.below(8);
        bytes[at] ^= 1 << bit;
        let where_to = format!("byte {at}, bit {bit} of study.db{suffix}");
        write_all(&place, &changed);
        match everything(&place.path()) {
            Err(_) => n_errors += 1,
            Ok(found) if found == expected => {}
            Ok(_) => silent.push(where_to),
        }
    }
    assert!(silent.is_empty(), "{} silent: {silent:#?}", silent.len());
    assert!(n_errors > FLIPS / 10, "{n_errors} errors");
}

fn write_all(place: &Place, files: &[(&str, Vec<u8>)]) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(&place.path(), suffix));
    }
    for (suffix, bytes) in files {
        fs::write(beside(&place.path(), suffix), bytes).unwrap();
    }
}

#[test]
fn no_flip_in_the_file_is_silent() {
    let place = Place::new();
    fill(&place.study());
    assert!(!beside(&place.path(), "-wal").exists());
    let files = [("", fs::read(place.path()).unwrap())];
    check_flips(&files, &mut Numbers(1));
}

#[test]
fn no_flip_in_the_file_and_its_log_is_silent() {
    let place = Place::new();
    let study = place.study();
    fill(&study);
    // What a killed process leaves behind.
    let read = |suffix| fs::read(beside(&place.path(), suffix)).unwrap();
    let files = [("", read("")), ("-wal", read("-wal"))];
    assert!(files[1].1.len() > 10_000);
    check_flips(&files, &mut Numbers(2));
    drop(study);
}

/// Bytes and words instead of bits, and parts that are cut off.
#[test]
fn no_other_damage_of_a_trial_is_silent() {
    let place = Place::new();
    fill(&place.study());
    let bytes = fs::read(place.path()).unwrap();
    let expected = everything(&place.path()).unwrap();
    let other = Place::new();
    let mut numbers = Numbers(3);
    for n in 0..300 {
        let mut changed = bytes.clone();
        let at = numbers.below(changed.len() - 8);
        match n % 3 {
            0 => changed[at] = numbers.below(256).try_into().unwrap(),
            1 => changed[at..at + 8].fill(0),
            _ => changed.truncate(at),
        }
        write_all(&other, &[("", changed)]);
        if let Ok(found) = everything(&other.path()) {
            assert!(found == expected, "kind {}, byte {at}", n % 3);
        }
    }
}
