//! Exports are what docs/export.schema.json says.
//!
//! The keywords that the schema uses are checked here by hand; one that is not known here is an error.

use std::collections::BTreeMap;

use ganas_eval::{Circumstances, Details, Feed, Outcome};
use ganas_search::{Objective, Objectives, Rungs};
use serde_json::Value;

use super::remembered::{Limited, session_of};
use super::stopping::stopping;
use super::*;
use crate::Times;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/export.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What is wrong with a value, when anything is.
fn problem(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    let rules = schema.as_object().unwrap();
    let wrong = |rule: &str| Some(format!("{value}: {rule}"));
    for (keyword, rule) in rules {
        let found = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "examples" => None,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                problem(root, &root["$defs"][name], value)
            }
            "oneOf" => {
                let rules = rule.as_array().unwrap();
                let fit = rules
                    .iter()
                    .filter(|rule| problem(root, rule, value).is_none());
                match fit.count() {
                    1 => None,
                    n => wrong(&format!("{n} of the alternatives fit")),
                }
            }
            "type" => match rule {
                Value::Array(kinds) if kinds.iter().any(|kind| is_of(kind, value)) => None,
                kind if is_of(kind, value) => None,
                kind => wrong(&format!("is not of the type {kind}")),
            },
            "const" => (rule != value).then(|| format!("{value}: is not {rule}")),
            "enum" => {
                let is_known = rule.as_array().unwrap().contains(value);
                (!is_known).then(|| format!("{value}: is not among {rule}"))
            }
            "minimum" => {
                let is_less = value.as_f64().is_some_and(|v| v < rule.as_f64().unwrap());
                is_less.then(|| format!("{value}: is less than {rule}"))
            }
            "pattern" => {
                // Those of this schema are hexadecimal digits, so many.
                let n = rule.as_str().unwrap().strip_prefix("^[0-9a-f]{").unwrap();
                let n: usize = n.strip_suffix("}$").unwrap().parse().unwrap();
                let fits = |text: &str| {
                    text.len() == n && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                };
                let is_wrong = value.as_str().is_some_and(|text| !fits(text));
                is_wrong.then(|| format!("{value}: does not match {rule}"))
            }
            "items" => {
                let mut items = value.as_array().into_iter().flatten();
                items.find_map(|item| problem(root, rule, item))
            }
            "required" => {
                let mut names = rule.as_array().unwrap().iter();
                let missing = names.find(|name| value.get(name.as_str().unwrap()).is_none());
                missing.map(|name| format!("{value}: {name} is missing"))
            }
            "properties" => rule.as_object().unwrap().iter().find_map(|(name, rule)| {
                problem(root, rule, value.get(name)?).map(|what| format!("{name}: {what}"))
            }),
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                let mut further = (value.as_object().into_iter().flatten())
                    .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                match rule {
                    Value::Bool(false) => further
                        .next()
                        .map(|(name, _)| format!("`{name}` is not in the schema")),
                    rule => further.find_map(|(_, value)| problem(root, rule, value)),
                }
            }
            other => panic!("the keyword `{other}` is not known to this test"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("the type `{other}` is not known to this test"),
    }
}

/// Returns everything that an evaluator can, and stops after so many.
struct Full {
    inner: MadeUp,
    left: std::sync::Mutex<u32>,
}

impl Full {
    fn new(left: u32) -> Self {
        Self {
            inner: MadeUp::new(),
            left: left.into(),
        }
    }
}

impl Evaluator for Full {
    fn metric_pair(&self) -> &MetricPair {
        self.inner.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let measured = self.inner.evaluate(query)?;
        Ok(Measurement {
            objectives: vec![measured.search.value(), measured.report.0],
            violation: f64::from(u8::from(query.key.0.is_multiple_of(3))),
            ..measured
        })
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        while let Some(task) = feed.next()? {
            let mut left = self.left.lock().unwrap();
            if *left == 0 {
                return Err(EvalError::Interrupted);
            }
            *left -= 1;
            let mut outcome = Outcome::of(self.evaluate(task.query()), self.metric_pair());
            outcome.details = Details {
                cost: BTreeMap::from([("gpu_hours".to_owned(), 0.5)]),
                artifact: Some("weights".to_owned()),
                attempts: 1,
                circumstances: Some(Circumstances {
                    host: "host".to_owned(),
                    ..Circumstances::default()
                }),
                ..outcome.details
            };
            feed.finished(task.ticket, outcome)?;
        }
        Ok(())
    }
}

