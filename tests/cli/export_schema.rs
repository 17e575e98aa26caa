//! Real exports agree with docs/export.schema.json.

#![cfg(unix)]

use std::path::Path;

use serde_json::Value;

use crate::sandbox::Sandbox;
use ganas_testkit::scripted_worker;

/// The schema of lines of this type.
fn schema_of(schema: &Value, kind: &str) -> Value {
    let all = schema["oneOf"].as_array().unwrap();
    let found = all
        .iter()
        .find(|one| one["properties"]["type"]["const"] == kind);
    found
        .unwrap_or_else(|| panic!("no schema of {kind}"))
        .clone()
}

/// Checks a value against the part of JSON Schema that the file uses.
fn check(schema: &Value, value: &Value, place: &str) {
    if let Some(constant) = schema.get("const") {
        assert_eq!(value, constant, "{place}");
    }
    if let Some(all) = schema.get("enum") {
        assert!(all.as_array().unwrap().contains(value), "{place}: {value}");
    }
    if let Some(types) = schema.get("type") {
        let types: Vec<&str> = match types {
            Value::String(one) => vec![one],
            more => more
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect(),
        };
        let is = |kind: &&str| match *kind {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            "array" => value.is_array(),
            "null" => value.is_null(),
            other => panic!("{place}: the type {other}"),
        };
        assert!(
            types.iter().any(|kind| is(kind)),
            "{place}: {value} is none of {types:?}"
        );
    }
    if let Some(items) = schema.get("items") {
        for item in value.as_array().into_iter().flatten() {
            check(items, item, place);
        }
    }
    let Some(fields) = value.as_object() else {
        return;
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            fields.contains_key(required.as_str().unwrap()),
            "{place}: no {required}"
        );
    }
    for (name, value) in fields {
        let known = schema.get("properties").and_then(|all| all.get(name));
        let place = format!("{place}.{name}");
        match (known, schema.get("additionalProperties")) {
            (Some(known), _) => check(known, value, &place),
            (None, Some(Value::Bool(false))) => panic!("{place} is not in the schema"),
            (None, Some(other)) => check(other, value, &place),
            (None, None) => {}
        }
    }
}

#[test]
fn every_line_agrees_with_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/export.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let sandbox = Sandbox::new();
    let works = scripted_worker::command("cost=1");
    let fails = scripted_worker::command("percent=60 kinds=refuse,nan");
    let space = [
        "search",
        "--space",
        "nasbench201",
        "--budget",
        "30",
        "--study",
        "s.db",
    ];
    for (more, code) in [
        (
            &["--evaluator", &*works, "--constraint", "cost < 0.5"][..],
            0,
        ),
        (
            &[
                "--evaluator",
                &*works,
                "--rungs",
                "epochs=1,3",
                "--algorithm",
                "random",
            ],
            0,
        ),
        (
            &["--evaluator", &*works, "--objective", "accuracy,-cost"],
            0,
        ),
        (
            &[
                "--evaluator",
                &*fails,
                "--fidelity",
                "epochs=3",
                "--patience",
                "5",
            ],
            3,
        ),
    ] {
        sandbox.ganas(space.iter().chain(more)).expect_code(code);
    }
    let table = ["search", "--budget", "20", "--study", "s.db"];
    sandbox.ganas(table).expect_code(0);
    let mut kinds = std::collections::BTreeMap::<String, u32>::new();
    for more in [&[][..], &["--with-times"]] {
        let exported = sandbox
            .ganas(["export", "s.db"].iter().chain(more))
            .expect_code(0);
        for line in exported.stdout.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let kind = value["type"].as_str().unwrap();
            check(&schema_of(&schema, kind), &value, kind);
            *kinds.entry(kind.to_owned()).or_default() += 1;
            // What depends on time and place is told only when it is asked for.
            let is_timed = value.get("started").is_some();
            assert_eq!(is_timed, kind == "trial" && !more.is_empty(), "{line}");
        }
    }
    assert_eq!(kinds["run"], 10, "{kinds:?}");
    assert!(kinds["trial"] > 200 && kinds["event"] > 10, "{kinds:?}");
}

#[test]
fn a_table_has_a_column_for_each_metric() {
    let sandbox = Sandbox::new();
    let works = scripted_worker::command("cost=1");
    let space = [
        "search",
        "--space",
        "nasbench201",
        "--budget",
        "10",
        "--study",
        "s.db",
    ];
    sandbox
        .ganas(space.iter().chain(&["--evaluator", &*works]))
        .expect_code(0);
    let export = ["export", "s.db", "--format", "csv"];
    let text = sandbox.ganas(export).expect_code(0).stdout;
    let header = text.lines().next().unwrap();
    assert!(
        header.starts_with("run,experiment,version,budget,window,fidelity,space,"),
        "{header}"
    );
    assert!(
        header.ends_with(",metric cost,metric test,metric valid"),
        "{header}"
    );
    let timed = sandbox
        .ganas(export.iter().chain(&["--with-times"]))
        .expect_code(0)
        .stdout;
    let header = timed.lines().next().unwrap();
    assert!(header.ends_with(",queued,started,ended,log"), "{header}");
    assert_eq!(timed.lines().count(), 11);
}
