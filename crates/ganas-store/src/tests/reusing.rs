//! Evaluations as an asset of the study: who uses them again, and what is seen of them before they are trials.

use std::collections::{BTreeMap, BTreeSet};

use ganas_eval::Details;
use ganas_search::{Objective, Objectives};
use ganas_space::ArchKey;

use super::remembered::{Limited, finish_costly, session_of};
use super::*;
use crate::{Evaluation, EvaluationId};

fn limited() -> Limited {
    Limited::new(u32::MAX, || EvalError::Interrupted)
}

/// Searches with an evaluator of its own identity, and returns what it was asked.
fn asked_by(study: &Study, spec: &RunSpec, evaluator_spec: &EvaluatorSpec) -> BTreeSet<ArchKey> {
    let evaluator = limited();
    let Begun::Fresh(claim) = begin(study, spec, OnExisting::Refuse).unwrap() else {
        panic!("the run is new");
    };
    let remembered = claim.remember(&evaluator, evaluator_spec, space()).unwrap();
    let mut writer = claim.writer(space(), || Duration::ZERO).costly();
    let mut searcher = RandomSearch::new(space(), spec.seed);
    Run::new(&*space(), &mut searcher, &remembered, spec.budget)
        .pace(spec.pace)
        .observe(&mut writer)
        .run()
        .unwrap();
    drop((remembered, writer));
    evaluator.asked.into_inner().unwrap().into_iter().collect()
}

fn succeeded(study: &Study, run: usize) -> BTreeSet<ArchKey> {
    let run = study.runs().unwrap()[run].id;
    let trials = study.trials(run).unwrap().into_iter();
    let completed = trials.filter(|trial| trial.report.is_some());
    completed.map(|trial| trial.key).collect()
}

#[test]
fn another_seed_uses_what_the_first_has_evaluated() {
    // Many, so that the two meet.
    let large = |seed| RunSpec {
        budget: Budget::unique(300).unwrap(),
        ..spec(seed)
    };
    let place = Place::new();
    let study = place.study();
    let first = asked_by(&study, &large(1), &evaluator_spec());
    let known = succeeded(&study, 0);
    let second = asked_by(&study, &large(2), &evaluator_spec());
    let runs = study.runs().unwrap();
    let told: BTreeSet<ArchKey> = (study.trials(runs[1].id).unwrap().iter())
        .map(|trial| trial.key)
        .collect();
    assert!(told.intersection(&known).count() > 0, "they meet");
    let expected: BTreeSet<ArchKey> = told.difference(&known).copied().collect();
    assert_eq!((first.len(), second), (300, expected));
    // The record is the same as without the first.
    let alone = Place::new();
    asked_by(&alone.study(), &large(2), &evaluator_spec());
    assert!(json_lines(&study).ends_with(&json_lines(&alone.study())));
}

#[test]
fn another_evaluator_or_fidelity_uses_nothing() {
    let place = Place::new();
    let study = place.study();
    asked_by(&study, &spec(1), &evaluator_spec());
    let other_identity = EvaluatorSpec {
        identity: "cd".repeat(32),
        ..evaluator_spec()
    };
    let fidelity = Fidelity::from([("epochs".to_owned(), 12.0)]);
    let other_fidelity = EvaluatorSpec {
        fidelity: fidelity.clone(),
        ..evaluator_spec()
    };
    let of_identity = RunSpec {
        table_sha256: other_identity.identity.clone(),
        ..spec(1)
    };
    let of_fidelity = RunSpec {
        fidelity,
        ..spec(1)
    };
    assert_eq!(asked_by(&study, &of_identity, &other_identity).len(), 30);
    assert_eq!(asked_by(&study, &of_fidelity, &other_fidelity).len(), 30);
    assert_eq!(study.evaluators().unwrap().len(), 3);
}

/// Reports another metric than what was kept.
struct Other {
    inner: MadeUp,
    pair: MetricPair,
}

impl Evaluator for Other {
    fn metric_pair(&self) -> &MetricPair {
        &self.pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        self.inner.evaluate(query)
    }
}

#[test]
fn a_metric_that_was_not_kept_is_evaluated() {
    let place = Place::new();
    let study = place.study();
    finish_costly(&study, &spec(1));
    let before = json_lines(&study);
    let pair = MetricPair {
        report: "another".to_owned(),
        ..protocol()
    };
    let other = RunSpec {
        protocol: pair.clone(),
        ..spec(1)
    };
    let Begun::Fresh(claim) = begin(&study, &other, OnExisting::Refuse).unwrap() else {
        panic!("the run is new");
    };
    let evaluator = Other {
        inner: MadeUp::new(),
        pair,
    };
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    let mut writer = claim.writer(space(), || Duration::ZERO).costly();
    let mut searcher = RandomSearch::new(space(), 1);
    let outcome = Run::new(&*space(), &mut searcher, &remembered, other.budget)
        .observe(&mut writer)
        .run()
        .unwrap();
    assert_eq!((outcome.counts.unique, remembered.reused()), (30, 0));
    drop((remembered, writer));
    // What was recorded stays.
    let without_metrics = |text: &str| -> Vec<serde_json::Value> {
        let lines = nameless(text).into_iter().map(|mut line| {
            line.as_object_mut().unwrap().remove("metrics");
            line
        });
        lines.collect()
    };
    let after = without_metrics(&json_lines(&study));
    for line in without_metrics(&before) {
        assert!(after.contains(&line), "{line}");
    }
}

