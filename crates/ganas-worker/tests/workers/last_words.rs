//! What a worker printed before it failed is shown, and is no part of the reason that is recorded.

use ganas_eval::{EvalError, Evaluator as _};
use ganas_worker::{PoolNote, WorkerError};

use crate::shell::{HANG, command};
use crate::{Place, Queue};

#[test]
fn a_failure_shows_what_was_printed_since_the_evaluation_began() {
    let place = Place::new();
    let script = r#"
say loading >&2
hello
ask
if test $id = 0; then say fine >&2; answer; ask; fi
printf 'Traceback\n  CUDA \033[31mout\033[0m of memory\n' >&2; exit 3"#;
    let mut config = place.config(command(&place, script), 1);
    config.time_limit = HANG;
    config.retries = 0;
    config.failures_in_a_row = 2;
    let evaluator = place.open(config).unwrap();
    let mut feed = Queue::of(&place, &place.archs(4));
    let error = evaluator.evaluate_all(&mut feed).unwrap_err();
    let EvalError::Unusable(error) = error else {
        panic!("{error}");
    };
    let words = "Traceback\n  CUDA \\u{1b}[31mout\\u{1b}[0m of memory";
    let Some(WorkerError::TooManyFailures { log_tail, .. }) = error.downcast_ref() else {
        panic!("{error}");
    };
    assert_eq!(log_tail, words);
    assert!(
        error
            .to_string()
            .ends_with("\n  Traceback\n    CUDA \\u{1b}[31mout\\u{1b}[0m of memory")
    );
    let notes = place.notes.lock().unwrap();
    let tails: Vec<&str> = notes
        .iter()
        .filter_map(|note| match note {
            PoolNote::AttemptFailed { log_tail, log, .. } => {
                assert!(log.ends_with("worker-0.log"));
                Some(log_tail.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(tails, [words; 2]);
    // The reason is the same whatever was printed.
    let reasons = feed
        .outcomes
        .values()
        .filter_map(|o| o.result.as_ref().err());
    for reason in reasons {
        assert_eq!(
            reason.to_string(),
            "the worker ended during the evaluation: exit status 3"
        );
    }
}

#[test]
fn a_process_that_does_not_become_a_worker_shows_why() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("worker-0.log"), "of yesterday\n").unwrap();
    let script = "say \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1";
    let error = place
        .open(place.config(command(&place, script), 1))
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with(
            "the last lines of that log are:\n  ModuleNotFoundError: No module named 'torch'"
        ),
        "{text}"
    );
}
