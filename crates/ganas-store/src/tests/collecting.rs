//! Collections: what is kept is found again, by the same evaluator only, and by one process at a time.

use std::collections::BTreeMap;

use ganas_eval::{Circumstances, Details};
use ganas_space::ArchKey;

use super::*;
use crate::{Collection, Evaluation, EvaluationId, EvaluatorSpec};

fn spec(evaluator: &str) -> EvaluatorSpec {
    EvaluatorSpec {
        space: "nasbench201".into(),
        identity: evaluator.into(),
        fidelity: Fidelity::new(),
        description: format!("`train {evaluator}`"),
    }
}

fn id(key: u128, seed: u32) -> EvaluationId {
    EvaluationId {
        key: ArchKey(key),
        seed: Some(seed),
    }
}

/// All metrics of an evaluation, or why there are none.
type Collected = Result<BTreeMap<String, f64>, String>;

fn evaluation(id: EvaluationId, collected: &Collected) -> Evaluation {
    Evaluation {
        id,
        arch: Some("|text|".to_owned()),
        run: None,
        reason: collected.clone().err(),
        details: Details {
            metrics: collected.clone().unwrap_or_default(),
            cost: BTreeMap::from([("gpu_hours".to_owned(), 0.25)]),
            artifact: Some("weights".to_owned()),
            attempts: 2,
            circumstances: Some(Circumstances {
                host: "host".to_owned(),
                worker: 3,
                queued: 1.0,
                started: 2.5,
                ended: 4.0,
                log: "worker-3.log".to_owned(),
            }),
            ..Details::default()
        },
    }
}

fn keep(
    collection: &Collection,
    id: EvaluationId,
    collected: &Collected,
) -> Result<(), StoreError> {
    collection.keep(&evaluation(id, collected))
}

fn metrics(valid: f64) -> Collected {
    Ok(BTreeMap::from([
        ("valid".to_owned(), valid),
        ("test".to_owned(), valid / 3.0),
    ]))
}

#[test]
fn what_is_kept_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let kept = BTreeMap::from([
        (id(1, 0), metrics(0.1)),
        (id(1, u32::MAX), metrics(1.0 / 3.0)),
        (id(u128::MAX, 0), Err("out of memory".to_owned())),
    ]);
    {
        let study = Study::create_or_open(&path).unwrap();
        let collection = study.collect(&spec("a"), OnExisting::Refuse).unwrap();
        assert!(collection.evaluations().unwrap().is_empty());
        for (id, collected) in &kept {
            keep(&collection, *id, collected).unwrap();
        }
    }
    let study = Study::create_or_open(&path).unwrap();
    let refused = study.collect(&spec("a"), OnExisting::Refuse).unwrap_err();
    assert!(
        refused.to_string().contains("already holds 3 evaluations"),
        "{refused}"
    );
    let collection = study.collect(&spec("a"), OnExisting::Resume).unwrap();
    let expected = kept
        .iter()
        .map(|(id, collected)| (*id, evaluation(*id, collected)));
    assert_eq!(collection.evaluations().unwrap(), expected.collect());

    assert_eq!(collection.forget_failures().unwrap(), 1);
    keep(&collection, id(1, 0), &metrics(0.2)).unwrap();
    let known = collection.evaluations().unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(known[&id(1, 0)], evaluation(id(1, 0), &metrics(0.2)));
}

#[test]
fn evaluators_and_spaces_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let study = Study::create_or_open(folder.path().join("study.db")).unwrap();
    // Nothing at all is nothing to be confused with.
    let first = study.collect(&spec("a"), OnExisting::Resume).unwrap();
    keep(&first, id(1, 0), &metrics(0.1)).unwrap();

    let refused = study.collect(&spec("b"), OnExisting::Resume).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("nothing to resume for nasbench201 by `train b`"),
        "{text}"
    );
    assert!(
        text.contains("evaluations of nasbench201 by `train a`"),
        "{text}"
    );

    let second = study.collect(&spec("b"), OnExisting::Refuse).unwrap();
    assert!(second.evaluations().unwrap().is_empty());
    keep(&second, id(1, 0), &metrics(0.2)).unwrap();
    let known = first.evaluations().unwrap();
    assert_eq!(known[&id(1, 0)], evaluation(id(1, 0), &metrics(0.1)));
}

#[test]
fn the_newest_claim_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let first = Study::create_or_open(&path).unwrap();
    let first = first.collect(&spec("a"), OnExisting::Resume).unwrap();
    keep(&first, id(1, 0), &metrics(0.1)).unwrap();
    let second = Study::create_or_open(&path).unwrap();
    let second = second.collect(&spec("a"), OnExisting::Resume).unwrap();
    let refused = keep(&first, id(2, 0), &metrics(0.2)).unwrap_err();
    assert!(
        matches!(refused, StoreError::CollectionConflict { .. }),
        "{refused}"
    );
    keep(&second, id(3, 0), &metrics(0.3)).unwrap();
    assert_eq!(second.evaluations().unwrap().len(), 2);
}

#[test]
fn a_row_that_was_not_written_here_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let study = Study::create_or_open(&path).unwrap();
    let collection = study.collect(&spec("a"), OnExisting::Refuse).unwrap();
    keep(&collection, id(1, 7), &metrics(0.1)).unwrap();
    let sql = "UPDATE outcomes SET metrics = '{\"valid\":'";
    study.lock().execute(sql, []).unwrap();
    let error = collection.evaluations().unwrap_err().to_string();
    assert!(
        error.contains("is damaged") && error.contains("with seed 7"),
        "{error}"
    );
}
