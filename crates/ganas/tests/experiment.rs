//! Experiments as a library runs them: a function evaluates, a study records, observers are told.

#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]
#![expect(clippy::float_cmp, reason = "values are passed on unchanged")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use ganas::search::{Observer, ObserverError, RoundReport, RunOutcome, StopReason};
use ganas::{
    AlgorithmName, Arch, Budget, Direction, Experiment, MetricOverrides, SearchRecord, SearchSpace,
    Seeds, StopFlag,
};

fn space() -> Arc<dyn SearchSpace> {
    ganas::space::open("nasbench201").unwrap()
}

/// The number of vertices of an architecture with an edge to the one after.
fn score(arch: &Arch) -> Result<f64, String> {
    let labels: u32 = arch
        .labels()
        .iter()
        .map(|label| u32::from(label.index() == 2))
        .sum();
    Ok(f64::from(labels))
}

fn experiment(algorithm: AlgorithmName) -> Experiment {
    Experiment::new()
        .space(space())
        .function("score", score)
        .algorithm(algorithm)
        .budget(Budget::unique(30).unwrap())
}

/// The record without what depends on the clock.
fn timeless(mut record: SearchRecord) -> SearchRecord {
    for run in &mut record.runs {
        run.wall_s = 0.0;
    }
    record
}

#[test]
fn a_function_is_searched() {
    for algorithm in [
        AlgorithmName::Random,
        AlgorithmName::LocalSearch,
        AlgorithmName::GaNas,
    ] {
        let record = experiment(algorithm).run().unwrap();
        let [run] = record.runs.as_slice() else {
            panic!("{record:?}");
        };
        assert_eq!((run.unique_queries, run.failed), (30, 0));
        let best = run.best.as_ref().unwrap();
        let arch = space().decode(&best.arch).unwrap();
        assert_eq!(Ok(best.search), score(&arch));
        assert_eq!(best.report, best.search);
        assert_eq!(record.protocol.search, "score");
    }
}

#[test]
fn a_failed_evaluation_is_survived() {
    let calls = AtomicU32::new(0);
    let record = experiment(AlgorithmName::Random)
        .function("score", move |arch| {
            match calls.fetch_add(1, Ordering::Relaxed) % 3 {
                0 => Err("out of memory".to_owned()),
                _ => score(arch),
            }
        })
        .run()
        .unwrap();
    assert_eq!(record.runs[0].failed, 10);
}

#[test]
fn an_interrupted_run_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.db");
    let whole = experiment(AlgorithmName::LocalSearch).run().unwrap();

    let stop = StopFlag::default();
    let (flag, calls) = (stop.clone(), AtomicU32::new(0));
    let part = experiment(AlgorithmName::LocalSearch)
        .function("score", move |arch| {
            if calls.fetch_add(1, Ordering::Relaxed) == 12 {
                flag.stop();
            }
            score(arch)
        })
        .study(&study)
        .stop(stop)
        .run()
        .unwrap();
    assert_eq!(part.runs[0].stop, StopReason::Interrupted);
    assert!((12..30).contains(&part.runs[0].unique_queries));

    let again = experiment(AlgorithmName::LocalSearch).study(&study).run();
    assert!(again.unwrap_err().to_string().contains("--resume"));
    let rest = experiment(AlgorithmName::LocalSearch)
        .study(&study)
        .resume()
        .run()
        .unwrap();
    assert_eq!(timeless(rest), timeless(whole));
}

#[derive(Clone, Default)]
struct Rounds(Arc<Mutex<Vec<(u64, u32)>>>, u64);

impl Observer for Rounds {
    fn name(&self) -> &'static str {
        "the test"
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        self.0.lock().unwrap().push((self.1, round.counts.unique));
        Ok(())
    }

    fn on_finish(&mut self, _: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}

#[test]
fn observers_see_every_run() {
    let rounds = Rounds::default();
    let told = rounds.clone();
    experiment(AlgorithmName::Random)
        .seeds("3,5".parse::<Seeds>().unwrap())
        .observe(move |seed| Box::new(Rounds(Arc::clone(&told.0), seed)))
        .run()
        .unwrap();
    let rounds = rounds.0.lock().unwrap();
    for seed in [3, 5] {
        let last = rounds.iter().rfind(|(of, _)| *of == seed);
        assert_eq!(last, Some(&(seed, 30)));
    }
}

#[test]
fn what_makes_no_sense_is_told_apart_from_what_fails() {
    let no_space = Experiment::new()
        .function("score", score)
        .run()
        .unwrap_err();
    assert!(no_space.is_usage(), "{no_space}");
    let bound = "latency <= 3".parse().unwrap();
    let unknown = experiment(AlgorithmName::Random)
        .constraint(bound)
        .run()
        .unwrap_err();
    assert!(
        unknown.is_usage() && unknown.to_string().contains("latency"),
        "{unknown}"
    );
    let no_file = Experiment::new()
        .space(space())
        .table("no-such-file.csv")
        .run()
        .unwrap_err();
    assert!(!no_file.is_usage(), "{no_file}");
}

#[test]
fn a_function_is_minimised_by_its_name_or_when_that_is_declared() {
    let best = |metric: &str, declared: Option<Direction>| {
        let mut overrides = MetricOverrides::default();
        if let Some(direction) = declared {
            overrides.direction(metric, direction).unwrap();
        }
        let experiment = experiment(AlgorithmName::LocalSearch).function(metric, score);
        let record = experiment.declare(overrides).run().unwrap();
        record.runs[0].best.as_ref().unwrap().search
    };
    let most = best("score", None);
    assert!(most > 0.0);
    for (metric, declared, expected) in [
        ("loss", None, 0.0),
        ("quux", None, most),
        ("quux", Some(Direction::Minimize), 0.0),
        ("loss", Some(Direction::Maximize), most),
    ] {
        assert_eq!(best(metric, declared), expected, "{metric} {declared:?}");
    }
}
