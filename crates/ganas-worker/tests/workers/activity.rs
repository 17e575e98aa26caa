//! What a pool is at can be looked at while it works.

use ganas_eval::{Evaluator as _, GoOn};
use ganas_worker::{PoolNote, WorkerState};

use crate::shell::{HANG, command};
use crate::{Place, Queue};

#[test]
fn what_each_worker_is_at_can_be_looked_at() {
    let place = Place::new();
    let script = r#"
hello
ask; refuse busy true
ask; say epoch 1 >&2; tell 3 0.25; await seen; answer
ask; await never"#;
    let mut config = place.config(command(&place, script), 2);
    config.time_limit = HANG;
    config.workers = 1;
    let evaluator = place.open(config).unwrap();
    let idle = evaluator.activity();
    assert_eq!(idle.workers.len(), 1);
    assert_eq!((idle.workers[0].number, idle.waiting), (0, 0));
    assert_eq!(idle.workers[0].last_failure, None);
    // The supervisor tells the hello before it takes the process in.
    assert!(matches!(
        idle.workers[0].state,
        WorkerState::Starting | WorkerState::Idle
    ));
    let archs = place.archs(1);
    let mut seen = None;
    let mut feed = Queue::of(&place, &archs);
    feed.judge = Some(Box::new(|_, _| {
        seen = Some(evaluator.activity());
        std::fs::write(place.folder.path().join("seen"), "").unwrap();
        GoOn::Yes
    }));
    evaluator.evaluate_all(&mut feed).unwrap();
    drop(feed);
    let worker = &seen.unwrap().workers[0];
    let WorkerState::Busy(busy) = &worker.state else {
        panic!("{worker:?}");
    };
    let text = place.space.encode(&archs[0]);
    assert_eq!(busy.len(), 1);
    assert_eq!((&busy[0].arch, busy[0].attempt), (&text, 2));
    assert_eq!((busy[0].step, busy[0].done), (Some(3), None));
    assert!(!busy[0].is_cancelled && busy[0].since > 1.5e9 && worker.since > 1.5e9);
    assert!(worker.log.ends_with("worker-0.log"));
    let failure = worker.last_failure.as_ref().unwrap();
    assert_eq!(failure.arch.as_ref(), Some(&text));
    assert_eq!(failure.reason, "busy: as scripted");
    assert_eq!(failure.log_tail, "");
    let after = evaluator.activity();
    assert_eq!(after.workers[0].state, WorkerState::Idle);
    assert!(after.workers[0].last_failure.is_some());

    let notes = place.notes.lock().unwrap();
    let told: Vec<&str> = notes
        .iter()
        .map(|note| match note {
            PoolNote::WorkerReady { worker: 0, .. } => "ready",
            PoolNote::Began { attempt: 1, .. } => "began",
            PoolNote::AttemptFailed { again: true, .. } => "failed",
            PoolNote::Began { attempt: 2, .. } => "began again",
            PoolNote::Progress { step: Some(3), .. } => "progress",
            PoolNote::Done { worker: 0, arch } if *arch == text => "done",
            _ => "something else",
        })
        .collect();
    let expected = [
        "ready",
        "began",
        "failed",
        "began again",
        "progress",
        "done",
    ];
    assert_eq!(told, expected);
}
