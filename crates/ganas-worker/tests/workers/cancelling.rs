//! Evaluations that are not wanted any more: they end at once or with their worker, nobody is blamed, and the pool goes
//! on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ganas_eval::{Direction, EvalError, Evaluator as _, GoOn, Progress, StopRule, StoppedAt};
use ganas_worker::{PoolConfig, PoolNote, WorkerEvaluator};

use crate::shell::{HANG, command};
use crate::{Place, Queue};

fn open(place: &Place, script: &str, grace: Duration) -> WorkerEvaluator {
    let config = PoolConfig {
        time_limit: HANG,
        start_limit: HANG,
        grace,
        ..place.config(command(place, script), 1)
    };
    place.open(config).unwrap()
}

/// Evaluates three architectures, and does not want the first one once it has told step 2.
fn evaluate<'a>(place: &Place, evaluator: &WorkerEvaluator) -> Queue<'a> {
    let mut feed = Queue::of(place, &place.archs(3));
    feed.judge = Some(Box::new(|ticket, progress: &Progress| {
        if ticket == 0 && progress.step == Some(2) {
            GoOn::No
        } else {
            GoOn::Yes
        }
    }));
    evaluator.evaluate_all(&mut feed).unwrap();
    assert_eq!(feed.outcomes.len(), 3);
    feed
}

/// The first one was cancelled at step 2, and the others succeeded.
#[track_caller]
fn check(place: &Place, evaluator: &WorkerEvaluator, starts: u64) {
    let feed = evaluate(place, evaluator);
    let first = &feed.outcomes[&0];
    assert!(
        matches!(first.result, Err(EvalError::Cancelled)),
        "{first:?}"
    );
    assert_eq!(
        first.details.metrics,
        BTreeMap::from([("valid".to_owned(), 0.25)])
    );
    assert_eq!(first.details.attempts, 1);
    assert!(first.details.circumstances.is_some());
    assert!(feed.outcomes[&1].result.is_ok(), "{:?}", feed.outcomes);
    assert!(feed.outcomes[&2].result.is_ok(), "{:?}", feed.outcomes);
    // No metric that is no number, and nothing after it was not wanted any more.
    let steps = feed
        .progress
        .iter()
        .map(|(ticket, told)| (*ticket, told.step));
    assert_eq!(steps.collect::<Vec<_>>(), [(0, Some(1)), (0, Some(2))]);
    assert_eq!(
        feed.progress[0].1.metrics,
        BTreeMap::from([("valid".to_owned(), 0.125)])
    );
    let statistics = evaluator.statistics();
    assert_eq!(statistics.failed_attempts, BTreeMap::new(), "{statistics}");
    assert_eq!(
        (
            statistics.completed,
            statistics.failed,
            statistics.cancelled,
            statistics.starts
        ),
        (2, 0, 1, starts),
        "{statistics}"
    );
    let notes = place.notes.lock().unwrap();
    let is_told = |note: &PoolNote| {
        matches!(
            note,
            PoolNote::Cancelled {
                worker: Some(0),
                ..
            }
        )
    };
    assert!(notes.iter().any(is_told), "{notes:?}");
}

const REST: &str = "while :; do ask; answer; done";

#[test]
fn an_obedient_worker_is_kept() {
    let place = Place::new();
    let script =
        format!("hello; ask; tell 1 0.125; tell 2 0.25; ask; refuse cancelled true; {REST}");
    check(&place, &open(&place, &script, HANG), 1);
}

#[test]
fn what_ends_when_it_is_cancelled_is_replaced() {
    let place = Place::new();
    let script = format!(
        r#"hello; test -e "$FOLDER/second" || {{ touch "$FOLDER/second"; ask; tell 1 0.125; tell 2 0.25; ask; exit 3; }}; {REST}"#
    );
    check(&place, &open(&place, &script, HANG), 2);
}

