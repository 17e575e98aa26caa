//! Workers that hang, flood and deceive: what is said of each, that the pool goes on, and that nobody is left behind.
//!
//! Each is a few lines of shell. The limits of time in here are there for pools that hang; nothing else comes near them.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ganas_worker::{PoolConfig, PoolNote};

use crate::Place;
use crate::shell::{HANG, HELLO, command};

/// How a worker has to be dealt with.
enum Outcome {
    /// It is no worker, for this reason.
    NoWorker(&'static str),
    /// The evaluation fails for this reason.
    Fails(&'static str),
    /// The evaluation fails for the first reason, and the second one is told to the listener.
    FailsAndTells(&'static str, &'static str),
    /// All evaluations succeed.
    Succeeds,
    /// All evaluations succeed, and this is told to the listener.
    SucceedsAndTells(&'static str),
}

use Outcome::{Fails, FailsAndTells, NoWorker, Succeeds, SucceedsAndTells};

/// Has a worker of this script evaluate a few architectures.
#[track_caller]
fn check(name: &'static str, script: &str, outcome: Outcome) {
    check_with(name, script, outcome, |_| ());
}

#[track_caller]
fn check_with(
    name: &'static str,
    script: &str,
    outcome: Outcome,
    change: impl FnOnce(&mut PoolConfig) + Send + 'static,
) {
    let (done, end) = channel();
    let script = script.to_owned();
    let thread = std::thread::spawn(move || {
        let place = Place::new();
        let mut config = place.config(command(&place, &script), 1);
        config.retries = 0;
        config.time_limit = HANG;
        config.start_limit = HANG;
        config.grace = Duration::from_millis(100);
        change(&mut config);
        judge(name, &place, config, &outcome);
        assert_no_orphans(name, place.folder.path());
        done.send(()).unwrap();
    });
    match end.recv_timeout(HANG) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("{name}: it hangs"),
        // The thread has panicked, and says why.
        Err(RecvTimeoutError::Disconnected) => assert!(thread.join().is_ok(), "{name}"),
    }
}

fn judge(name: &str, place: &Place, config: PoolConfig, outcome: &Outcome) {
    let evaluator = match (place.open(config), outcome) {
        (Err(error), NoWorker(reason)) => {
            let text = error.to_string();
            assert!(text.contains(reason), "{name}: {text}");
            assert!(text.contains("worker-0.log"), "{name}: {text}");
            // The command is part of it, and comes from the user.
            let told = text.split("is no worker").nth(1).unwrap();
            assert!(told.len() < 2_000, "{name}: {} bytes", told.len());
            let harmless = |c: char| !c.is_control() || c == '\n';
            assert!(told.chars().all(harmless), "{name}: {told:?}");
            let notes = place.notes.lock().unwrap();
            let said = notes.iter().any(|note| {
                matches!(note, PoolNote::StartFailed { worker: 0, reason: why, .. } if why.contains(reason))
            });
            assert!(said, "{name}: {notes:?}");
            return;
        }
        (Err(error), _) => panic!("{name}: {error}"),
        (Ok(_), NoWorker(_)) => panic!("{name}: it is taken for a worker"),
        (Ok(evaluator), _) => evaluator,
    };
    let n = if matches!(outcome, SucceedsAndTells(_)) {
        4
    } else {
        1
    };
    let results = place.evaluate(&evaluator, &place.archs(n)).unwrap();
    for result in results {
        match (result, outcome) {
            (Ok(_), Succeeds | SucceedsAndTells(_)) => {}
            (Err(found), Fails(reason) | FailsAndTells(reason, _)) => {
                assert!(found.contains(reason), "{name}: {found}");
                assert!(found.len() < 20_000, "{name}: {} bytes", found.len());
                let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
                assert!(found.chars().all(harmless), "{name}: {found:?}");
            }
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
    drop(evaluator);
    if let FailsAndTells(_, told) | SucceedsAndTells(told) = outcome {
        let notes = place.notes.lock().unwrap();
        let said = notes.iter().any(
            |note| matches!(note, PoolNote::Ended { worker: 0, reason } if reason.contains(told)),
        );
        assert!(said, "{name}: {notes:?}");
    }
}

/// The processes that the scripts have noted, and that are still there.
fn left(folder: &Path) -> Vec<String> {
    let pids = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
    let is_alive = |pid: &&str| {
        let listed = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
        let state = String::from_utf8(listed.unwrap().stdout).unwrap();
        !state.trim().is_empty() && !state.trim().starts_with('Z')
    };
    pids.lines().filter(is_alive).map(str::to_owned).collect()
}

fn assert_no_orphans(name: &str, folder: &Path) {
    for _ in 0..6_000 {
        if left(folder).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{name}: still there: {:?}", left(folder));
}

/// A hello with other metrics.
fn hello_of(metrics: &str) -> String {
    let hello = r#"{"type":"hello","protocol":1,"name":"t","version":"1","metrics":"#;
    format!("say '{hello}{metrics}}}'; forever")
}

#[test]
fn what_never_greets() {
    check(
        "ends",
        "exit 7",
        NoWorker("it ended before its hello: exit status 7"),
    );
    check(
        "ends by a signal",
        "kill -9 $$",
        NoWorker("it ended before its hello: signal 9"),
    );
    check(
        "prints and ends",
        "say Epoch 1; say Epoch 2; exit 0",
        NoWorker("exit status 0; it printed `Epoch 1` where its hello was expected"),
    );
    check(
        "prints escape codes and ends",
        r"printf '\033[2J\007\n'; exit 0",
        NoWorker(r"it printed `\u{1b}[2J\u{7}` where its hello was expected"),
    );
    check(
        "closes its stdout",
        "exec >&-; sleep 3600",
        NoWorker("it ended before its hello: it closed its stdout"),
    );
    check(
        "ends, and a child holds its stdout",
        "sleep 3600 & echo $! >> \"$PIDS\"; exit 3",
        NoWorker("it ended before its hello: exit status 3"),
    );
    let impatient = |config: &mut PoolConfig| config.start_limit = Duration::from_millis(300);
    check_with(
        "says nothing",
        "forever",
        NoWorker("it sent no hello within 0.3 s"),
        impatient,
    );
    check_with(
        "hangs in the middle of its hello",
        r#"printf '{"type":"hello","protocol":1,'; forever"#,
        NoWorker("it sent no hello within 0.3 s"),
        impatient,
    );
}

#[test]
fn what_floods_before_it_greets() {
    check(
        "prints many lines",
        "yes Epoch",
        NoWorker(
            "it printed more than 10000 lines or 1048576 bytes, lastly `Epoch` where its hello was expected",
        ),
    );
    check(
        "prints a line without end",
        "yes Epoch | tr -d '\\n'",
        NoWorker("a line of more than 1048576 bytes that begins with `EpochEpoch"),
    );
    check(
        "prints zeros",
        "cat /dev/zero",
        NoWorker(r"a line of more than 1048576 bytes that begins with `\u{0}\u{0}"),
    );
}

#[test]
fn greetings_that_are_none() {
    let bad = |name, line: &str, reason| {
        check(name, &format!("say '{line}'; forever"), NoWorker(reason));
    };
    bad(
        "answers before it is asked",
        r#"{"type":"result","id":0,"metrics":{"valid":1}}"#,
        "its first message is no hello: it sent `{\"type\":\"result\",\"id\":0",
    );
    bad(
        "refuses before it is asked",
        r#"{"type":"failure","id":0,"kind":"a","message":"b","retryable":false}"#,
        "is no hello: it sent `{\"type\":\"failure\"",
    );
    bad(
        "tells progress first",
        r#"{"type":"progress","id":0}"#,
        "is no hello: it sent `{\"type\":\"progress\"",
    );
    bad(
        "another version",
        r#"{"type":"hello","protocol":2,"measures":["valid"]}"#,
        "it speaks version 2 of the protocol, expected 1",
    );
    bad(
        "no version",
        r#"{"type":"hello","name":"t","version":"1","metrics":[]}"#,
        "missing field `protocol`",
    );
    bad(
        "a type that there is not",
        r#"{"type":"helo","protocol":1}"#,
        "unknown variant `helo`, expected one of `hello`",
    );
    bad(
        "a key twice",
        r#"{"type":"hello","protocol":1,"name":"t","name":"u","version":"1","metrics":[]}"#,
        "the key `name` is there twice",
    );
    bad(
        "a broken line",
        r#"{"type":"hello","protocol":1,"name":"t""#,
        "EOF while parsing",
    );
    let deep = format!(
        r#"{{"type":"hello","x":{}{}}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    bad(
        "deep nesting",
        &deep,
        "it is nested deeper than the 32 levels that are read",
    );
    let crowd = format!(r#"{{"type":"hello","x":[{}1]}}"#, "1,".repeat(50_000));
    bad(
        "a crowd of values",
        &crowd,
        "it holds more than the 16384 values that are read",
    );
    check(
        "no UTF-8",
        r#"printf '{"type":"hello","protocol":1,"name":"\377"}\n'; forever"#,
        NoWorker(r#""name":"\xff"}`"#),
    );
}

#[test]
fn greetings_that_declare_nonsense() {
    let bad = |name, metrics: &str, reason| check(name, &hello_of(metrics), NoWorker(reason));
    bad("no metric", "[]", "no metric");
    bad(
        "a metric twice",
        r#"[{"name":"a","role":"test"},{"name":"a","role":"other"}]"#,
        "it declares the metric `a` twice",
    );
    bad(
        "an empty range",
        r#"[{"name":"a","role":"test","min":1,"max":0}]"#,
        "the min of its metric `a` is 1, above its max 0",
    );
    bad(
        "an infinite bound",
        r#"[{"name":"a","role":"test","max":Infinity}]"#,
        "expected a finite bound",
    );
    bad(
        "a bound that is no number",
        r#"[{"name":"a","role":"test","min":NaN}]"#,
        "expected a finite bound",
    );
    bad(
        "a bound out of range",
        r#"[{"name":"a","role":"test","max":1e999}]"#,
        "number out of range",
    );
    bad(
        "a role that there is not",
        r#"[{"name":"a","role":"valid"}]"#,
        "unknown variant `valid`",
    );
    bad(
        "escape codes in a name",
        r#"[{"name":"\u001b[31ma","role":"test"}]"#,
        r"`\u{1b}[31ma`, expected a name without control",
    );
    bad(
        "a zero in a name",
        r#"[{"name":"a\u0000","role":"test"}]"#,
        r"`a\u{0}`",
    );
    bad(
        "a name of 100 kB",
        &format!(r#"[{{"name":"{}","role":"test"}}]"#, "a".repeat(100_000)),
        "expected at most 256",
    );
    check(
        "no capacity",
        &format!(
            "say '{}'; forever",
            HELLO.replace("\"name\":\"t\"", "\"name\":\"t\",\"capacity\":0")
        ),
        NoWorker("no capacity"),
    );
    check(
        "too much capacity",
        &format!(
            "say '{}'; forever",
            HELLO.replace("\"name\":\"t\"", "\"name\":\"t\",\"capacity\":4294967295")
        ),
        NoWorker("expected at most 65536"),
    );
}

#[test]
fn what_is_printed_before_the_hello_is_harmless() {
    for (name, script) in [
        (
            "a line",
            "say Files already downloaded and verified; hello; ask; answer; ask",
        ),
        (
            "numbers and dictionaries",
            r#"say 0.5; say null; say "{'lr': 0.1}"; say '{"lr":0.1}'; hello; ask; answer; ask"#,
        ),
        ("no UTF-8", r"printf '\377\376\n'; hello; ask; answer; ask"),
        (
            "no end of the line",
            "printf 'loading ... '; hello; ask; answer; ask",
        ),
        ("an empty line", "say; hello; ask; answer; ask"),
        ("9,999 lines", "yes | head -n 9999; hello; ask; answer; ask"),
    ] {
        check(name, script, Succeeds);
    }
    let place = Place::new();
    let script = "say first; printf 'second '; hello; say third >&2; ask; answer; ask";
    let evaluator = place
        .open(place.config(command(&place, script), 1))
        .unwrap();
    place.evaluate(&evaluator, &place.archs(1)).unwrap();
    drop(evaluator);
    let log = std::fs::read_to_string(place.folder.path().join("worker-0.log")).unwrap();
    for line in ["first\n", "second \n", "third\n"] {
        assert!(log.contains(line), "{log}");
    }
}

#[test]
fn deaths_that_are_hidden() {
    check(
        "a child holds its stdout",
        "hello; ask; sleep 3600 & echo $! >> \"$PIDS\"; exit 4",
        Fails("the worker ended during the evaluation: exit status 4"),
    );
    check(
        "a child holds its stdout, and a signal ends it",
        "hello; ask; sleep 3600 & echo $! >> \"$PIDS\"; kill -9 $$",
        Fails("the worker ended during the evaluation: signal 9"),
    );
    check(
        "a child goes on to tell progress",
        "hello; ask; (while :; do say '{\"type\":\"progress\",\"id\":'$id'}'; done) & echo $! >> \"$PIDS\"; exit 5",
        Fails("the worker ended during the evaluation: exit status 5"),
    );
    check(
        "its last words count",
        "hello; ask; answer; sleep 3600 & echo $! >> \"$PIDS\"; exit 6",
        Succeeds,
    );
    check(
        "it ends in the middle of a line",
        "hello; ask; printf '{\"type\":\"res'; exit 7",
        Fails("exit status 7"),
    );
    check(
        "its last line has no end",
        "hello; ask; answer | tr -d '\\n'; exit 0",
        Succeeds,
    );
    check(
        "it closes its stdout",
        "hello; ask; exec >&-; sleep 3600",
        Fails("it closed its stdout"),
    );
}

/// What leaves the process group cannot be killed with it, but it hides no death.
#[test]
fn a_death_that_is_hidden_from_another_session() {
    if Command::new("setsid").arg("--version").output().is_err() {
        eprintln!("skipped: there is no setsid");
        return;
    }
    let script = "hello; ask; setsid sleep 30 & exit 4";
    check("a child in another session", script, Fails("exit status 4"));
}

#[test]
fn answers_that_are_none() {
    let bad = |name, line: &str, reason| {
        check(
            name,
            &format!("hello; ask; say '{line}'; forever"),
            Fails(reason),
        );
    };
    bad(
        "garbage",
        "Epoch 1",
        "printed `Epoch 1` where a message was expected",
    );
    bad(
        "an empty line",
        "",
        "printed `` where a message was expected",
    );
    bad("a number", "0.5", "printed `0.5` where");
    bad("an array", "[]", "printed `[]` where");
    bad("no type", r#"{"id":0}"#, "printed `{\"id\":0}` where");
    bad(
        "another type",
        r#"{"type":"done","id":0}"#,
        "unknown variant `done`",
    );
    bad(
        "no id",
        r#"{"type":"result","metrics":{"valid":0}}"#,
        "missing field `id`",
    );
    bad(
        "a negative id",
        r#"{"type":"result","id":-1,"metrics":{"valid":0}}"#,
        "invalid value: integer `-1`",
    );
    bad(
        "a text for a number",
        r#"{"type":"result","id":0,"metrics":{"valid":"0.5"}}"#,
        "invalid type: string",
    );
    bad(
        "a metric twice",
        r#"{"type":"result","id":0,"metrics":{"valid":0.1,"valid":0.9}}"#,
        "the key `valid` is there twice",
    );
    bad(
        "an id twice",
        r#"{"type":"result","id":0,"id":1,"metrics":{"valid":0.1}}"#,
        "the key `id` is there twice",
    );
    bad(
        "a key twice in what is ignored",
        r#"{"type":"result","id":0,"metrics":{"valid":0.1},"x":{"y":1,"y":1}}"#,
        "the key `y` is there twice",
    );
    let deep = format!(r#"{{"type":"result","id":0,"x":{}"#, "[".repeat(100_000));
    bad("deep nesting", &deep, "nested deeper than the 32 levels");
    check(
        "no UTF-8",
        r#"hello; ask; printf '{"type":"result","id":\377}\n'; forever"#,
        Fails(r"\xff"),
    );
    check(
        "zeros",
        r"hello; ask; printf 'a\000b\n'; forever",
        Fails(r"printed `a\u{0}b` where"),
    );
    check(
        "escape codes",
        r"hello; ask; printf '\033]0;x\007\n'; forever",
        Fails(r"`\u{1b}]0;x\u{7}`"),
    );
    check(
        "a line without end",
        "hello; ask; yes | tr -d '\\n'",
        Fails("a line of more than 1048576 bytes that begins with `yyy"),
    );
    check(
        "a line of zeros",
        "hello; ask; cat /dev/zero",
        Fails("a line of more than 1048576 bytes"),
    );
    check(
        "garbage without end",
        "hello; ask; yes",
        Fails("printed `y` where"),
    );
}

#[test]
fn answers_to_nothing() {
    let wrong = "answered an evaluation that it was not asked for";
    let bad = |name, line: &str, told| {
        check(
            name,
            &format!("hello; ask; say '{line}'; forever"),
            FailsAndTells(wrong, told),
        );
    };
    bad(
        "an unknown id",
        r#"{"type":"result","id":18446744073709551615,"metrics":{"valid":0}}"#,
        "it sent `{\"type\":\"result\",\"id\":18446744073709551615,\"metrics\":{\"valid\":0.0}}`, expected an answer to evaluation 0",
    );
    bad(
        "an unknown id of a failure",
        r#"{"type":"failure","id":7,"kind":"a","message":"b","retryable":true}"#,
        "\"id\":7",
    );
    bad(
        "an unknown id of progress",
        r#"{"type":"progress","id":7}"#,
        "it sent `{\"type\":\"progress\",\"id\":7",
    );
    check(
        "answers before it is asked",
        "hello; id=99; answer; ask; forever",
        FailsAndTells(wrong, "\"id\":99"),
    );
    check(
        "greets again",
        "hello; ask; hello; forever",
        FailsAndTells("the worker sent a second hello", "expected no second hello"),
    );
    check(
        "answers twice",
        "hello; while :; do ask; answer; answer; done",
        SucceedsAndTells("\"metrics\":{\"valid\":0.5}}`, expected"),
    );
}

#[test]
fn answers_that_do_not_keep_what_was_declared() {
    let bad = |name, metrics: &str, reason| {
        let line = format!(r#"{{"type":"result","id":0,"metrics":{metrics}}}"#);
        check(
            name,
            &format!("hello; ask; say '{line}'; ask"),
            Fails(reason),
        );
    };
    bad(
        "a metric is missing",
        "{}",
        "the result has no metric `valid`",
    );
    bad(
        "no number",
        r#"{"valid":null}"#,
        "the metric `valid` is not a finite number",
    );
    bad(
        "NaN",
        r#"{"valid":NaN}"#,
        "the metric `valid` is not a finite number",
    );
    bad(
        "out of range",
        r#"{"valid":93.5}"#,
        "the metric `valid` is 93.5, outside of",
    );
    let line = format!(
        r#"{{"type":"failure","id":0,"kind":"{}","message":"a\u001b[31m\u0000{}","retryable":false}}"#,
        "k".repeat(1000),
        "b".repeat(100_000)
    );
    check(
        "a failure of 100 kB",
        &format!("hello; ask; say '{line}'; ask"),
        Fails(r"kkk…: a\u{1b}[31m\u{0}bbb"),
    );
}

#[test]
fn floods_of_progress_are_survived() {
    check_with(
        "progress without end",
        "hello; ask; while :; do say '{\"type\":\"progress\",\"id\":'$id'}'; done",
        Fails("longer than its time limit of 1 s"),
        |config| config.time_limit = Duration::from_secs(1),
    );
    check(
        "much progress, then an answer",
        "hello; ask; for i in 1 2 3 4 5 6 7 8; do say '{\"type\":\"progress\",\"id\":'$id'}'; done; answer; ask",
        Succeeds,
    );
}

/// One worker tells progress as fast as it can; what the other one does is heard all the same.
#[test]
fn a_flood_of_one_worker_leaves_the_others_their_turn() {
    let place = Place::new();
    let script = r#"
hello
while :; do
  ask
  if test "$GANAS_WORKER" = 0; then
    yes '{"type":"progress","id":'$id',"metrics":{"valid":0.25}}' | head -n 20000
  fi
  answer
done"#;
    let mut config = place.config(command(&place, script), 2);
    config.time_limit = HANG;
    let evaluator = place.open(config).unwrap();
    let results = place.evaluate(&evaluator, &place.archs(12)).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    drop(evaluator);
    let notes = place.notes.lock().unwrap();
    assert!(notes.len() >= 20_000, "{}", notes.len());
}

#[test]
fn what_does_not_read() {
    // More than a pipe holds: a fidelity of 200 kB.
    let much = |config: &mut PoolConfig| {
        config.fidelity = (0..10_000).map(|i| (format!("fidelity{i}"), 1.0)).collect();
    };
    check_with(
        "reads nothing more",
        "hello; forever",
        Fails("longer than its time limit of 1 s"),
        move |config| {
            much(config);
            config.time_limit = Duration::from_secs(1);
        },
    );
    check_with(
        "is deaf",
        "hello; forever",
        Fails("the worker took nothing that it was sent for 15 s"),
        move |config| {
            much(config);
            config.start_limit = Duration::from_secs(15);
        },
    );
    // And one that reads late gets all of it.
    check_with(
        "reads late",
        "hello; sleep 1; ask; answer; ask",
        Succeeds,
        much,
    );
}
