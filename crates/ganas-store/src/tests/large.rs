//! How long a large study takes, and how large it is. Not run by itself:
//! `cargo test --release -p ganas-store large -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Instant;

use ganas_eval::{Circumstances, Details};

use super::*;
use crate::study::Durability;
use crate::{Evaluation, EvaluationId, Times};

/// How many trials the study has.
const TRIALS: u32 = 100_000;

/// A run in a space that has so many classes.
fn large(space: &str, budget: u32) -> RunSpec {
    RunSpec {
        space: space.into(),
        budget: Budget::unique(budget).unwrap(),
        pace: Pace::Window(NonZeroU32::new(8).unwrap()),
        ..spec(1)
    }
}

/// Begins the run or goes on with it, to its end.
fn run_large(study: &Study, spec: &RunSpec) {
    let space = by_name(&spec.space).unwrap();
    let begun = study.begin(spec, OnExisting::Resume, &*space, session());
    let (claim, resume) = match begun.unwrap() {
        Begun::Fresh(claim) => (claim, None),
        Begun::Resume(claim, point) => (claim, Some(point)),
        Begun::Finished(run) => panic!("run {run} has ended"),
    };
    let evaluator = MadeUp {
        space: Arc::clone(&space),
        protocol: protocol(),
    };
    // Notes who evaluates; the evaluations are kept below, all at once.
    let of_space = EvaluatorSpec {
        space: spec.space.clone(),
        ..evaluator_spec()
    };
    let remembered = claim.remember(&evaluator, &of_space, Arc::clone(&space));
    drop(remembered.unwrap());
    let mut writer = claim.writer(Arc::clone(&space), || Duration::ZERO).costly();
    let mut searcher = RandomSearch::new(Arc::clone(&space), spec.seed);
    Run::new(&*space, &mut searcher, &evaluator, spec.budget)
        .pace(spec.pace)
        .resume(resume)
        .observe(&mut writer)
        .run()
        .unwrap();
}

/// Keeps an evaluation for each trial, with all that a worker returns.
fn keep_evaluations(study: &Study) {
    let run = the_run(study);
    let trials = study.trials(run).unwrap();
    let (_, kept) = study.evaluators().unwrap().remove(0);
    let doing = "keep all evaluations";
    let written = study.write(Durability::Lazy, doing, |tx| {
        for trial in &trials {
            let Some(report) = trial.report else { continue };
            let n = f64::from(trial.number.0);
            let metrics = [("valid", report.0), ("test", report.0 / 3.0), ("ms", n)];
            let evaluation = Evaluation {
                id: EvaluationId {
                    key: trial.key,
                    seed: None,
                },
                arch: Some(trial.arch.clone()),
                run: Some(run),
                reason: None,
                details: Details {
                    metrics: metrics.map(|(name, value)| (name.to_owned(), value)).into(),
                    cost: BTreeMap::from([("gpu_hours".to_owned(), 0.25)]),
                    artifact: Some(format!("weights/{}.pt", trial.key)),
                    attempts: 1,
                    circumstances: Some(Circumstances {
                        host: "node-17".to_owned(),
                        worker: 3,
                        queued: 1.7e9 + n,
                        started: 1.7e9 + n + 0.125,
                        ended: 1.7e9 + n + 0.75,
                        log: "logs/worker-3.log".to_owned(),
                    }),
                    ..Details::default()
                },
            };
            kept.insert(tx, &evaluation)?;
        }
        Ok(())
    });
    written.unwrap();
}

/// Prints how much of the file each table has, and how full its pages are.
fn print_tables(study: &Study) {
    let connection = study.lock();
    let sql = "SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER BY 2 DESC";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (name, size, unused): (String, u32, u32) = (
            row.get(0).unwrap(),
            row.get(1).unwrap(),
            row.get(2).unwrap(),
        );
        let (each, empty) = (size / TRIALS, unused / TRIALS);
        if each == 0 {
            break;
        }
        println!("  {name}: {each} bytes a trial, of which {empty} are empty");
    }
}

/// How long this thread has had a processor, in seconds, where the system tells it: what others do at the same time is no part
/// of it.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Does something, and prints how long it took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    #[expect(clippy::disallowed_methods, reason = "the time is what is measured")]
    let start = Instant::now();
    let before = processor_time();
    let done = work();
    let wall = start.elapsed().as_secs_f64();
    match processor_time().zip(before) {
        Some((now, before)) => {
            println!("{what}: {wall:.2} s, {:.2} s of a processor", now - before)
        }
        None => println!("{what}: {wall:.2} s"),
    }
    done
}

#[test]
#[ignore = "measures, and takes a while"]
fn a_large_study_is_read_in_little_time() {
    for space in ["nasbench101", "darts"] {
        println!("{space}");
        measure(space);
    }
}

fn measure(space: &str) {
    let place = Place::new();
    let size = || place.path().metadata().unwrap().len();
    let per_trial = |bytes: u64| bytes / u64::from(TRIALS);
    timed("search", || {
        run_large(&place.study(), &large(space, TRIALS))
    });
    let record = size();
    timed("keep", || keep_evaluations(&place.study()));
    let state: u32 = place
        .study()
        .lock()
        .query_row("SELECT length(state) FROM checkpoints", [], |row| {
            row.get(0)
        })
        .unwrap();
    println!(
        "{TRIALS} trials, {} bytes each, of which {} are evaluations; the checkpoint has {state}",
        per_trial(size()),
        per_trial(size() - record)
    );
    print_tables(&place.study());
    let study = timed("open", || Study::open_read_only(place.path()).unwrap());
    let all = RunFilter::default();
    let top = timed("top", || study.top(10, &all).unwrap());
    assert_eq!(top.len(), 10);
    let status = timed("status", || study.status().unwrap());
    assert_eq!(status.runs[0].summary.counts.unique, TRIALS);
    for format in [ExportFormat::JsonLines, ExportFormat::Csv] {
        for times in [Times::Leave, Times::Include] {
            let export = Export {
                times,
                ..Export::new(format)
            };
            let what = format!("export as {format:?}, {times:?} times");
            timed(&what, || {
                study.export(&mut std::io::sink(), &export).unwrap()
            });
        }
    }
    drop(study);
    let study = timed("open for writing", || place.study());
    timed("resume, and ten more trials", || {
        run_large(&study, &large(space, TRIALS + 10));
    });
}