fn search_full(study: &Study, spec: &RunSpec, left: u32) {
    let Begun::Fresh(claim) = begin(study, spec, OnExisting::Refuse).unwrap() else {
        panic!("the run is new");
    };
    let evaluator = Full::new(left);
    let remembered = claim
        .remember(&evaluator, &evaluator_spec(), space())
        .unwrap();
    let mut writer = claim.writer(space(), || Duration::ZERO).costly();
    let mut searcher = RandomSearch::new(space(), spec.seed);
    Run::new(&*space(), &mut searcher, &remembered, spec.budget)
        .pace(spec.pace)
        .rungs(spec.rungs.clone())
        .observe(&mut writer)
        .run()
        .unwrap();
}

/// Runs of every kind: on a table, with objectives and bounds, with rungs and a window; the last are not finished.
fn fill(study: &Study) {
    finish(study, &spec(u64::MAX));
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        direction: ganas_eval::Direction::Maximize,
        table: None,
    };
    let objectives = Objectives::new(vec![objective("valid"), objective("test")], None).unwrap();
    let of_objectives = RunSpec {
        objectives: Some(objectives),
        ..spec(1)
    };
    search_full(study, &of_objectives, u32::MAX);
    let epochs = |n| Fidelity::from([("epochs".to_owned(), n)]);
    let of_rungs = RunSpec {
        rungs: Some(Rungs::new(vec![epochs(3.0), epochs(9.0)], 0.5).unwrap()),
        pace: Pace::Window(std::num::NonZeroU32::new(2).unwrap()),
        fidelity: epochs(9.0),
        ..spec(2)
    };
    search_full(study, &of_rungs, u32::MAX);
    let evaluator = Limited::telling(u32::MAX);
    session_of(study, &evaluator, &stopping(), OnExisting::Refuse).unwrap();
    // So many that some of what is no trial yet has failed.
    for seed in 3..20 {
        search_full(study, &spec(seed), 15);
    }
}

#[test]
fn every_line_of_an_export_is_in_the_schema() {
    let place = Place::new();
    let study = place.study();
    fill(&study);
    let schema = schema();
    for times in [Times::Leave, Times::Include] {
        let mut bytes = Vec::new();
        let export = Export {
            times,
            ..Export::new(ExportFormat::JsonLines)
        };
        study.export(&mut bytes, &export).unwrap();
        let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
        let mut fields: BTreeMap<String, u32> = BTreeMap::new();
        for line in String::from_utf8(bytes).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let kind = line["type"].as_str().unwrap().to_owned();
            // By its type, so that a problem is told and not only that no alternative fits.
            let problem = problem(&schema, &schema["$defs"][&kind], &line);
            assert_eq!(problem, None, "{line}");
            for (name, value) in line.as_object().unwrap() {
                if !value.is_null() {
                    *fields.entry(format!("{kind} {name}")).or_default() += 1;
                }
            }
            *kinds.entry(kind).or_default() += 1;
        }
        // Every field of the schema is there once at least, so that it describes nothing that there is not.
        for (kind, definition) in schema["$defs"].as_object().unwrap() {
            let is_timed = kind == "evaluation";
            let Some(type_of) = definition["properties"]["type"]["const"].as_str() else {
                continue;
            };
            assert_eq!(type_of, kind);
            for name in definition["properties"].as_object().unwrap().keys() {
                let is_place = ["cost", "artifact", "attempts", "reused", "host", "worker"]
                    .contains(&name.as_str())
                    || ["queued", "started", "ended", "log"].contains(&name.as_str());
                let is_expected = times == Times::Include || !(is_timed || is_place);
                let known = fields.contains_key(&format!("{kind} {name}"));
                assert_eq!(known, is_expected, "{kind} {name}, {times:?}");
            }
        }
        assert_eq!(kinds.contains_key("evaluation"), times == Times::Include);
    }
}

#[test]
fn what_is_not_in_the_schema_is_noticed() {
    let schema = schema();
    let place = Place::new();
    let study = place.study();
    finish(&study, &spec(1));
    let text = json_lines(&study);
    for line in text.lines().take(3) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(problem(&schema, &schema, &line), None);
        let without = |name: &str| {
            let mut line = line.clone();
            line.as_object_mut().unwrap().remove(name);
            line
        };
        let with = |name: &str, value: Value| {
            let mut line = line.clone();
            line.as_object_mut().unwrap().insert(name.to_owned(), value);
            line
        };
        for changed in [
            without("type"),
            without("run"),
            with("run", "0123".into()),
            with("seed", "1".into()),
            with("further", 1.into()),
        ] {
            assert!(problem(&schema, &schema, &changed).is_some(), "{changed}");
        }
    }
}
