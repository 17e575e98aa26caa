//! What is continued: the runs that a study holds, or an error that says why it holds none of those.

use ganas_search::RunSpec;
use ganas_store::{OnExisting, RunSummary, StoreError};
use serde_json::{Map, Value};

use super::Search;
use crate::Error;

/// What to do when runs are to be continued, and the study holds others only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// Say in what they differ.
    #[default]
    Refuse,
    /// Begin them beside the others.
    Begin,
}

impl Search {
    /// Fails when a run is to be new and is not, or is to be continued and is not there, before any run begins.
    pub(super) fn check_existing(&self) -> Result<(), Error> {
        let Some(study) = &self.study else {
            return Ok(());
        };
        let known = study.runs()?;
        let find = |seed: u64, is_it: fn(&RunSpec, &RunSpec) -> bool| {
            let spec = self.spec_of(seed);
            known.iter().find(move |run| is_it(&run.spec, &spec))
        };
        match self.on_existing {
            OnExisting::Refuse => {
                let find = |&seed: &u64| find(seed, RunSpec::is_same_run);
                let existing = self.seeds().iter().find_map(find);
                existing.map_or(Ok(()), |run| {
                    Err(StoreError::RunExists {
                        path: study.path().to_owned(),
                        seed: run.spec.seed,
                        status: run.status,
                        rounds: run.rounds,
                    }
                    .into())
                })
            }
            OnExisting::Resume | OnExisting::RetryFailed => {
                let find = |&seed: &u64| find(seed, RunSpec::is_same_run_elsewhere);
                let any = self.seeds().iter().any(|seed| find(seed).is_some());
                // Of many seeds, those that were not begun when a search was stopped begin now.
                if any || known.is_empty() || self.unmatched == Unmatched::Begin {
                    return Ok(());
                }
                self.differences(&known)
            }
        }
    }

    /// The error that says in what the nearest run differs.
    fn differences(&self, known: &[RunSummary]) -> Result<(), Error> {
        let mut nearest: Option<(Vec<String>, &RunSummary)> = None;
        for &seed in self.seeds() {
            let own = settings(&self.spec_of(seed))?;
            for run in known {
                let differs = differences(&own, &settings(&run.spec)?);
                let is_nearer = nearest
                    .as_ref()
                    .is_none_or(|(fewest, _)| differs.len() < fewest.len());
                if is_nearer {
                    nearest = Some((differs, run));
                }
            }
        }
        match nearest {
            // Device and budget alone are no difference.
            Some((differs, run)) if !differs.is_empty() => Err(Error::Usage(format!(
                "--resume: the study holds no such run. The nearest, `{}` ({}, {} queries), differs in:\n  {}\n\
                 Repeat the command with its settings to continue it, or add --new-run to begin another run beside it{}",
                run.name,
                run.status,
                run.counts.unique,
                differs.join("\n  "),
                hint(&differs)
            ))),
            _ => Ok(()),
        }
    }
}

/// What else may help.
fn hint(differs: &[String]) -> &'static str {
    let has = |name: &str| differs.iter().any(|line| line.starts_with(name));
    if has("evaluator or table") {
        "; if the evaluator is the same and only its command has changed, --evaluator-id NAME names it, whatever the command"
    } else if has("warm_start") {
        "; a file of --warm-start that has changed since tells the search other things: name a copy of it as it was"
    } else {
        ""
    }
}

/// The settings of a run by name, as far as they say what it is; those of its configuration one by one.
pub(crate) fn settings(spec: &RunSpec) -> Result<Map<String, Value>, Error> {
    let cannot = |error: serde_json::Error| {
        Error::Failed(format!("cannot write the settings of a run: {error}"))
    };
    let Value::Object(mut all) = serde_json::to_value(spec).map_err(cannot)? else {
        return Ok(Map::new());
    };
    for name in ["budget", "device"] {
        all.remove(name);
    }
    if let Some(config) = all.remove("config") {
        let config = config.as_str().unwrap_or_default().to_owned();
        flatten(
            "",
            &serde_json::from_str(&config).map_err(cannot)?,
            &mut all,
        );
    }
    if let Some(protocol) = all.remove("protocol") {
        flatten("", &protocol, &mut all);
    }
    if let Some(identity) = all.remove("table_sha256") {
        all.insert("evaluator or table (sha256)".to_owned(), identity);
    }
    Ok(all)
}

/// The settings of a configuration one by one, each with the names of what it is in before its own.
pub(crate) fn flatten_settings(config: &Value, into: &mut Map<String, Value>) {
    flatten("", config, into);
}

fn flatten(prefix: &str, value: &Value, into: &mut Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&name, value, into);
            }
        }
        value => {
            into.insert(prefix.to_owned(), value.clone());
        }
    }
}

/// In what two runs differ, setting by setting.
fn differences(own: &Map<String, Value>, other: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<&String> = own.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    let value = |all: &Map<String, Value>, name: &str| {
        all.get(name)
            .map_or_else(|| "not set".to_owned(), Value::to_string)
    };
    names
        .into_iter()
        .filter(|name| own.get(*name) != other.get(*name))
        .map(|name| {
            format!(
                "{name}: {} in the study, {} now",
                value(other, name),
                value(own, name)
            )
        })
        .collect()
}