#[test]
fn a_failure_does_not_take_the_place_of_a_success() {
    let place = Place::new();
    let study = place.study();
    let kept = study.evaluations(&evaluator_spec()).unwrap();
    let id = EvaluationId {
        key: ArchKey(7),
        seed: None,
    };
    let evaluation = |reason: Option<&str>| Evaluation {
        id,
        arch: None,
        run: None,
        reason: reason.map(str::to_owned),
        details: Details {
            metrics: match reason {
                None => BTreeMap::from([("valid".to_owned(), 0.5)]),
                Some(_) => BTreeMap::new(),
            },
            ..Details::default()
        },
    };
    let (failure, success) = (evaluation(Some("no memory")), evaluation(None));
    for (keep, expected) in [
        (&failure, &failure),
        (&success, &success),
        (&failure, &success),
    ] {
        kept.keep(keep).unwrap();
        assert_eq!(kept.find(id).unwrap().as_ref(), Some(expected));
    }
}

#[test]
fn what_is_evaluated_stays_seen_when_a_run_is_interrupted() {
    let place = Place::new();
    let study = place.study();
    let evaluator = Limited::new(6, || EvalError::Interrupted);
    session_of(&study, &evaluator, &spec(8), OnExisting::Refuse).unwrap();
    let now = &study.status().unwrap().runs[0];
    assert_eq!((now.summary.counts.raw, &now.holder), (4, &None));
    let numbers: Vec<u32> = now.pending.iter().map(|pending| pending.number).collect();
    assert_eq!(numbers, [4, 5, 6, 7]);
    let evaluated: Vec<u32> = (now.pending.iter())
        .filter(|pending| pending.evaluation.is_some())
        .map(|pending| pending.number)
        .collect();
    assert_eq!(evaluated, [6, 7], "the last are evaluated first");
    session_of(&study, &limited(), &spec(8), OnExisting::Resume).unwrap();
    assert!(study.status().unwrap().runs[0].pending.is_empty());
}

/// Reaches two objectives, which it returns as metrics as well.
struct TwoObjectives(MadeUp);

impl Evaluator for TwoObjectives {
    fn metric_pair(&self) -> &MetricPair {
        self.0.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let measured = self.0.evaluate(query)?;
        Ok(Measurement {
            objectives: vec![measured.search.value(), measured.report.0],
            ..measured
        })
    }
}

/// Looks at the front after each evaluation.
struct Looking<'a>(&'a Study, Vec<(usize, usize)>);

impl Observer for Looking<'_> {
    fn name(&self) -> &'static str {
        "looking"
    }

    fn on_evaluated(
        &mut self,
        _: u32,
        _: &Result<Measurement, String>,
        _: &Details,
    ) -> Result<(), ganas_search::ObserverError> {
        let front = self.0.front(&RunFilter::default())?;
        let recorded = front.entries.iter().filter(|e| e.entry.is_recorded).count();
        let n = front.entries.len();
        self.1.push((recorded, n - recorded));
        Ok(())
    }

    fn on_round(
        &mut self,
        _: &ganas_search::RoundReport<'_>,
    ) -> Result<(), ganas_search::ObserverError> {
        Ok(())
    }

    fn on_finish(&mut self, _: &RunOutcome) -> Result<(), ganas_search::ObserverError> {
        Ok(())
    }
}

#[test]
fn a_front_has_what_is_evaluated_and_no_trial_yet() {
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        direction: ganas_eval::Direction::Maximize,
        table: None,
    };
    let objectives = Objectives::new(vec![objective("valid"), objective("test")], None).unwrap();
    let spec = RunSpec {
        objectives: Some(objectives),
        ..spec(8)
    };
    let place = Place::new();
    let study = place.study();
    let evaluator = TwoObjectives(MadeUp::new());
    let Begun::Fresh(claim) = begin(&study, &spec, OnExisting::Refuse).unwrap() else {
        panic!("the study is new");
    };
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    let mut writer = claim.writer(space(), || Duration::ZERO).costly();
    let mut looking = Looking(&study, Vec::new());
    let mut searcher = RandomSearch::new(space(), 8);
    Run::new(&*space(), &mut searcher, &remembered, spec.budget)
        .observe(&mut writer)
        .observe(&mut looking)
        .run()
        .unwrap();
    let seen = looking.1;
    assert!(seen.iter().any(|(_, pending)| *pending > 0), "{seen:?}");
    let front = study.front(&RunFilter::default()).unwrap();
    assert!(front.entries.iter().all(|entry| entry.entry.is_recorded));
    assert!(front.hypervolume.is_some());
}
