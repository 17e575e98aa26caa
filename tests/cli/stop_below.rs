//! Trainings that are stopped early, because they are worse than others were at the same step.

#![cfg(unix)]

use serde_json::Value;

use crate::sandbox::{Ended, Sandbox};

/// A worker that tells three steps of each training. Those of classes that are not in `good.txt` are bad, and do not end before
/// they are cancelled, unless `finish.txt` is there: then they end, and hear of nothing before. Each that is begun is noted.
const WORKER: &str = r#"
import json, os, sys

def say(message):
    print(json.dumps(message), flush=True)

answered = None
good = open("good.txt").read().split() if os.path.exists("good.txt") else None
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        metrics = [{"name": "valid", "role": "validation"}, {"name": "test", "role": "test"}]
        say({"type": "hello", "protocol": 1, "name": "steps", "version": "1", "metrics": metrics})
    elif message["type"] == "evaluate":
        id, key = message["id"], message["arch"]["key"]
        is_good = good is None or key in good
        value = int(key[-2:], 16) / 1000 + (0.5 if is_good else 0)
        with open("begun.txt", "a") as file:
            file.write(key + "\n")
        for step in (1, 2, 3):
            say({"type": "progress", "id": id, "step": step, "metrics": {"valid": value * step / 3}})
        if not is_good and not os.path.exists("finish.txt"):
            message = json.loads(sys.stdin.readline())
            assert message == {"type": "cancel", "id": id}, message
            say({"type": "failure", "id": id, "kind": "cancelled", "message": "as asked", "retryable": False})
            continue
        say({"type": "result", "id": id, "metrics": {"valid": value, "test": value}})
        answered = id
    elif message["type"] == "cancel":
        assert message["id"] == answered, message
    elif message["type"] == "shutdown":
        break
"#;

/// Good classes, which are evaluated first: so few that none of them has five others to be compared with.
const GOOD: usize = 6;

struct Trainings(Sandbox);

impl Trainings {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("worker.py", WORKER.as_bytes());
        let trainings = Self(sandbox);
        let words = format!("--study drawn.db --seeds 9 --budget {GOOD}");
        trainings.search(&words).expect_code(0);
        let drawn = trainings.trials("drawn.db");
        let lines = |field: &str| -> String {
            let texts = drawn.iter().map(|trial| trial[field].as_str().unwrap());
            texts.map(|text| format!("{text}\n")).collect()
        };
        trainings.0.write("good.txt", lines("key").as_bytes());
        trainings.0.write("first.txt", lines("arch").as_bytes());
        trainings.forget();
        trainings
    }

    fn search(&self, more: &str) -> Ended {
        let words = "search --space nasbench101-v4 --algorithm random --window 2 --workers 2";
        let mut all: Vec<&str> = words.split(' ').collect();
        all.extend(["--evaluator", "python3 worker.py"]);
        all.extend(more.split_whitespace());
        self.0.ganas(all)
    }

    fn trials(&self, study: &str) -> Vec<Value> {
        let lines = self.0.export(study);
        let rows = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        rows.filter(|row: &Value| row["type"] == "trial").collect()
    }

    fn begun(&self) -> usize {
        let text = std::fs::read_to_string(self.0.path("begun.txt"));
        text.unwrap_or_default().lines().count()
    }

    fn forget(&self) {
        let _ = std::fs::remove_file(self.0.path("begun.txt"));
    }
}

const STOPPING: &str = "--enqueue first.txt --budget 24 --stop-below 0.5 --stop-warmup 2";

#[test]
fn bad_trainings_are_cancelled_and_recorded_as_such() {
    let trainings = Trainings::new();
    let found = trainings
        .search(&format!("--study s.db {STOPPING} --json"))
        .expect_code(0)
        .expect_stderr(&["stopped below the quantile 0.5 of 5 others or more, from step 2 on"])
        .json();
    let trials = trainings.trials("s.db");
    assert_eq!(trials.len(), 24);
    for trial in &trials[GOOD..] {
        let key = trial["key"].as_str().unwrap();
        let value = f64::from(u32::from_str_radix(&key[30..], 16).unwrap()) / 1000.0;
        assert_eq!(
            (&trial["state"], &trial["stopped_at"]),
            (&"stopped".into(), &2.into()),
            "{trial}"
        );
        let told = trial["stopped_value"].as_f64().unwrap();
        assert!((told - value * 2.0 / 3.0).abs() < 1e-12, "{trial}");
        for field in ["search", "report", "reason"] {
            assert!(trial[field].is_null(), "{trial}");
        }
    }
    // They are queries, no failures, and never the best.
    let run = &found["runs"][0];
    assert_eq!(
        (&run["unique_queries"], &run["failed"]),
        (&24.into(), &0.into()),
        "{run}"
    );
    assert!(run["best"]["search"].as_f64().unwrap() > 0.5);
    let top = trainings
        .0
        .ganas(["top", "s.db", "-n", "100"])
        .expect_code(0)
        .stdout;
    assert!(
        !top.contains(trials[GOOD]["arch"].as_str().unwrap()),
        "{top}"
    );
    assert_eq!(trainings.begun(), 24);
    trainings
        .search(&format!("--study s.db {STOPPING} --resume"))
        .expect_code(0);
    assert_eq!(trainings.begun(), 24);

    // Workers that do not listen and finish: the same record.
    trainings.0.write("finish.txt", b"");
    trainings
        .search(&format!("--study t.db {STOPPING}"))
        .expect_code(0);
    assert_eq!(trainings.0.export("s.db"), trainings.0.export("t.db"));

    // Who does not stop anything evaluates what was stopped, and uses the rest.
    trainings.forget();
    let ended = trainings
        .search("--study s.db --enqueue first.txt --budget 24")
        .expect_code(0)
        .expect_stderr(&[&format!("{GOOD} evaluations of other runs were used again")]);
    assert!(ended.stdout.contains("budget spent"), "{}", ended.stdout);
    assert_eq!(trainings.begun(), 24 - GOOD);
    // And who stops finds in complete evaluations where that would have been.
    trainings
        .search("--study u.db --enqueue first.txt --budget 24")
        .expect_code(0);
    trainings.forget();
    trainings
        .search(&format!("--study u.db {STOPPING}"))
        .expect_code(0);
    assert_eq!(trainings.begun(), 0);
    let of_run = |study: &str| {
        let trials = trainings.trials(study).into_iter();
        let stopped = trials.filter(|trial| trial["state"] == "stopped");
        stopped
            .map(|trial| trial["key"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_run("u.db"), of_run("t.db"));
}

#[test]
fn what_cannot_be_stopped_is_refused() {
    let trainings = Trainings::new();
    for (more, reason) in [
        ("--stop-below 1.5", "expected one between 0 and 1"),
        ("--stop-below 0", "expected one between 0 and 1"),
        ("--stop-below 0.5 --rungs epochs=1,2", "--rungs"),
        ("--stop-below 0.5 --stop-startup 0", "--stop-startup"),
        ("--stop-warmup 3", "--stop-below"),
        (
            "--stop-below 0.5 --objective accuracy,-params",
            "values of one metric are compared",
        ),
    ] {
        trainings
            .search(&format!("--study x.db {more}"))
            .expect_code(2)
            .expect_stderr(&[reason]);
    }
    let table = "search --table digits-4 --stop-below 0.5";
    trainings
        .0
        .ganas(table.split(' '))
        .expect_code(2)
        .expect_stderr(&["--evaluator"]);
    assert_eq!(trainings.begun(), 0);
}
