//! What the hello of a worker has to be like.

use std::collections::BTreeSet;

use serde::Serialize;

use ganas_eval::Fidelity;

use super::excerpt::excerpt;
use super::message::Capabilities;

/// The most evaluations that one worker may do at the same time.
pub(super) const MAX_CAPACITY: u32 = 1 << 16;

/// The longest name of an evaluator or a metric, and the longest version, in bytes.
pub(super) const MAX_NAME: usize = 256;

/// The most fidelities that a worker may declare, and the most numbers of each.
const MAX_FIDELITIES: usize = 64;

/// Nothing is wrong with it, or what was declared, and what was expected.
pub(super) fn check(hello: &Capabilities) -> Result<(), String> {
    if hello.capacity == 0 || hello.metrics.is_empty() {
        return Err("it declares no capacity or no metric, expected at least 1 of each".to_owned());
    }
    if hello.capacity > MAX_CAPACITY {
        return Err(format!(
            "it declares a capacity of {}, expected at most {MAX_CAPACITY}",
            hello.capacity
        ));
    }
    check_name("its name", &hello.name)?;
    check_name("its version", &hello.version)?;
    let mut names = BTreeSet::new();
    for metric in &hello.metrics {
        check_name("the name of a metric", &metric.name)?;
        let shown = excerpt(metric.name.as_bytes());
        if metric.name.is_empty() {
            return Err("it declares a metric without a name, expected one".to_owned());
        }
        if !names.insert(&metric.name) {
            return Err(format!(
                "it declares the metric {shown} twice, expected each name once"
            ));
        }
        for (bound, value) in [("min", metric.min), ("max", metric.max)] {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Err(format!(
                    "the {bound} of its metric {shown} is {value}, expected a finite number, or none at all"
                ));
            }
        }
        if let (Some(min), Some(max)) = (metric.min, metric.max)
            && min > max
        {
            return Err(format!(
                "the min of its metric {shown} is {min}, above its max {max}; expected a range that holds a value"
            ));
        }
    }
    check_fidelities(&hello.fidelities)
}

fn check_fidelities(fidelities: &[Fidelity]) -> Result<(), String> {
    if fidelities.len() > MAX_FIDELITIES {
        return Err(format!(
            "it declares {} fidelities, expected at most {MAX_FIDELITIES}",
            fidelities.len()
        ));
    }
    for (at, fidelity) in fidelities.iter().enumerate() {
        if !(1..=MAX_FIDELITIES).contains(&fidelity.len()) {
            return Err(format!(
                "fidelity {at} of those that it declares has {} numbers, expected 1 to {MAX_FIDELITIES}",
                fidelity.len()
            ));
        }
        for name in fidelity.keys() {
            check_name("the name of a fidelity", name)?;
        }
        if fidelities[..at].contains(fidelity) {
            return Err(format!(
                "it declares fidelity {at} twice, expected each of them once"
            ));
        }
    }
    Ok(())
}

