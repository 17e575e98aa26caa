//! The form of Optuna: an SQLite file that `optuna.load_study` and its dashboard open.
//!
//! A run is a study of Optuna. The names of tables and columns, and what stands in them, are those of Optuna's relational storage with
//! schema 12, which Optuna 3.2 introduced and 5.0.0 still has: `optuna/storages/_rdb/models.py`, and the distributions as
//! `optuna/distributions.py` writes them as JSON.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_eval::Direction;
use ganas_search::TrialState;
use ganas_space::SearchSpace;
use ganas_store::{Evaluation, RunFilter, RunSummary, Study, Times, TrialRow};
use rusqlite::{Connection, Transaction};
use serde_json::{Map, Value, json};

use super::parameters::Parameters;
use super::run_attributes;
use crate::Error;
use crate::comparison::{KnownTables, Labels};

/// The tables, and the version of their schema.
const SCHEMA: &str = include_str!("optuna.sql");

/// The attribute in which Optuna keeps the names of objectives.
const METRIC_NAMES: &str = "study:metric_names";

/// The attribute in which Optuna keeps constraints, which are satisfied when they are not above 0.
const CONSTRAINTS: &str = "constraints";

/// The chosen runs as the bytes of an SQLite file.
///
/// `described` is the space of runs that searched one that is not built in, when it is at hand. Runs of spaces that are neither have no
/// parameters, and `note` is told so.
///
/// # Errors
///
/// The study cannot be read, or an architecture is not of its space.
pub fn optuna_file(
    study: &Study,
    filter: &RunFilter,
    times: Times,
    described: Option<&Arc<dyn SearchSpace>>,
    note: &dyn Fn(&str),
) -> Result<Vec<u8>, Error> {
    let mut runs = study.runs()?;
    runs.retain(|run| filter.matches(run));
    let names = names(&runs)?;
    let mut connection = Connection::open_in_memory().map_err(failed)?;
    let tx = connection.transaction().map_err(failed)?;
    tx.execute_batch(SCHEMA).map_err(failed)?;
    let mut without: BTreeSet<&str> = BTreeSet::new();
    for (run, name) in runs.iter().zip(&names) {
        let space = space_of(run, described);
        if space.is_none() && without.insert(&run.spec.space) {
            note(&format!(
                "the space {} is not built in, so that its trials have no parameters: name its description with --space FILE.toml",
                run.spec.space
            ));
        }
        let trials = study.evaluated_trials(run.id)?;
        let of = OfRun {
            run,
            clock: Clock::of(times, &trials),
            parameters: space
                .map(|space| Parameters::of(&*space, &trials))
                .transpose()?,
            has_bounds: has_bounds(run),
        };
        of.write(&tx, name, &trials)?;
    }
    tx.commit().map_err(failed)?;
    let bytes = connection.serialize("main").map_err(failed)?;
    Ok(bytes.to_vec())
}

/// `random on digits-4 seed 7`, and the name of the run where several are called so.
fn names(runs: &[RunSummary]) -> Result<Vec<String>, Error> {
    let labels = Labels::of(runs, &KnownTables::embedded()?)?;
    let plain: Vec<String> = (runs.iter().zip(labels.all))
        .map(|(run, label)| {
            let (algorithm, table, seed) = (label.algorithm, label.table, run.spec.seed);
            format!("{algorithm} on {table} seed {seed}")
        })
        .collect();
    let is_alone = |name: &String| plain.iter().filter(|other| *other == name).count() == 1;
    let unique = runs.iter().zip(&plain).map(|(run, name)| {
        if is_alone(name) {
            name.clone()
        } else {
            format!("{name} run {}", run.name)
        }
    });
    Ok(unique.collect())
}

/// The space of a run, when it is at hand.
fn space_of(
    run: &RunSummary,
    described: Option<&Arc<dyn SearchSpace>>,
) -> Option<Arc<dyn SearchSpace>> {
    if let Some(space) = described
        && space.name() == run.spec.space
    {
        return Some(Arc::clone(space));
    }
    ganas_space::by_name(&run.spec.space).ok()
}

/// Whether there are bounds on what is measured.
fn has_bounds(run: &RunSummary) -> bool {
    let config: Value = serde_json::from_str(&run.spec.config).unwrap_or_default();
    config.get("measured_constraints").is_some()
}

/// What the times of trials are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// When their evaluations began and ended.
    Kept,
    /// Their order: a second for each since 1970. Optuna copies no trial that has no times.
    Order,
}

impl Clock {
    /// Kept times are used when they are asked for, and those of all trials are there.
    fn of(times: Times, trials: &[(TrialRow, Option<Evaluation>)]) -> Self {
        let are_kept = trials.iter().all(|(_, evaluation)| {
            let evaluation = evaluation.as_ref();
            evaluation.is_some_and(|e| e.details.circumstances.is_some())
        });
        if times == Times::Include && are_kept {
            Self::Kept
        } else {
            Self::Order
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Kept => "when evaluations began and ended, in UTC",
            Self::Order => {
                "the order of trials, a second each since 1970: no times were measured, or asked for"
            }
        }
    }

