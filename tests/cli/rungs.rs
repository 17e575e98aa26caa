//! Rungs: everything is evaluated with a low fidelity, and the best goes on.

#![cfg(unix)]

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::Sandbox;

/// A worker with three fidelities; a training goes on from the artifact of the one before, and each is noted.
const WORKER: &str = r#"
import hashlib, json, sys

def say(message):
    print(json.dumps(message), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        metrics = [{"name": "valid", "role": "validation"}]
        fidelities = [{"epochs": 1}, {"epochs": 3}, {"epochs": 9}]
        say({"type": "hello", "protocol": 1, "name": "rungs", "version": "1", "metrics": metrics,
             "fidelities": fidelities})
    elif message["type"] == "evaluate":
        key, epochs = message["arch"]["key"], message["fidelity"]["epochs"]
        before = message.get("resume_from")
        if epochs > 1:
            assert before == "%s-%d" % (key, epochs / 3), before
        digest = hashlib.sha256(key.encode()).digest()
        value = digest[0] / 255 - (digest[1] / 255) / epochs
        with open("evaluated.txt", "a") as file:
            file.write("%d %s\n" % (epochs, key))
        say({"type": "result", "id": message["id"], "metrics": {"valid": value},
             "artifact": "%s-%d" % (key, epochs)})
    elif message["type"] == "shutdown":
        break
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("worker.py", WORKER.as_bytes());
    sandbox
}

fn search<'a>(study: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["search", "--space", "nasbench201", "--json"];
    all.extend(["--evaluator", "python3 worker.py", "--study", study]);
    all.extend(["--algorithm", "random", "--window", "8"]);
    all.extend(more);
    all
}

/// How many evaluations there were with each number of epochs.
fn evaluated(sandbox: &Sandbox) -> BTreeMap<u32, usize> {
    let text = std::fs::read_to_string(sandbox.path("evaluated.txt")).unwrap();
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let (epochs, _) = line.split_once(' ').unwrap();
        *all.entry(epochs.parse().unwrap()).or_default() += 1;
    }
    all
}

#[test]
fn few_go_on_and_only_the_highest_fidelity_counts() {
    let sandbox = sandbox();
    let rungs = ["--rungs", "1,3,9", "--budget", "40"];
    let more = [&rungs[..], &["--workers", "3"]].concat();
    let found = sandbox.ganas(search("a.db", &more)).expect_code(0).json();
    let counts = evaluated(&sandbox);
    assert_eq!(counts[&1], 40);
    assert!(counts[&3] < 30 && counts[&9] < counts[&3], "{counts:?}");
    let lines = sandbox.export("a.db");
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let trials: Vec<Value> = lines
        .filter(|line: &Value| line["type"] == "trial")
        .collect();
    let of_rung = |trial: &&Value, missing: u64| trial["missing"].as_u64().unwrap_or(0) == missing;
    let complete: Vec<&Value> = trials.iter().filter(|trial| of_rung(trial, 0)).collect();
    assert_eq!(complete.len(), counts[&9]);
    let best = complete
        .iter()
        .map(|trial| trial["search"].as_f64().unwrap());
    let best = best.fold(f64::MIN, f64::max);
    let told = found["runs"][0]["best"]["search"].as_f64().unwrap();
    assert!((best - told).abs() <= 0.0, "{best} {told}");

    // Only what reached the highest fidelity is a result that another search starts with.
    let warm = ["--warm-start", "a.db", "--budget", "1", "--rungs", "1,3,9"];
    let used = format!(
        "evidence   {} of {} results of a.db",
        counts[&9],
        2 * counts[&9]
    );
    sandbox
        .ganas(search("warm.db", &warm))
        .expect_code(0)
        .expect_stderr(&[&used]);
    // As if it had not been: what is counted below is of the others.
    std::fs::remove_file(sandbox.path("evaluated.txt")).unwrap();
    let other = ["--warm-start", "a.db", "--minimize", "valid"];
    sandbox
        .ganas(search("other.db", &other))
        .expect_code(2)
        .expect_stderr(&["was to maximize valid, this search is to minimize it"]);

    // One worker, stopped and extended: the same record, and nothing is evaluated twice.
    for budget in ["13", "40"] {
        let more = ["--rungs", "epochs=1,3,9", "--budget", budget, "--resume"];
        sandbox.ganas(search("b.db", &more)).expect_code(0);
    }
    assert_eq!(sandbox.export("a.db"), sandbox.export("b.db"));
    assert_eq!(evaluated(&sandbox), counts);
}

#[test]
fn rungs_that_make_no_sense_are_refused() {
    let sandbox = sandbox();
    for (more, reason) in [
        (
            &["--rungs", "9,3"][..],
            "expected at least two rising numbers",
        ),
        (
            &["--rungs", "epochs=1,2"],
            "they declare epochs=1; epochs=3; epochs=9",
        ),
        (&["--rungs", "size=1,3"], "do not know the fidelity size=1"),
        (&["--rungs", "1,3", "--promote", "2"], "between 0 and 1"),
    ] {
        sandbox
            .ganas(search("a.db", more))
            .expect_code(2)
            .expect_stderr(&[reason]);
    }
}