#[test]
fn a_deaf_worker_is_killed_after_the_grace() {
    let place = Place::new();
    let script = format!(
        r#"hello; test -e "$FOLDER/second" || {{ touch "$FOLDER/second"; ask; tell 1 0.125; tell 2 0.25; forever; }}; {REST}"#
    );
    check(
        &place,
        &open(&place, &script, Duration::from_millis(100)),
        2,
    );
}

#[test]
fn what_a_deaf_worker_does_besides_is_done_by_another() {
    let place = Place::new();
    let script = format!(
        r#"
say "${{HELLO%\}}}},\"capacity\":2}}"
test -e "$FOLDER/second" || {{ touch "$FOLDER/second"; ask; tell 1 0.125; tell 2 0.25; forever; }}
{REST}"#
    );
    let evaluator = open(&place, &script, Duration::from_millis(100));
    check(&place, &evaluator, 2);
}

#[test]
fn a_result_that_was_on_its_way_is_a_result() {
    let place = Place::new();
    // It answers although it has been told to give up.
    let script = format!("hello; ask; tell 1 0.125; tell 2 0.25; ask; answer; {REST}");
    let evaluator = open(&place, &script, HANG);
    let feed = evaluate(&place, &evaluator);
    assert!(feed.outcomes.values().all(|outcome| outcome.result.is_ok()));
    assert_eq!(evaluator.statistics().cancelled, 0);
}

#[test]
fn a_result_that_is_none_is_no_failure_of_what_was_cancelled() {
    let place = Place::new();
    let bad = r#"say '{"type":"result","id":'$id',"metrics":{"valid":7}}'"#;
    let script = format!("hello; ask; tell 1 0.125; tell 2 0.25; ask; {bad}; {REST}");
    check(&place, &open(&place, &script, HANG), 1);
}

/// Progress without end, told to a feed that is slow, is bounded, and its end is heard.
#[test]
fn a_flood_of_progress_can_be_cancelled() {
    let place = Place::new();
    let script = format!(
        r#"
hello; ask
yes '{{"type":"progress","id":'$id',"step":1,"metrics":{{"valid":0.5}}}}' | head -n 5000
tell 2 0.25
ask; refuse cancelled true; {REST}"#
    );
    let evaluator = open(&place, &script, HANG);
    let feed = evaluate(&place, &evaluator);
    let first = &feed.outcomes[&0];
    assert!(
        matches!(first.result, Err(EvalError::Cancelled)),
        "{first:?}"
    );
    let last = BTreeMap::from([("valid".to_owned(), 0.25)]);
    assert_eq!(first.details.metrics, last);
    assert_eq!(feed.progress.last().unwrap().1.step, Some(2));
}

/// Evaluates three architectures, with two workers, and cancels all of them once the second one is being evaluated.
fn cancel_all<'a>(place: &Place, script: &str, grace: Duration) -> (Queue<'a>, WorkerEvaluator) {
    let cancel: Arc<AtomicBool> = Arc::default();
    let config = PoolConfig {
        time_limit: HANG,
        start_limit: HANG,
        grace,
        cancel: Arc::clone(&cancel),
        ..place.config(command(place, script), 2)
    };
    let evaluator = place.open(config).unwrap();
    let mut feed = Queue::of(place, &place.archs(3));
    feed.judge = Some(Box::new(move |_, progress: &Progress| {
        if progress.step == Some(2) {
            cancel.store(true, Ordering::Relaxed);
        }
        GoOn::Yes
    }));
    let error = evaluator.evaluate_all(&mut feed).unwrap_err();
    assert!(matches!(error, EvalError::Interrupted), "{error}");
    (feed, evaluator)
}

#[test]
fn what_was_begun_can_be_made_as_if_it_had_not_been() {
    for (end, grace) in [
        ("ask; refuse cancelled true", HANG),
        ("ask; exit 3", HANG),
        ("forever", Duration::from_millis(100)),
    ] {
        let place = Place::new();
        // Whoever comes second makes the end of both.
        let script = format!(
            r#"hello; ask; if mkdir "$FOLDER/first" 2>/dev/null; then tell 1 0.5; else tell 2 0.5; fi; {end}; {REST}"#
        );
        let (feed, evaluator) = cancel_all(&place, &script, grace);
        assert!(feed.outcomes.is_empty(), "{end}: {:?}", feed.outcomes);
        let statistics = evaluator.statistics();
        assert_eq!(statistics.failed_attempts, BTreeMap::new(), "{statistics}");
        assert_eq!(
            (
                statistics.completed,
                statistics.failed,
                statistics.cancelled
            ),
            (0, 0, 2),
            "{end}: {statistics}"
        );
    }
}