    /// The beginning and the end, in Unix seconds.
    fn times(self, trial: &TrialRow, evaluation: Option<&Evaluation>) -> [f64; 2] {
        let kept = evaluation.and_then(|evaluation| evaluation.details.circumstances.as_ref());
        match (self, kept) {
            (Self::Kept, Some(kept)) => [kept.started, kept.ended],
            _ => {
                let begin = f64::from(trial.number.0);
                [begin, begin + 1.0]
            }
        }
    }
}

/// What is the same for all trials of a run.
struct OfRun<'a> {
    run: &'a RunSummary,
    clock: Clock,
    parameters: Option<Parameters>,
    has_bounds: bool,
}

impl OfRun<'_> {
    fn write(
        &self,
        tx: &Transaction<'_>,
        name: &str,
        trials: &[(TrialRow, Option<Evaluation>)],
    ) -> Result<(), Error> {
        insert(tx, "studies (study_name)", (name,))?;
        let study = tx.last_insert_rowid();
        let (mut metrics, mut directions) = (Vec::new(), Vec::new());
        match &self.run.spec.objectives {
            None => {
                let protocol = &self.run.spec.protocol;
                metrics.push(protocol.search.as_str());
                directions.push(protocol.search_direction);
            }
            Some(objectives) => {
                for objective in objectives.all() {
                    metrics.push(&objective.name);
                    directions.push(objective.direction);
                }
            }
        }
        for (objective, direction) in (0_u32..).zip(directions) {
            let direction = match direction {
                Direction::Maximize => "MAXIMIZE",
                Direction::Minimize => "MINIMIZE",
            };
            let table = "study_directions (direction, study_id, objective)";
            insert(tx, table, (direction, study, objective))?;
        }
        attribute(tx, "study_system", study, METRIC_NAMES, &json!(metrics))?;
        let mut attributes = run_attributes(self.run)?;
        attributes.insert("times".to_owned(), json!(self.clock.words()));
        for (key, value) in attributes {
            attribute(tx, "study_user", study, &key, &value)?;
        }
        for (place, (trial, evaluation)) in trials.iter().enumerate() {
            let id = self.write_trial(tx, study, trial, evaluation.as_ref())?;
            let parameters = self.parameters.iter();
            for (name, index, distribution) in parameters.flat_map(|all| all.of_trial(place)) {
                let table = "trial_params (trial_id, param_name, param_value, distribution_json)";
                insert(tx, table, (id, name, index, distribution))?;
            }
        }
        Ok(())
    }

    /// Adds a trial; its number among all trials of the file.
    fn write_trial(
        &self,
        tx: &Transaction<'_>,
        study: i64,
        trial: &TrialRow,
        evaluation: Option<&Evaluation>,
    ) -> Result<i64, Error> {
        let outcome = Outcome::of(trial, self.run.spec.objectives.is_none());
        let [start, end] = self.clock.times(trial, evaluation);
        // Microseconds, as Optuna has them.
        tx.prepare_cached(
            "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) VALUES (?1, ?2, ?3,
             strftime('%Y-%m-%d %H:%M:%f', ?4, 'unixepoch') || '000',
             strftime('%Y-%m-%d %H:%M:%f', ?5, 'unixepoch') || '000')",
        )
        .and_then(|mut insert| insert.execute((trial.number.0, study, outcome.state, start, end)))
        .map_err(failed)?;
        let id = tx.last_insert_rowid();
        let values = "trial_values (trial_id, objective, value, value_type)";
        for (objective, value) in (0_u32..).zip(outcome.values) {
            let (value, kind) = value_parts(value);
            insert(tx, values, (id, objective, value, kind))?;
        }
        let values = "trial_intermediate_values (trial_id, step, intermediate_value, \
                      intermediate_value_type)";
        for (step, value) in outcome.steps {
            let (value, kind) = value_parts(value);
            insert(tx, values, (id, step, value, kind))?;
        }
        for (key, value) in attributes(trial, evaluation) {
            attribute(tx, "trial_user", id, &key, &value)?;
        }
        if self.has_bounds && matches!(trial.state, TrialState::Completed(_)) {
            let violation = json!([trial.violation]);
            attribute(tx, "trial_system", id, CONSTRAINTS, &violation)?;
        }
        Ok(id)
    }
}

/// What came of a trial, in the words of Optuna.
struct Outcome {
    state: &'static str,
    /// The value of each objective.
    values: Vec<f64>,
    /// Values on the way: with each fidelity, or where it was stopped.
    steps: Vec<(u32, f64)>,
}

