//! Evaluations that are stopped early: kept as such, with what they told, and never taken for results.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use ganas_eval::StoppedAt;
use ganas_search::{StopBelow, StopReason, TrialState};
use ganas_space::ArchKey;

use super::remembered::{Limited, session_of};
use super::*;

fn plain() -> RunSpec {
    RunSpec {
        pace: Pace::Window(NonZeroU32::new(3).unwrap()),
        ..spec(8)
    }
}

pub(super) fn stopping() -> RunSpec {
    RunSpec {
        stop_below: Some(StopBelow {
            startup: 3,
            ..StopBelow::quantile(0.5).unwrap()
        }),
        ..plain()
    }
}

/// Goes on with a run until so many evaluations were made; which those were, and whether it has ended.
fn go(study: &Study, spec: &RunSpec, evaluations: u32) -> (Vec<ArchKey>, bool) {
    let evaluator = Limited::telling(evaluations);
    let outcome = session_of(study, &evaluator, spec, OnExisting::Resume).unwrap();
    let asked = evaluator.asked.into_inner().unwrap();
    (asked, outcome.stop != StopReason::Interrupted)
}

fn whole(spec: &RunSpec) -> (Place, Vec<ArchKey>) {
    let place = Place::new();
    let (asked, has_ended) = go(&place.study(), spec, u32::MAX);
    assert!(has_ended);
    (place, asked)
}

/// The classes of the trials that were stopped.
fn stopped(study: &Study) -> BTreeSet<ArchKey> {
    let run = study.runs().unwrap().into_iter();
    let run = run.filter(|run| run.spec.stop_below.is_some());
    let trials = run.flat_map(|run| study.trials(run.id).unwrap());
    let stopped = trials.filter(|trial| matches!(trial.state, TrialState::Stopped(_)));
    stopped.map(|trial| trial.key).collect()
}

#[test]
fn a_run_is_the_same_wherever_it_was_interrupted_and_nothing_is_evaluated_twice() {
    let (reference, asked) = whole(&stopping());
    let stopped_keys = stopped(&reference.study());
    assert!(stopped_keys.len() > 5, "{}", stopped_keys.len());
    let kept = reference.study().evaluators().unwrap().remove(0).1;
    let ids = kept.stopped().unwrap();
    assert_eq!(
        ids.iter().map(|id| id.key).collect::<BTreeSet<_>>(),
        stopped_keys
    );
    // They are no evaluations, whatever asks for them.
    let complete = kept.all().unwrap();
    assert!(complete.keys().all(|id| !stopped_keys.contains(&id.key)));
    for evaluations in [1, 2, 7] {
        let place = Place::new();
        let mut all = Vec::new();
        loop {
            let (asked, has_ended) = go(&place.study(), &stopping(), evaluations);
            all.extend(asked);
            if has_ended {
                break;
            }
        }
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), distinct.len()), (asked.len(), asked.len()));
        assert_eq!(json_lines(&place.study()), json_lines(&reference.study()));
    }
}

#[test]
fn another_run_evaluates_what_was_stopped() {
    let (place, _) = whole(&stopping());
    let stopped = stopped(&place.study());
    let (asked, _) = go(&place.study(), &plain(), u32::MAX);
    // Random search proposes the same, so what was not stopped is there.
    let asked: BTreeSet<_> = asked.into_iter().collect();
    assert!(stopped.is_subset(&asked));
    let failed = place.study().runs().unwrap()[0].counts.failed as usize;
    assert_eq!(asked.len(), stopped.len() + failed);
    let (reference, _) = whole(&plain());
    let study = place.study();
    assert!(json_lines(&study).contains(&json_lines(&reference.study())));
    // Now there is a result, and nothing partial any more.
    let kept = study.evaluators().unwrap().remove(0).1;
    assert!(kept.stopped().unwrap().is_empty());
}

#[test]
fn a_complete_evaluation_is_stopped_where_it_would_have_been() {
    let (place, _) = whole(&plain());
    let study = place.study();
    let (asked, _) = go(&study, &stopping(), u32::MAX);
    let failed = study.runs().unwrap()[0].counts.failed as usize;
    assert_eq!(asked.len(), failed, "only failures are tried again");
    let (reference, _) = whole(&stopping());
    assert!(json_lines(&study).contains(&json_lines(&reference.study())));
    // The results that are there stay.
    let kept = study.evaluators().unwrap().remove(0).1;
    assert!(kept.stopped().unwrap().is_empty());
    assert!(stopped(&study).iter().all(|&key| {
        let id = crate::EvaluationId { key, seed: None };
        kept.find(id).unwrap().is_some()
    }));
}

#[test]
fn a_stopped_trial_is_told_as_such() {
    let (place, _) = whole(&stopping());
    let study = place.study();
    let run = &study.runs().unwrap()[0];
    assert_eq!(run.counts.unique, 30);
    let lines = json_lines(&study);
    let mut seen = 0;
    for (trial, line) in study
        .trials(run.id)
        .unwrap()
        .iter()
        .zip(lines.lines().skip(1))
    {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let TrialState::Stopped(StoppedAt { step, value }) = trial.state else {
            assert!(row.get("stopped_at").is_none() && row.get("stopped_value").is_none());
            continue;
        };
        seen += 1;
        assert_eq!(
            (&row["state"], &row["stopped_at"]),
            (&"stopped".into(), &step.into())
        );
        assert_eq!(row["stopped_value"].as_f64(), Some(value));
        for field in ["search", "report", "reason"] {
            assert!(row[field].is_null(), "{row}");
        }
        assert!(row.get("metrics").is_none());
    }
    assert!(seen > 5);
    let csv = export(&study, ExportFormat::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (state, at) = (column("state"), column("stopped_at"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let told = rows.iter().filter(|row| !row[at].is_empty());
    assert!(told.clone().all(|row| &row[state] == "stopped"));
    assert_eq!(told.count(), seen);
    let top = study.top(100, &RunFilter::default()).unwrap();
    let stopped = stopped(&study);
    assert!(top.iter().all(|entry| !stopped.contains(&entry.key)));
}
