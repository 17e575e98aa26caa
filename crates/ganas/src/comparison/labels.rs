//! What runs are called where they are compared.

use std::collections::{BTreeMap, BTreeSet};

use ganas_space::SearchSpace;
use ganas_store::RunSummary;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::KnownTables;
use crate::experiment::{flatten_settings, settings};
use crate::{AlgorithmName, AlgorithmSettings, Error};

/// Settings that say what is searched; the others say how.
const OF_TABLE: [&str; 15] = [
    "space",
    "evaluator or table (sha256)",
    "search",
    "search_direction",
    "report",
    "report_direction",
    "kind",
    "search_epochs",
    "report_epochs",
    "fidelity",
    "constraints",
    "measured_constraints",
    "declared",
    "fix",
    "exclude",
];

/// The same for settings that have fields of their own.
const OF_TABLE_PREFIXES: [&str; 3] = ["fidelity.", "rungs", "objectives"];

/// So many settings are named in a label.
const NAMED: usize = 3;

/// The setting that stands for those of a preset.
const PRESET: &str = "preset";

/// Settings by name.
type Settings = BTreeMap<String, Value>;

/// The labels of runs.
pub(crate) struct Labels {
    /// One for each run, in their order.
    pub(crate) all: Vec<Label>,
}

/// The labels of a run.
pub(crate) struct Label {
    pub(crate) algorithm: String,
    pub(crate) table: String,
}

impl Labels {
    /// The labels of runs among each other.
    pub(crate) fn of(runs: &[RunSummary], known: &KnownTables) -> Result<Self, Error> {
        let mut presets = Presets::default();
        let mut algorithms = Vec::new();
        let mut tables = Vec::new();
        for run in runs {
            let all = settings(&run.spec)?;
            let (of_table, mut of_algorithm): (Settings, Settings) =
                all.into_iter().partition(|(name, _)| is_of_table(name));
            of_algorithm.remove("seed");
            of_algorithm.insert("device".to_owned(), run.spec.device.clone().into());
            let spec = &run.spec;
            presets.shorten((&spec.algorithm, &spec.space), &mut of_algorithm);
            algorithms.push((run.spec.algorithm.clone(), of_algorithm));
            let base = known.name(run).unwrap_or(&run.spec.space);
            tables.push((base.to_owned(), of_table));
        }
        let labels = named(&algorithms).into_iter().zip(named(&tables));
        Ok(Self {
            all: labels
                .map(|(algorithm, table)| Label { algorithm, table })
                .collect(),
        })
    }
}

fn is_of_table(name: &str) -> bool {
    OF_TABLE.contains(&name)
        || OF_TABLE_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// A label for each: its name, and where several settings have the same name, those in which they differ.
fn named(all: &[(String, Settings)]) -> Vec<String> {
    let mut of_name: IndexMap<&str, Vec<&Settings>> = IndexMap::new();
    for (name, settings) in all {
        let known = of_name.entry(name).or_default();
        if !known.contains(&settings) {
            known.push(settings);
        }
    }
    let label = |(name, settings): &(String, Settings)| {
        let others = &of_name[name.as_str()];
        let names: BTreeSet<&String> = others.iter().flat_map(|of| of.keys()).collect();
        let differing: Vec<&String> = (names.into_iter())
            .filter(|name| others.iter().any(|of| of.get(*name) != settings.get(*name)))
            .collect();
        if differing.is_empty() {
            return name.clone();
        }
        let mut words: Vec<String> = (differing.iter())
            .filter_map(|name| Some(format!("{name} {}", value_text(settings.get(*name)?))))
            .take(NAMED)
            .collect();
        if words.is_empty()
            && let Some(preset) = settings.get(PRESET)
        {
            words.push(format!("{PRESET} {}", value_text(preset)));
        }
        if differing.len() > NAMED || words.is_empty() {
            // What is named may not be all that tells them apart.
            let number = others.iter().position(|of| *of == settings);
            words.push(format!("configuration {}", number.unwrap_or(0) + 1));
        }
        format!("{name} ({})", words.join(", "))
    };
    all.iter().map(label).collect()
}

/// A value in few words.
fn value_text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(value_text).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    };
    let is_digest = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_digest {
        text[..8].to_owned()
    } else {
        text
    }
}

