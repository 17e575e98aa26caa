//! Lists of architectures as a library evaluates them: with a function, and with an evaluator that is told training seeds.

#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use ganas::eval::{
    EvalError, Feed, Measurement, MetricPair, Outcome, Query, ReportMetric, SearchMetric,
    SelectionKind,
};
use ganas::{Arch, Error, Evaluate, Evaluator, Experiment, SearchSpace, Seeds, StopFlag};

fn space() -> Arc<dyn SearchSpace> {
    ganas::space::open("nasbench101-v4").unwrap()
}

fn archs(n: usize) -> Vec<Arch> {
    space().enumeration().unwrap().archs().take(n).collect()
}

#[test]
fn a_function_is_asked_for_what_a_search_with_it_has_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("s.db");
    let calls = Arc::new(AtomicU32::new(0));
    let counted = |calls: &Arc<AtomicU32>| {
        let calls = Arc::clone(calls);
        move |arch: &Arch| {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<_, String>(f64::from(u32::try_from(arch.labels().len()).unwrap()))
        }
    };
    let evaluate = || {
        Evaluate::archs(archs(91))
            .space(space())
            .function("size", counted(&calls))
            .study(&study)
    };
    let record = evaluate().run().unwrap();
    assert_eq!((record.evaluations, record.failed), (91, 0));
    assert_eq!(record.metrics, ["size"]);
    assert_eq!(calls.load(Ordering::Relaxed), 91);
    assert_eq!(evaluate().run().unwrap().reused, 91);

    Experiment::new()
        .space(space())
        .function("size", counted(&calls))
        .algorithm(ganas::AlgorithmName::Random)
        .study(&study)
        .run()
        .unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 91);
    let top = Evaluate::top(&study, 3)
        .space(space())
        .function("size", counted(&calls))
        .study(&study);
    assert_eq!(top.run().unwrap().architectures.len(), 3);
    assert_eq!(calls.load(Ordering::Relaxed), 91);

    let seeds = evaluate().training_seeds("0..2".parse::<Seeds>().unwrap());
    assert!(seeds.run().unwrap_err().is_usage());
    let nothing = Evaluate::archs(archs(1)).space(space()).run();
    assert!(nothing.unwrap_err().is_usage());
}

#[test]
fn a_stop_leaves_what_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("s.db");
    let stop = StopFlag::default();
    let list = || {
        Evaluate::archs(archs(20))
            .space(space())
            .function("size", |_: &Arch| Ok::<_, String>(1.0))
            .study(&study)
            .stop(stop.clone())
    };
    let mut first = list().prepare().unwrap();
    let stopped = first.run(&mut |progress| {
        if progress.ended == 7 {
            stop.stop();
        }
    });
    assert!(matches!(stopped, Err(Error::Eval(EvalError::Interrupted))));
    assert_eq!(first.progress().ended, 7);
    let second = list().prepare().unwrap();
    assert_eq!(second.progress().reused, 7);
}

/// Notes the training seeds that it is told, and fails with one of them.
struct Seeded {
    pair: MetricPair,
    told: Mutex<Vec<Option<u32>>>,
}

impl Evaluator for Seeded {
    fn metric_pair(&self) -> &MetricPair {
        &self.pair
    }

    fn evaluate(&self, _: Query<'_>) -> Result<Measurement, EvalError> {
        Err(EvalError::Interrupted)
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        while let Some(task) = feed.next()? {
            self.told.lock().unwrap().push(task.seed);
            let value = f64::from(task.seed.unwrap_or(100));
            let result = if task.seed == Some(3) {
                Err(EvalError::Failed("three\nis too many".into()))
            } else {
                Ok(Measurement {
                    search: SearchMetric::maximized(value),
                    report: ReportMetric(-value),
                    objectives: Vec::new(),
                    violation: 0.0,
                })
            };
            feed.finished(task.ticket, Outcome::of(result, &self.pair))?;
        }
        Ok(())
    }
}

#[test]
fn an_evaluator_is_told_training_seeds() {
    let evaluator = Arc::new(Seeded {
        pair: MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected),
        told: Mutex::default(),
    });
    let list = Evaluate::archs(archs(2))
        .space(space())
        .evaluator(evaluator.clone(), "seeded")
        .training_seeds("1..4".parse::<Seeds>().unwrap());
    let record = list.run().unwrap();
    let told = evaluator.told.lock().unwrap().clone();
    assert_eq!(told, [1, 2, 3, 1, 2, 3].map(Some));
    assert_eq!((record.evaluations, record.failed), (6, 2));
    for arch in &record.architectures {
        let over = arch.over_seeds["valid"];
        assert_eq!((over.n, over.mean.to_string()), (2, "1.5".to_owned()));
    }
    let text = record.to_text();
    assert!(
        text.contains("(training seed 3): three\\nis too many\n"),
        "{text}"
    );
}
