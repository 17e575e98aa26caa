//! A list of architectures that were evaluated, for people and for programs.

use super::{Align, TextTable, measurement};
use crate::records::{EvaluatedArch, EvaluatedOnce, EvaluatedRecord, OverSeeds};

impl EvaluatedRecord {
    /// A table with a line for each architecture, and the reasons of failures below it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let metrics = self.metrics.iter();
        let columns = std::iter::once(("architecture".to_owned(), Align::Left))
            .chain(metrics.map(|name| (one_line(name), Align::Right)))
            .chain([("evaluations".to_owned(), Align::Left)]);
        let mut table = TextTable::new(columns.collect::<Vec<_>>());
        for arch in &self.architectures {
            let values = self.metrics.iter();
            let values = values.map(|name| over_seeds(arch.over_seeds.get(name)));
            table.row(
                std::iter::once(one_line(&arch.arch))
                    .chain(values)
                    .chain([counts(arch)]),
            );
        }
        let mut text = table.to_text();
        let several = self
            .architectures
            .iter()
            .any(|arch| arch.evaluations.len() > 1);
        if several {
            text.push_str("\nvalues are mean ± sd over the training seeds that succeeded\n");
        }
        text.push_str(&self.failures());
        text
    }

    /// Comma-separated values, a line for each evaluation: architecture, class, training seed, state, reason, and each metric.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let first = ["arch", "key", "training_seed", "state", "reason"];
        let metrics = self.metrics.iter().map(String::as_str);
        let mut table = TextTable::of_names(first.into_iter().chain(metrics));
        for arch in &self.architectures {
            for once in &arch.evaluations {
                let state = if once.metrics.is_some() {
                    "completed"
                } else {
                    "failed"
                };
                let first = [
                    arch.arch.clone(),
                    arch.key.clone(),
                    once.training_seed
                        .map_or_else(String::new, |seed| seed.to_string()),
                    state.to_owned(),
                    once.reason.clone().unwrap_or_default(),
                ];
                let value = |name| once.metrics.as_ref()?.get(name);
                let values = self.metrics.iter().map(|name| {
                    // The shortest text that is read back as the same number.
                    value(name).map_or_else(String::new, f64::to_string)
                });
                table.row(first.into_iter().chain(values));
            }
        }
        table.to_csv()
    }

    /// The reasons of failures, a line each; nothing when there are none.
    fn failures(&self) -> String {
        let mut text = String::new();
        for arch in &self.architectures {
            for EvaluatedOnce {
                training_seed,
                reason,
                ..
            } in &arch.evaluations
            {
                let Some(reason) = reason else { continue };
                let seed =
                    training_seed.map_or_else(String::new, |s| format!(" (training seed {s})"));
                let (arch, reason) = (one_line(&arch.arch), one_line(reason));
                text.push_str(&format!("failed: {arch}{seed}: {reason}\n"));
            }
        }
        if text.is_empty() {
            text
        } else {
            format!("\n{text}")
        }
    }
}

/// A metric over the training seeds; a dash where nothing was measured.
fn over_seeds(over: Option<&OverSeeds>) -> String {
    match over {
        None => "-".to_owned(),
        Some(OverSeeds { mean, sd: None, .. }) => measurement(*mean),
        Some(OverSeeds {
            mean, sd: Some(sd), ..
        }) => {
            format!("{} ± {}", measurement(*mean), measurement(*sd))
        }
    }
}

/// How many evaluations of an architecture are new, were there before, and have failed.
fn counts(arch: &EvaluatedArch) -> String {
    let all = &arch.evaluations;
    let failed = all.iter().filter(|once| once.metrics.is_none()).count();
    let reused = all
        .iter()
        .filter(|once| once.reused && once.metrics.is_some());
    let reused = reused.count();
    let new = all.len() - failed - reused;
    let counts = [(new, "new"), (reused, "reused"), (failed, "failed")];
    let present: Vec<_> = counts.into_iter().filter(|&(n, _)| n > 0).collect();
    match present.as_slice() {
        [(1, what)] => (*what).to_owned(),
        several => {
            let texts = several.iter().map(|(n, what)| format!("{n} {what}"));
            texts.collect::<Vec<_>>().join(", ")
        }
    }
}

/// A text that stays in its line.
fn one_line(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn once(seed: u32, value: Option<f64>) -> EvaluatedOnce {
        EvaluatedOnce {
            training_seed: Some(seed),
            reused: seed == 0,
            metrics: value.map(|value| BTreeMap::from([("valid".to_owned(), value)])),
            reason: value.is_none().then(|| "out of\nmemory".to_owned()),
            cost: BTreeMap::new(),
            artifact: None,
        }
    }

    fn record() -> EvaluatedRecord {
        let arch = |name: &str, evaluations| {
            EvaluatedArch::new(name.to_owned(), format!("key of {name}"), evaluations)
        };
        EvaluatedRecord {
            version: "1".to_owned(),
            space: "s".to_owned(),
            evaluator: "e".to_owned(),
            identity: "i".to_owned(),
            fidelity: BTreeMap::new(),
            study: None,
            metrics: vec!["valid".to_owned()],
            architectures: vec![
                arch("a", vec![once(0, Some(0.25)), once(1, Some(0.75))]),
                arch("b,c", vec![once(0, Some(0.1)), once(1, None)]),
                arch("d", vec![once(0, None), once(1, None)]),
            ],
            evaluations: 6,
            reused: 3,
            failed: 3,
        }
    }

    #[test]
    fn a_line_for_each_architecture_and_reasons_below() {
        let expected = "\
architecture            valid  evaluations
a             0.5000 ± 0.3536  1 new, 1 reused
b,c                    0.1000  1 reused, 1 failed
d                           -  2 failed

values are mean ± sd over the training seeds that succeeded

failed: b,c (training seed 1): out of\\nmemory
failed: d (training seed 0): out of\\nmemory
failed: d (training seed 1): out of\\nmemory
";
        assert_eq!(record().to_text(), expected);
    }

    #[test]
    fn a_line_of_csv_for_each_evaluation() {
        let csv = record().to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "arch,key,training_seed,state,reason,valid");
        assert_eq!(lines[1], "a,key of a,0,completed,,0.25");
        assert_eq!(lines[3], "\"b,c\",\"key of b,c\",0,completed,,0.1");
    }

    #[test]
    fn the_record_is_read_back() {
        let json = serde_json::to_string(&record()).unwrap();
        let read: EvaluatedRecord = serde_json::from_str(&json).unwrap();
        assert_eq!(read, record());
    }
}