/// Nothing is wrong with a name that was declared or told, or what it is, and what was expected.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), String> {
    let shown = excerpt(name.as_bytes());
    if name.len() > MAX_NAME {
        return Err(format!(
            "{what} is {shown}, of {} bytes; expected at most {MAX_NAME}",
            name.len()
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(format!(
            "{what} is {shown}, expected a name without control characters"
        ));
    }
    Ok(())
}

/// In what a hello differs from that of the first worker, when it does.
pub(super) fn difference(first: &Capabilities, hello: &Capabilities) -> Option<String> {
    fn field<T: PartialEq + Serialize>(name: &str, first: &T, found: &T) -> Option<String> {
        // What was read from JSON can be written as JSON.
        let shown = |value: &T| excerpt(&serde_json::to_vec(value).unwrap_or_default());
        (first != found).then(|| {
            format!(
                "its {name} is {}, expected {} as of the first worker",
                shown(found),
                shown(first)
            )
        })
    }
    let first_different = field("name", &first.name, &hello.name)
        .or_else(|| field("version", &first.version, &hello.version))
        .or_else(|| field("capacity", &first.capacity, &hello.capacity))
        .or_else(|| field("list of fidelities", &first.fidelities, &hello.fidelities))
        .or_else(|| {
            let both = first.metrics.iter().zip(&hello.metrics);
            let mut each = both.filter_map(|(first, found)| field("metric", first, found));
            each.next()
        })
        .or_else(|| {
            let [first, found] = [first, hello].map(|hello| hello.metrics.len());
            field("number of metrics", &first, &found)
        });
    first_different.map(|what| format!("its hello differs from that of the first worker: {what}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The hello of a worker that behaves, with one field changed.
    fn hello(field: &str, value: Value) -> Capabilities {
        let mut hello = json!({
            "protocol": 1, "name": "test", "version": "1", "capacity": 1,
            "metrics": [{"name": "valid", "role": "validation", "min": 0, "max": 1}],
        });
        hello[field] = value;
        serde_json::from_value(hello).unwrap()
    }

    fn metrics(more: Value) -> Capabilities {
        hello("metrics", more)
    }

    #[test]
    fn a_hello_is_checked() {
        let good = hello("capacity", json!(MAX_CAPACITY));
        assert_eq!(check(&good), Ok(()));
        let fidelities = json!([{"epochs": 3}, {"epochs": 9, "width": 0.5}]);
        assert_eq!(check(&hello("fidelities", fidelities)), Ok(()));
        let metric = |name: &str| json!({"name": name, "role": "other"});
        assert_eq!(check(&metrics(json!([metric("a"), metric("b")]))), Ok(()));
        let bounded = |min: f64, max: f64| {
            metrics(json!([{"name": "a", "role": "test", "min": min, "max": max}]))
        };
        assert_eq!(check(&bounded(0.5, 0.5)), Ok(()));
        let mut infinite = good.clone();
        infinite.metrics[0].max = Some(f64::INFINITY);
        for (hello, problem) in [
            (hello("capacity", json!(0)), "no capacity"),
            (
                hello("capacity", json!(u32::MAX)),
                "a capacity of 4294967295, expected at most 65536",
            ),
            (metrics(json!([])), "no metric"),
            (
                metrics(json!([metric("a"), metric("b"), metric("a")])),
                "the metric `a` twice",
            ),
            (metrics(json!([metric("")])), "a metric without a name"),
            (
                metrics(json!([metric("a\u{1b}[31m")])),
                r"`a\u{1b}[31m`, expected a name without",
            ),
            (metrics(json!([metric("a\0")])), r"`a\u{0}`"),
            (
                metrics(json!([metric(&"a".repeat(257))])),
                "of 257 bytes; expected at most 256",
            ),
            (hello("name", json!("a\nb")), "without control characters"),
            (
                hello("version", json!("1".repeat(1 << 19))),
                "expected at most 256",
            ),
            (bounded(2.0, 1.0), "is 2, above its max 1"),
            (
                hello("fidelities", json!([{"epochs": 3}, {}])),
                "fidelity 1 of those that it declares has 0 numbers, expected 1 to 64",
            ),
            (
                hello("fidelities", json!([{"epochs": 3}, {"epochs": 3.0}])),
                "it declares fidelity 1 twice",
            ),
            (
                hello("fidelities", json!([{"a\u{7}": 3}])),
                "the name of a fidelity is",
            ),
            (
                hello("fidelities", json!(vec![json!({"epochs": 3}); 65])),
                "it declares 65 fidelities, expected at most 64",
            ),
            (
                infinite,
                "the max of its metric `valid` is inf, expected a finite number",
            ),
        ] {
            let error = check(&hello).unwrap_err();
            assert!(error.contains(problem), "{problem}: {error}");
            assert!(error.len() < 500, "{}", error.len());
        }
    }

    #[test]
    fn differences_are_named() {
        let first = hello("capacity", json!(2));
        assert_eq!(difference(&first, &first), None);
        let metric = |name: &str| json!({"name": name, "role": "validation", "min": 0, "max": 1});
        for (hello, what) in [
            (
                hello("capacity", json!(3)),
                "its capacity is `3`, expected `2`",
            ),
            (
                hello("name", json!("other")),
                r#"its name is `"other"`, expected `"test"`"#,
            ),
            (hello("version", json!("2")), "its version is"),
        ] {
            let told = difference(&first, &hello).unwrap();
            assert!(told.contains(what), "{told}");
        }
        for (metrics, what) in [
            (json!([metric("loss")]), "its metric is `{\"name\":\"loss\""),
            (
                json!([metric("valid"), metric("x")]),
                "its number of metrics is `2`, expected `1`",
            ),
        ] {
            let mut hello = first.clone();
            hello.metrics = serde_json::from_value(metrics).unwrap();
            let told = difference(&first, &hello).unwrap();
            assert!(told.contains(what), "{told}");
        }
    }
}
