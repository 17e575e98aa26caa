//! What a worker declares of its metrics, and what is done where it declares nothing.

#![cfg(unix)]

use serde_json::Value;

use crate::sandbox::{Ended, Sandbox};

/// A worker that declares METRICS, and measures of an architecture how many convolutions its text has.
const WORKER: &str = r#"
import json, sys

def say(message):
    print(json.dumps(message), flush=True)

for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        metrics = json.loads('METRICS')
        say({"type": "hello", "protocol": 1, "name": "counting", "version": "1", "metrics": metrics})
    elif message["type"] == "evaluate":
        count = message["arch"]["text"].count("conv_3x3")
        values = {metric["name"]: float(count) for metric in json.loads('METRICS')}
        say({"type": "result", "id": message["id"], "metrics": values})
    elif message["type"] == "shutdown":
        break
"#;

fn search(metrics: &str, more: &[&str]) -> Ended {
    let sandbox = Sandbox::new();
    sandbox.write("worker.py", WORKER.replace("METRICS", metrics).as_bytes());
    let mut arguments = vec![
        "search",
        "--space",
        "nasbench201",
        "--algorithm",
        "random",
        "--budget",
        "30",
    ];
    arguments.extend([
        "--evaluator",
        "python3 worker.py",
        "--study",
        "s.db",
        "--json",
    ]);
    arguments.extend(more);
    sandbox.ganas(arguments)
}

fn best(ended: &Ended) -> f64 {
    let json: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    json["runs"][0]["best"]["search"].as_f64().unwrap()
}

#[test]
fn a_loss_of_a_worker_is_minimised() {
    for (metrics, more) in [
        (r#"[{"name":"loss","role":"validation"}]"#, &[][..]),
        (r#"[{"name":"val_ppl","role":"validation"}]"#, &[]),
        (
            r#"[{"name":"quux","role":"validation","direction":"minimize"}]"#,
            &[],
        ),
        (
            r#"[{"name":"accuracy","role":"validation","direction":"minimize"}]"#,
            &[],
        ),
        (
            r#"[{"name":"quux","role":"validation"}]"#,
            &["--minimize", "quux"],
        ),
        (
            r#"[{"name":"valid","role":"validation","direction":"maximize"}]"#,
            &["--minimize", "valid"],
        ),
    ] {
        let ended = search(metrics, more).expect_code(0);
        assert_eq!(best(&ended), 0.0, "{metrics} {more:?}");
    }
    for metrics in [
        r#"[{"name":"valid","role":"validation"}]"#,
        r#"[{"name":"loss","role":"validation","direction":"maximize"}]"#,
    ] {
        assert!(
            best(&search(metrics, &[]).expect_code(0)) >= 2.0,
            "{metrics}"
        );
    }
}

#[test]
fn a_metric_of_unknown_direction_ends_the_search_before_it_begins() {
    search(r#"[{"name":"quux","role":"validation"}]"#, &[])
        .expect_code(2)
        .expect_stderr(&["--maximize quux or --minimize quux"]);
}

#[test]
fn what_stands_for_a_missing_value_is_none() {
    // No convolution at all stands for a failed measurement, and would be the smallest.
    let metrics = r#"[{"name":"loss","role":"validation","missing":0}]"#;
    let ended = search(metrics, &[]).expect_code(3);
    assert!(best(&ended) >= 1.0);
    assert!(
        ended.stderr.contains("evaluations failed"),
        "{}",
        ended.stderr
    );
    let declared = search(
        r#"[{"name":"loss","role":"validation"}]"#,
        &["--missing", "loss=0"],
    );
    assert_eq!(best(&declared), best(&ended));
}

#[test]
fn test_metrics_of_workers_are_no_objectives() {
    let metrics = r#"[{"name":"valid","role":"validation"},{"name":"quality","role":"test"},{"name":"other_acc","role":"test"}]"#;
    search(metrics, &["--objective", "accuracy,other_acc"])
        .expect_code(2)
        .expect_stderr(&["measured on test data"]);
}
