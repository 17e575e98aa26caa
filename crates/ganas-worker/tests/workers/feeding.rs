//! Feeds: what is wanted next may depend on what was finished, and every worker is at something as long as anything is
//! wanted.
//!
//! Workers that wait for each other, or for a file, show what is at the workers at the same time; where they must not,
//! they wait for ever.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_eval::{EvalError, Evaluator as _, Fidelity, Query, Task};
use ganas_testkit::scripted_worker;
use ganas_worker::{PoolConfig, WorkerEvaluator};

use crate::shell::{HANG, command};
use crate::{Place, Queue};

fn open(place: &Place, script: &str, workers: u32) -> WorkerEvaluator {
    place.open(config(place, script, workers)).unwrap()
}

fn config(place: &Place, script: &str, workers: u32) -> PoolConfig {
    PoolConfig {
        time_limit: HANG,
        ..place.config(command(place, script), workers)
    }
}

/// The results by text of the architecture of a search in which each result decides about the next architecture.
fn chains(workers: u32, arguments: &str) -> BTreeMap<String, String> {
    let place = Place::new();
    let config = place.config(scripted_worker::command(arguments), workers);
    let evaluator = place.open(config).unwrap();
    let archs = place.archs(2_000);
    let mut asked = archs[..3].to_vec();
    let mut feed = Queue::of(&place, &asked);
    feed.then = Some(Box::new(|waiting, ticket, outcome| {
        // Three chains of ten each, whose tickets are 3 apart.
        if ticket < 27 {
            let value = outcome.result.as_ref().unwrap().search.value();
            let next = &archs[3 + usize::from(value.to_bits().to_le_bytes()[3]) * 7];
            waiting.push_back(place.task(ticket + 3, next));
            asked.push(next.clone());
        }
        Ok(())
    }));
    evaluator.evaluate_all(&mut feed).unwrap();
    let outcomes = std::mem::take(&mut feed.outcomes);
    drop(feed);
    assert_eq!((outcomes.len(), asked.len()), (30, 30));
    let results = outcomes.iter().map(|(ticket, outcome)| {
        let measurement = outcome.result.as_ref().unwrap();
        (format!("{ticket:02}"), format!("{measurement:?}"))
    });
    results.collect()
}

#[test]
fn what_is_wanted_next_may_depend_on_what_was_finished() {
    let expected = chains(1, "");
    assert_eq!(chains(3, "delay_ms=1"), expected);
    assert_eq!(chains(2, "capacity=4"), expected);
}

