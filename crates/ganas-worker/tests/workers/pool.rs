//! The pool as a whole: order, parallel work, the circuit breaker, and what a command that is no worker is told.

use std::time::Duration;

use ganas_eval::{EvalError, Evaluator as _};
use ganas_worker::{PoolNote, WorkerError};

use ganas_testkit::scripted_worker;

use crate::Place;

#[test]
fn results_are_in_the_order_of_the_queries_whatever_the_number_of_workers() {
    let place = Place::new();
    let archs = place.archs(40);
    let mut expected = None;
    for (workers, arguments) in [(1, ""), (4, "delay_ms=2"), (2, "capacity=3")] {
        let config = place.config(scripted_worker::command(arguments), workers);
        let evaluator = place.open(config).unwrap();
        assert_eq!(evaluator.metric_pair().search, "valid");
        assert_eq!(evaluator.metric_pair().report, "test");
        let results = place.evaluate(&evaluator, &archs).unwrap();
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(expected.get_or_insert_with(|| results.clone()), &results);
        let statistics = evaluator.statistics();
        assert_eq!((statistics.completed, statistics.put_back), (40, 0));
        assert!(statistics.starts <= u64::from(workers));
    }
    let progress = place.notes.lock().unwrap();
    let progress = progress
        .iter()
        .filter(|note| matches!(note, PoolNote::Progress { .. }));
    assert_eq!(progress.count(), 3 * 40);
}

#[test]
fn what_is_no_worker_is_said_at_once() {
    for (command, reason) in [
        (
            "echo Epoch 1",
            "it printed `Epoch 1` where its hello was expected",
        ),
        ("exit 7", "it ended before its hello: exit status 7"),
        (
            "no-such-program-of-mine",
            "it ended before its hello: exit status 127",
        ),
        (
            r#"echo '{"type":"hello","protocol":9,"name":"x","version":"1","metrics":[]}'; sleep 9"#,
            "it speaks version 9 of the protocol, expected 1",
        ),
        (
            r#"echo '{"type":"hello","protocol":1,"name":"x","version":"1","metrics":[]}'; sleep 9"#,
            "no metric",
        ),
        (
            r#"echo '{"type":"result","id":0,"metrics":{}}'; sleep 9"#,
            "first message is no hello",
        ),
    ] {
        let place = Place::new();
        let error = place.open(place.config(command.to_owned(), 2)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(reason), "{command}: {text}");
        assert!(text.contains("worker-0.log"), "{text}");
    }
}

#[test]
fn a_slow_start_is_given_up() {
    let place = Place::new();
    let mut config = place.config(scripted_worker::command("start=slow"), 1);
    config.start_limit = Duration::from_millis(100);
    let error = place.open(config).unwrap_err().to_string();
    assert!(error.contains("it sent no hello within 0.1 s"), "{error}");
}

#[test]
fn the_circuit_breaker_ends_what_never_works() {
    let place = Place::new();
    let mut config = place.config(scripted_worker::command("percent=100 kinds=exit"), 2);
    config.failures_in_a_row = 7;
    let evaluator = place.open(config).unwrap();
    let error = place.evaluate(&evaluator, &place.archs(30)).unwrap_err();
    let EvalError::Unusable(error) = error else {
        panic!("{error}");
    };
    assert!(
        matches!(
            error.downcast_ref(),
            Some(WorkerError::TooManyFailures { failures: 7, .. })
        ),
        "{error}"
    );
    assert!(error.to_string().contains("7 attempts in a row failed"));
    // It stays open.
    assert!(place.evaluate(&evaluator, &place.archs(1)).is_err());
}

#[test]
fn stderr_is_in_the_log_of_the_worker() {
    let place = Place::new();
    let command = format!("echo loading >&2; {}", scripted_worker::command(""));
    let evaluator = place.open(place.config(command, 1)).unwrap();
    drop(evaluator);
    let log = std::fs::read_to_string(place.folder.path().join("worker-0.log")).unwrap();
    assert_eq!(log, "loading\n");
}

#[test]
fn a_memory_limit_is_that_of_the_process() {
    let place = Place::new();
    let limits = place.folder.path().join("limit");
    let command = format!(
        "ulimit -v > '{}'; {}",
        limits.display(),
        scripted_worker::command("")
    );
    let mut config = place.config(command, 1);
    config.memory_kib = Some(4_000_000);
    drop(place.open(config).unwrap());
    assert_eq!(std::fs::read_to_string(limits).unwrap(), "4000000\n");
}