impl Outcome {
    fn of(trial: &TrialRow, has_one_objective: bool) -> Self {
        let rungs = (0..).zip(trial.lower.iter().copied());
        match &trial.state {
            TrialState::Failed(_) => Self {
                state: "FAIL",
                values: Vec::new(),
                steps: rungs.collect(),
            },
            // As in Optuna, whose pruned trials have the last value on the way, where there is one objective.
            TrialState::Stopped(at) => Self {
                state: "PRUNED",
                values: Vec::from_iter(has_one_objective.then_some(at.value)),
                steps: vec![(at.step, at.value)],
            },
            TrialState::Completed(search) => {
                let search = search.value();
                let has_rungs = !trial.lower.is_empty() || trial.missing > 0;
                let last = has_rungs.then_some(search);
                let values = &trial.objectives;
                Self {
                    state: if trial.missing > 0 {
                        "PRUNED"
                    } else {
                        "COMPLETE"
                    },
                    values: if values.is_empty() {
                        vec![search]
                    } else {
                        values.clone()
                    },
                    steps: (0..).zip(trial.lower.iter().copied().chain(last)).collect(),
                }
            }
        }
    }
}

/// What else is known of a trial, by the names of the columns of the CSV export.
fn attributes(trial: &TrialRow, evaluation: Option<&Evaluation>) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| {
        all.insert(key.to_owned(), value);
    };
    put("arch", json!(trial.arch));
    put("key", json!(trial.key));
    put("round", json!(trial.round));
    put("repeat", json!(trial.repeat));
    match &trial.state {
        TrialState::Completed(search) => {
            put("search", json!(search.value()));
            put("report", json!(trial.report.map(|report| report.0)));
            let metrics = evaluation.map(|evaluation| &evaluation.details.metrics);
            for (name, value) in metrics.into_iter().flatten() {
                put(&format!("metric {name}"), json!(value));
            }
        }
        TrialState::Failed(reason) => put("reason", json!(reason)),
        TrialState::Stopped(at) => {
            put("stopped_at", json!(at.step));
            put("stopped_value", json!(at.value));
        }
    }
    if trial.missing > 0 {
        put("missing", json!(trial.missing));
    }
    if trial.violation > 0.0 {
        put("violation", json!(trial.violation));
    }
    all
}

/// A value and its kind: Optuna keeps infinities beside the numbers.
fn value_parts(value: f64) -> (Option<f64>, &'static str) {
    if value == f64::INFINITY {
        (None, "INF_POS")
    } else if value == f64::NEG_INFINITY {
        (None, "INF_NEG")
    } else {
        (Some(value), "FINITE")
    }
}

/// Adds an attribute to a table of attributes.
fn attribute(
    tx: &Transaction<'_>,
    of: &str,
    id: i64,
    key: &str,
    value: &Value,
) -> Result<(), Error> {
    let owner = of.split('_').next().unwrap_or(of);
    let table = format!("{of}_attributes ({owner}_id, \"key\", value_json)");
    insert(tx, &table, (id, key, value.to_string()))
}

/// Adds a row to a table with the named columns.
fn insert(tx: &Transaction<'_>, table: &str, row: impl rusqlite::Params) -> Result<(), Error> {
    let n_columns = table.matches(',').count() + 1;
    let places = vec!["?"; n_columns].join(", ");
    let sql = format!("INSERT INTO {table} VALUES ({places})");
    let mut statement = tx.prepare_cached(&sql).map_err(failed)?;
    statement.execute(row).map_err(failed)?;
    Ok(())
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Failed(format!("cannot make the SQLite file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite has no infinities that Optuna reads, which keeps their signs in words.
    #[test]
    fn infinities_are_kept_beside_the_numbers() {
        assert_eq!(value_parts(0.25), (Some(0.25), "FINITE"));
        assert_eq!(value_parts(f64::INFINITY), (None, "INF_POS"));
        assert_eq!(value_parts(f64::NEG_INFINITY), (None, "INF_NEG"));
    }

    /// Optuna knows studies by their names, so that no two may have the same.
    #[test]
    fn studies_have_different_names_and_attributes_their_own_tables() {
        let mut connection = Connection::open_in_memory().unwrap();
        let tx = connection.transaction().unwrap();
        tx.execute_batch(SCHEMA).unwrap();
        insert(&tx, "studies (study_name)", ("a",)).unwrap();
        let again = insert(&tx, "studies (study_name)", ("a",)).unwrap_err();
        assert!(again.to_string().contains("studies.study_name"), "{again}");
        attribute(&tx, "study_user", 1, "k", &json!({"x": 1})).unwrap();
        let select =
            "SELECT value_json FROM study_user_attributes WHERE study_id = 1 AND key = 'k'";
        let value: String = tx.query_row(select, (), |row| row.get(0)).unwrap();
        assert_eq!(value, r#"{"x":1}"#);
    }
}