#[test]
fn as_many_as_are_wanted_are_at_the_workers_at_the_same_time() {
    let place = Place::new();
    // Nobody answers before three are asked.
    let script = r#"
hello
while :; do
  ask
  touch "$FOLDER/at$GANAS_WORKER"
  for worker in 0 1 2; do await at$worker; done
  answer
done"#;
    let evaluator = open(&place, script, 3);
    let results = place.evaluate(&evaluator, &place.archs(9)).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");

    let place = Place::new();
    let all = "hello; while :; do ask; a=$id; ask; b=$id; ask; answer; id=$a; answer; id=$b; answer; done";
    let script = all.replace("hello", r#"say "${HELLO%\}},\"capacity\":3}""#);
    let evaluator = open(&place, &script, 1);
    let results = place.evaluate(&evaluator, &place.archs(9)).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[test]
fn nobody_waits_for_the_slowest() {
    let place = Place::new();
    // One of the two takes as long as everything else together.
    let script = r#"
hello
while :; do
  ask
  case $id in 0) await end ;; esac
  answer
done"#;
    let evaluator = open(&place, script, 2);
    let archs = place.archs(12);
    let end = place.folder.path().join("end");
    let mut feed = Queue::of(&place, &archs[..2]);
    feed.then = Some(Box::new(|waiting, ticket, _| {
        if ticket == 11 {
            std::fs::write(&end, "").unwrap();
        } else if ticket > 0 {
            waiting.push_back(place.task(ticket + 1, &archs[ticket + 1]));
        }
        Ok(())
    }));
    evaluator.evaluate_all(&mut feed).unwrap();
    assert_eq!(feed.outcomes.len(), 12);
}

#[test]
fn seed_fidelity_and_artifact_reach_the_worker() {
    let place = Place::new();
    let script = r#"hello; while :; do ask; say "$line" >> "$FOLDER/asked"; answer; done"#;
    let mut config = config(&place, script, 1);
    config.fidelity = Fidelity::from([("epochs".to_owned(), 12.0)]);
    let evaluator = place.open(config).unwrap();
    assert_eq!(evaluator.fidelity()["epochs"].to_string(), "12");
    let arch = &place.archs(1)[0];
    let plain = place.task(0, arch);
    let told = Task {
        ticket: 1,
        seed: Some(5),
        fidelity: Some(Fidelity::from([("epochs".to_owned(), 36.0)])),
        resume_from: Some("runs/1/weights.pt".to_owned()),
        ..plain.clone()
    };
    let mut feed = Queue::default();
    feed.waiting.extend([plain, told]);
    evaluator.evaluate_all(&mut feed).unwrap();
    // The same as ever, when nothing is said.
    evaluator.evaluate(Query::new(&*place.space, arch)).unwrap();
    let asked = std::fs::read_to_string(place.folder.path().join("asked")).unwrap();
    let asked: Vec<serde_json::Value> = asked
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(asked[0]["fidelity"], serde_json::json!({"epochs": 12.0}));
    assert_eq!(asked[0].get("resume_from"), None);
    assert_eq!(asked[0]["seed"], asked[2]["seed"]);
    assert_eq!(asked[1]["fidelity"], serde_json::json!({"epochs": 36.0}));
    assert_eq!(asked[1]["resume_from"], "runs/1/weights.pt");
    assert_eq!(asked[1]["seed"], 5);
}

#[test]
fn declared_fidelities_are_compared() {
    let place = Place::new();
    let script = r#"
say "${HELLO%\}},\"fidelities\":[{\"epochs\":$((3 + GANAS_WORKER))},{\"epochs\":9}]}"
while :; do ask; test "$GANAS_WORKER" = 1 || await started; answer; done"#;
    let mut config = config(&place, script, 2);
    config.failed_starts_in_a_row = 1;
    let evaluator = place.open(config).unwrap();
    let epochs = |n| Fidelity::from([("epochs".to_owned(), n)]);
    assert_eq!(
        evaluator.capabilities().fidelities,
        [epochs(3.0), epochs(9.0)]
    );
    let error = place
        .evaluate(&evaluator, &place.archs(2))
        .unwrap_err()
        .to_string();
    let told =
        r#"its list of fidelities is `[{"epochs":4.0},{"epochs":9.0}]`, expected `[{"epochs":3.0}"#;
    assert!(error.contains(told), "{error}");
}

/// What was begun before a stop is finished and told, and nothing else is begun.
#[test]
fn a_stop_in_the_middle() {
    let place = Place::new();
    // The second one ends only after what waits has been taken back: progress is told after that.
    let script = r#"
hello; ask; answer; ask
while ! test -e "$FOLDER/end"; do tell 1 0.5; sleep 0.01; done
answer; ask; forever"#;
    let config = config(&place, script, 1);
    let stop = Arc::clone(&config.stop);
    let evaluator = place.open(config).unwrap();
    let mut feed = Queue::of(&place, &place.archs(50));
    feed.then = Some(Box::new(|_, _, _| {
        stop.store(true, Ordering::Relaxed);
        Ok(())
    }));
    feed.judge = Some(Box::new(|_, _| {
        if stop.load(Ordering::Relaxed) {
            std::fs::write(place.folder.path().join("end"), "").unwrap();
        }
        ganas_eval::GoOn::Yes
    }));
    let error = evaluator.evaluate_all(&mut feed).unwrap_err();
    assert!(matches!(error, EvalError::Interrupted), "{error}");
    assert_eq!(feed.outcomes.keys().collect::<Vec<_>>(), [&0, &1]);
    assert!(feed.outcomes.values().all(|outcome| outcome.result.is_ok()));
}

#[test]
fn a_stop_interrupts_only_what_is_left_to_do() {
    let place = Place::new();
    let config = config(&place, "hello; while :; do ask; answer; done", 1);
    let stop = Arc::<AtomicBool>::clone(&config.stop);
    let evaluator = place.open(config).unwrap();
    let archs = place.archs(1);
    let mut feed = Queue::of(&place, &archs);
    feed.then = Some(Box::new(|_, _, _| {
        stop.store(true, Ordering::Relaxed);
        Ok(())
    }));
    // It was the last one.
    evaluator.evaluate_all(&mut feed).unwrap();
    let error = place.evaluate(&evaluator, &archs).unwrap_err();
    assert!(matches!(error, EvalError::Interrupted), "{error}");
    assert_eq!(evaluator.statistics().completed, 1);
}

#[test]
fn an_error_of_the_feed_ends_it() {
    let place = Place::new();
    // The second one ends only when the first is told.
    let script = r#"
hello
while :; do
  ask
  case $id in 1) await told ;; esac
  answer
done"#;
    let evaluator = open(&place, script, 2);
    let archs = place.archs(2);
    let told = place.folder.path().join("told");
    let mut feed = Queue::of(&place, &archs);
    feed.then = Some(Box::new(|_, ticket, _| {
        std::fs::write(&told, "").unwrap();
        Err(EvalError::MissingArch {
            arch: format!("{ticket}"),
        })
    }));
    // The first error wins, and what was begun is told all the same.
    let error = evaluator.evaluate_all(&mut feed).unwrap_err().to_string();
    assert!(error.contains("`0`"), "{error}");
    assert_eq!(feed.outcomes.len(), 2);
    drop(feed);
    // The pool is as good as before.
    assert!(place.evaluate(&evaluator, &archs).unwrap()[0].is_ok());
}

#[test]
fn a_broken_pool_tells_what_has_ended() {
    let place = Place::new();
    let script = "hello; ask; test $id = 0 || exit 3; answer; ask; exit 3";
    let mut config = config(&place, script, 1);
    config.retries = 0;
    config.failures_in_a_row = 2;
    let evaluator = place.open(config).unwrap();
    // Attempts that were not begun are no attempts, so that there are more tasks than failures.
    let mut feed = Queue::of(&place, &place.archs(20));
    let error = evaluator.evaluate_all(&mut feed).unwrap_err();
    assert!(matches!(error, EvalError::Unusable(_)), "{error}");
    let failed = feed.outcomes.values().filter(|o| o.result.is_err()).count();
    assert_eq!((feed.outcomes.len(), failed), (3, 2));
    assert!(feed.outcomes[&0].result.is_ok());
    assert!(place.evaluate(&evaluator, &place.archs(1)).is_err());
}
