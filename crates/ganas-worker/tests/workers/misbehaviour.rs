//! One test for each way to misbehave: the failure has its type, and the pool survives it.

use std::time::Duration;

use ganas_worker::PoolConfig;

use ganas_testkit::scripted_worker;

use crate::Place;

/// Evaluates six architectures by a worker that misbehaves always; all must fail for this reason.
#[track_caller]
fn check(kind: &str, of_statistics: &str, reason: &str, attempts: u64) {
    let place = Place::new();
    let command = scripted_worker::command(&format!("percent=100 kinds={kind}"));
    let mut config = place.config(command, 1);
    config.retries = 1;
    config = impatient(config, kind);
    let evaluator = place.open(config).unwrap();
    for result in place.evaluate(&evaluator, &place.archs(3)).unwrap() {
        let found = result.unwrap_err();
        assert!(found.contains(reason), "{kind}: {found}");
    }
    let statistics = evaluator.statistics();
    assert_eq!(statistics.failed, 3, "{kind}: {statistics}");
    assert_eq!(statistics.completed, 0);
    assert_eq!(
        statistics.failed_attempts.get(of_statistics),
        Some(&(3 * attempts)),
        "{kind}: {statistics}"
    );
}

/// Quick to lose patience with a worker that never answers; and where it does not answer `cancel` either, with that.
fn impatient(mut config: PoolConfig, kind: &str) -> PoolConfig {
    if matches!(kind, "hang" | "slow") {
        config.time_limit = Duration::from_millis(400);
    }
    if kind == "hang" {
        config.grace = Duration::from_millis(200);
    }
    config
}

#[test]
fn crash() {
    check(
        "crash",
        "ended",
        "the worker ended during the evaluation: signal 6",
        2,
    );
}

#[test]
fn exit() {
    check(
        "exit",
        "ended",
        "the worker ended during the evaluation: exit status 3",
        2,
    );
}

#[test]
fn hang() {
    check(
        "hang",
        "timed out",
        "longer than its time limit of 0.4 s",
        2,
    );
}

#[test]
fn slow_but_obedient() {
    check(
        "slow",
        "timed out",
        "longer than its time limit of 0.4 s",
        2,
    );
}

#[test]
fn garbage() {
    let line = "the worker printed `Epoch 1 of 10: loss 0.3` where a message was expected";
    check("garbage", "garbage", line, 2);
}

#[test]
fn wrong_id() {
    check("wrong_id", "wrong id", "that it was not asked for", 2);
}

#[test]
fn not_a_number() {
    // The same training would give the same again.
    check(
        "nan",
        "not finite",
        "the metric `valid` is not a finite number",
        1,
    );
}

#[test]
fn out_of_range() {
    let reason = "the metric `valid` is 93.5, outside of the declared range from 0 to 1";
    check("out_of_range", "out of range", reason, 1);
}

#[test]
fn refusal() {
    check("refuse", "reported", "unbuildable: as scripted", 1);
}

#[test]
fn a_second_answer_harms_nobody() {
    for kind in ["duplicate", "late_exit"] {
        let place = Place::new();
        let command = scripted_worker::command(&format!("percent=50 kinds={kind}"));
        let evaluator = place.open(place.config(command, 2)).unwrap();
        let archs = place.archs(20);
        let results = place.evaluate(&evaluator, &archs).unwrap();
        let perfect = place
            .open(place.config(scripted_worker::command(""), 1))
            .unwrap();
        // A worker that sends a second answer to what is over is not trusted any more, but its attempt is not blamed,
        // until that has happened to one evaluation again and again.
        let expected = place.evaluate(&perfect, &archs).unwrap();
        for (result, expected) in results.into_iter().zip(expected) {
            assert_eq!(result, expected, "{kind}: {}", evaluator.statistics());
        }
        assert_eq!(evaluator.statistics().failed, 0);
        assert!(evaluator.statistics().starts > 2, "{kind}");
    }
}

#[test]
fn an_obedient_worker_is_kept_and_a_deaf_one_is_replaced() {
    for (kind, starts) in [("slow", 1), ("hang", 2)] {
        let place = Place::new();
        let command = scripted_worker::command(&format!("percent=100 kinds={kind}"));
        let mut config = place.config(command, 1);
        config.retries = 1;
        config = impatient(config, kind);
        let evaluator = place.open(config).unwrap();
        place.evaluate(&evaluator, &place.archs(1)).unwrap();
        assert_eq!(evaluator.statistics().starts, starts, "{kind}");
    }
}
