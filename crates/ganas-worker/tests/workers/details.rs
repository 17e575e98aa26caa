//! Everything that a worker returns is kept, and so is where and when; what an evaluator is called.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ganas_eval::{Details, EvalError, Evaluator as _};
use ganas_worker::{Measured, PoolConfig, Request, WorkerEvaluator, WorkerFailure, Workers};

use crate::shell::{HANG, command};
use crate::{Place, Queue};

fn open(place: &Place, script: &str) -> WorkerEvaluator {
    let mut config = place.config(command(place, script), 1);
    config.time_limit = HANG;
    config.retries = 1;
    place.open(config).unwrap()
}

fn details(place: &Place, script: &str) -> Vec<Details> {
    let evaluator = open(place, script);
    let mut feed = Queue::of(place, &place.archs(2));
    evaluator.evaluate_all(&mut feed).unwrap();
    feed.outcomes
        .into_values()
        .map(|outcome| outcome.details)
        .collect()
}

fn values<const N: usize>(values: [(&str, f64); N]) -> BTreeMap<String, f64> {
    let values = values.into_iter();
    values
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[test]
fn everything_that_is_returned_is_kept() {
    let place = Place::new();
    let metrics = r#"{"valid":0.5,"loss":12.5,"diverged":NaN,"lost":null}"#;
    let cost = r#"{"gpu_hours":1.5,"unknown":Infinity}"#;
    let result = format!(
        r#"say '{{"type":"result","id":'$id',"metrics":{metrics},"cost":{cost},"artifact":"runs/1/w.pt"}}'"#
    );
    let script = format!("hello; ask; refuse busy true; while :; do ask; {result}; done");
    let all = details(&place, &script);
    for (found, attempts) in all.iter().zip([2, 1]) {
        assert_eq!(found.metrics, values([("loss", 12.5), ("valid", 0.5)]));
        assert_eq!(found.cost, values([("gpu_hours", 1.5)]));
        assert_eq!(found.artifact.as_deref(), Some("runs/1/w.pt"));
        assert_eq!(found.attempts, attempts);
        let circumstances = found.circumstances.as_ref().unwrap();
        assert!(!circumstances.host.is_empty());
        assert_eq!(circumstances.worker, 0);
        assert!(circumstances.log.ends_with("worker-0.log"));
        // After the year 2020; a clock may be set in between.
        for time in [
            circumstances.queued,
            circumstances.started,
            circumstances.ended,
        ] {
            assert!(time > 1.5e9, "{circumstances:?}");
        }
    }
}

#[test]
fn failures_have_their_circumstances_too() {
    let place = Place::new();
    let all = details(&place, "hello; while :; do ask; refuse broken true; done");
    for found in all {
        assert_eq!((found.metrics.len(), found.attempts), (0, 2));
        assert_eq!(found.circumstances.unwrap().worker, 0);
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let name = format!(r#"{{"valid":0.5,"{}":1}}"#, "a".repeat(257));
    for (rest, told) in [
        (
            format!(r#""metrics":{name}"#),
            "of 257 bytes; expected at most 256",
        ),
        (
            r#""metrics":{"valid":0.5,"a\u0007":1}"#.to_owned(),
            "without control characters",
        ),
        (
            r#""metrics":{"valid":0.5},"cost":{"a\u0007":1}"#.to_owned(),
            "without control characters",
        ),
        (
            format!(
                r#""metrics":{{"valid":0.5}},"artifact":"{}""#,
                "a".repeat(5000)
            ),
            "its artifact has 5000 bytes, expected at most 4096",
        ),
        (
            r#""metrics":{"valid":0.5},"artifact":"a\u001b[31m""#.to_owned(),
            "its artifact has control characters",
        ),
    ] {
        let place = Place::new();
        // The shell's own `printf %s` leaves the escapes to JSON.
        let script =
            format!("hello; ask; say '{{\"type\":\"result\",\"id\":'$id',{rest}}}'; forever");
        let evaluator = open(&place, &script);
        let results = place.evaluate(&evaluator, &place.archs(1)).unwrap();
        let error = results[0].as_ref().unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn what_was_kept_is_recalled() {
    let place = Place::new();
    let evaluator = open(&place, "hello; while :; do ask; answer; done");
    let arch = &place.archs(1)[0];
    let measured = place
        .evaluate(&evaluator, std::slice::from_ref(arch))
        .unwrap();
    let kept = evaluator
        .recall(arch, &values([("valid", 0.5), ("other", 3.0)]))
        .unwrap();
    assert_eq!(Ok(kept), measured[0]);
    let error = evaluator
        .recall(arch, &values([("other", 3.0)]))
        .unwrap_err();
    assert!(matches!(error, EvalError::NotKept { metric } if metric == "valid"));
}

#[test]
fn a_list_is_measured_with_its_seeds() {
    let place = Place::new();
    let script = r#"
hello
while :; do
  ask
  case $line in
    *'"seed":9,'*) refuse unbuildable false ;;
    *) answer ;;
  esac
done"#;
    let config = place.config(command(&place, script), 2);
    let workers = Workers::open(config, place.space.clone(), Box::new(|_| ())).unwrap();
    let archs = place.archs(1);
    let requests = [7, 9].map(|seed| Request {
        arch: &archs[0],
        seed,
    });
    let all = Mutex::new(BTreeMap::<usize, Measured>::new());
    let mut keep = |at, measured| {
        all.lock().unwrap().insert(at, measured);
        Ok(())
    };
    workers.measure_all(&requests, &mut keep).unwrap();
    let all = all.into_inner().unwrap();
    assert_eq!(all[&0].result, Ok(values([("valid", 0.5)])));
    assert!(matches!(
        all[&1].result,
        Err(WorkerFailure::Reported { .. })
    ));
    assert_eq!(all[&1].details.attempts, 1);
}

#[test]
fn an_evaluator_may_be_given_an_id() {
    let place = Place::new();
    let identity = |comment: &str, change: &dyn Fn(&mut PoolConfig)| {
        let script = format!("# {comment}\nhello; ask");
        let mut config = place.config(command(&place, &script), 1);
        change(&mut config);
        place.open(config).unwrap().identity().to_owned()
    };
    let id =
        |id: &'static str| move |config: &mut PoolConfig| config.evaluator_id = Some(id.to_owned());
    let plain = identity("here", &|_| ());
    assert_eq!(plain.len(), 64);
    assert_ne!(plain, identity("moved", &|_| ()));
    let named = identity("here", &id("cifar"));
    assert_ne!(named, plain);
    assert_eq!(named, identity("moved", &id("cifar")));
    assert_ne!(named, identity("here", &id("svhn")));
    // The fidelity is told separately.
    let more = identity("here", &|config| {
        config.fidelity.insert("epochs".to_owned(), 3.0);
    });
    assert_eq!(plain, more);
}