/// The name of a preset, and its settings.
type Named = (&'static str, Map<String, Value>);

/// The settings of the presets of each algorithm in each space.
#[derive(Default)]
struct Presets {
    all: BTreeMap<(String, String), Vec<Named>>,
}

impl Presets {
    /// Puts the name of the nearest preset in place of the settings that it has.
    fn shorten(&mut self, (algorithm, space): (&str, &str), settings: &mut Settings) {
        let of = (algorithm.to_owned(), space.to_owned());
        let presets = (self.all.entry(of)).or_insert_with(|| presets_of(algorithm, space));
        let changed = |preset: &Map<String, Value>| {
            let fields = preset.iter();
            fields
                .filter(|(name, value)| settings.get(*name) != Some(value))
                .count()
        };
        let Some((name, preset)) = presets.iter().min_by_key(|(_, preset)| changed(preset)) else {
            return;
        };
        settings.retain(|name, value| preset.get(name) != Some(value));
        settings.insert(PRESET.to_owned(), (*name).into());
    }
}

/// The presets of an algorithm in a space; none, when either is not known here.
fn presets_of(algorithm: &str, space: &str) -> Vec<Named> {
    let algorithm: Result<AlgorithmName, _> = algorithm.parse();
    let (Ok(algorithm), Ok(space)) = (algorithm, ganas_space::by_name(space)) else {
        return Vec::new();
    };
    let presets = algorithm.presets().iter();
    presets
        .filter_map(|preset| Some((*preset, settings_of(algorithm, preset, &*space)?)))
        .collect()
}

fn settings_of(
    algorithm: AlgorithmName,
    preset: &str,
    space: &dyn SearchSpace,
) -> Option<Map<String, Value>> {
    let settings = AlgorithmSettings {
        preset: Some(preset.to_owned()),
        ..AlgorithmSettings::from(algorithm)
    };
    let config = settings.resolve(Some(space)).ok()?.config_json().ok()?;
    let mut all = Map::new();
    flatten_settings(&config, &mut all);
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(fields: &[(&str, Value)]) -> Settings {
        let fields = fields.iter();
        fields
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    fn labels(all: &[(&str, Settings)]) -> Vec<String> {
        let all: Vec<(String, Settings)> = (all.iter())
            .map(|(name, settings)| ((*name).to_owned(), settings.clone()))
            .collect();
        named(&all)
    }

    #[test]
    fn settings_are_named_where_they_differ() {
        let few = settings(&[("batch", 10.into()), ("preset", "improved".into())]);
        let many = settings(&[("batch", 20.into()), ("preset", "improved".into())]);
        let plain = labels(&[("ga-nas", few.clone()), ("random", Settings::new())]);
        assert_eq!(plain, ["ga-nas", "random"]);
        let several = labels(&[
            ("ga-nas", few.clone()),
            ("random", Settings::new()),
            ("ga-nas", many),
            ("ga-nas", few),
        ]);
        let expected = [
            "ga-nas (batch 10)",
            "random",
            "ga-nas (batch 20)",
            "ga-nas (batch 10)",
        ];
        assert_eq!(several, expected);
    }

    /// Whatever they differ in, two configurations have two labels.
    #[test]
    fn labels_differ_where_settings_do() {
        let with = |last: u32| {
            settings(&[
                ("a", last.into()),
                ("b", last.into()),
                ("c", last.into()),
                ("d", last.into()),
            ])
        };
        let missing = settings(&[]);
        let found = labels(&[("x", with(1)), ("x", with(2)), ("x", missing)]);
        assert_eq!(found[0], "x (a 1, b 1, c 1, configuration 1)");
        assert_eq!(found[2], "x (configuration 3)");
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), 3);
    }

    #[test]
    fn a_preset_stands_for_its_settings() {
        let space = ganas_space::by_name("nasbench201").unwrap();
        for (algorithm, preset, batch) in [
            ("ga-nas", "faithful", "batch"),
            ("ga-nas", "improved", "batch"),
            ("evolution", "nasbench101", "population"),
        ] {
            let of = settings_of(algorithm.parse().unwrap(), preset, &*space);
            let mut all: Settings = of.unwrap().into_iter().collect();
            assert!(all.contains_key(batch), "{all:?}");
            all.insert(batch.to_owned(), 77.into());
            Presets::default().shorten((algorithm, "nasbench201"), &mut all);
            let expected = settings(&[(batch, 77.into()), ("preset", preset.into())]);
            assert_eq!(all, expected);
        }
    }
}