#[test]
fn a_result_that_is_faster_than_the_end_of_time_counts() {
    let place = Place::new();
    let script = format!("hello; ask; tell 2 0.5; ask; answer; {REST}");
    let (feed, _) = cancel_all(&place, &script, HANG);
    assert!(!feed.outcomes.is_empty());
    assert!(feed.outcomes.values().all(|outcome| outcome.result.is_ok()));
}

/// The first of three has a rule that stops it at step 2.
fn with_rule<'a>(place: &Place) -> Queue<'a> {
    let mut feed = Queue::of(place, &place.archs(3));
    feed.waiting[0].stop_rule = Some(Arc::new(StopRule {
        metric: "valid".to_owned(),
        direction: Direction::Maximize,
        thresholds: [(1, 0.1), (2, 0.3)].into(),
    }));
    feed
}

#[test]
fn what_is_stopped_early_has_no_result_whatever_its_worker_does() {
    let told = "hello; ask; tell 1 0.125; tell 2 0.25";
    for (end, grace, starts) in [
        ("ask; refuse cancelled true", HANG, 1),
        // It does not listen, and finishes.
        ("answer; ask", HANG, 1),
        ("tell 3 0.75; answer; ask", HANG, 1),
        ("ask; exit 3", HANG, 2),
        ("forever", Duration::from_millis(100), 2),
    ] {
        let place = Place::new();
        let script = format!(
            r#"if test -e "$FOLDER/second"; then hello; else touch "$FOLDER/second"; {told}; {end}; fi; {REST}"#
        );
        let evaluator = open(&place, &script, grace);
        let mut feed = with_rule(&place);
        evaluator.evaluate_all(&mut feed).unwrap();
        let first = &feed.outcomes[&0];
        assert!(
            matches!(&first.result, Err(EvalError::StoppedEarly { step: 2, metric, value })
                if metric == "valid" && (value - 0.25).abs() <= 0.0),
            "{end}: {first:?}"
        );
        let stopped = StoppedAt {
            step: 2,
            value: 0.25,
        };
        assert_eq!(first.details.stopped, Some(stopped));
        assert_eq!(first.details.curves["valid"], [(1, 0.125), (2, 0.25)]);
        for ticket in [1, 2] {
            assert!(
                feed.outcomes[&ticket].result.is_ok(),
                "{end}: {:?}",
                feed.outcomes
            );
        }
        let statistics = evaluator.statistics();
        assert_eq!(statistics.failed_attempts, BTreeMap::new(), "{statistics}");
        let counts = (statistics.completed, statistics.failed, statistics.starts);
        assert_eq!(counts, (2, 0, starts), "{end}: {statistics}");
    }
}

#[test]
fn what_is_told_of_each_step_comes_with_the_result_of_the_last_attempt() {
    let place = Place::new();
    // The first attempt tells other values, and ends.
    let script = format!(
        r#"hello; ask; test -e "$FOLDER/second" || {{ touch "$FOLDER/second"; tell 1 0.9; exit 3; }}
tell 1 0.25; tell 2 0.5; tell 2 0.75; answer; {REST}"#
    );
    let evaluator = open(&place, &script, HANG);
    let mut feed = with_rule(&place);
    evaluator.evaluate_all(&mut feed).unwrap();
    let first = &feed.outcomes[&0];
    assert!(first.result.is_ok(), "{first:?}");
    assert_eq!(first.details.attempts, 2);
    assert_eq!(first.details.curves["valid"], [(1, 0.25), (2, 0.5)]);
    assert!(feed.outcomes[&1].details.curves.is_empty());
}
