//! Runs of a study, as they are compared.
//!
//! ```no_run
//! use ganas::comparison::{KnownTables, of_study};
//! use ganas::report::comparison::{Options, compare};
//! use ganas::store::{RunFilter, Study};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let study = Study::open_read_only("my.db")?;
//! let tables = KnownTables::embedded()?;
//! let of = of_study(&study, &RunFilter::default(), &tables)?;
//! print!("{}", compare(&of.curves, &of.tables, &Options::default())?.to_text());
//! # Ok(())
//! # }
//! ```

mod known_tables;
mod labels;

use ganas_report::comparison::{Curve, CurvePoint, SearchedTable};
use ganas_search::{StopReason, TrialState};
use ganas_store::{RunFilter, RunSummary, Study, TrialRow};

use crate::Error;
pub use known_tables::KnownTables;
use known_tables::OfRun;
pub(crate) use labels::Labels;

/// The runs of a study, as they are compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudyCurves {
    /// The runs that have trials, in the order of [`Study::runs`].
    pub curves: Vec<Curve>,
    /// What they have searched.
    pub tables: Vec<SearchedTable>,
    /// The summary of each run, in the order of the curves.
    pub runs: Vec<RunSummary>,
    /// The trials of each run, in the order of the curves.
    pub trials: Vec<Vec<TrialRow>>,
}

/// The chosen runs of a study.
///
/// Runs have the label of their algorithm; where a study has several configurations of one, also what they differ in. Runs are of the
/// same table when space, table, metrics, fidelity and constraints are the same. The best values that there are come from the tables that
/// are known, where no constraint holds; so does the simulated time of evaluations.
///
/// # Errors
///
/// The study cannot be read, or a table that is known is damaged.
pub fn of_study(
    study: &Study,
    filter: &RunFilter,
    known: &KnownTables,
) -> Result<StudyCurves, Error> {
    let mut runs = study.runs()?;
    runs.retain(|run| filter.matches(run));
    let labels = Labels::of(&runs, known)?;
    let mut found = StudyCurves::default();
    for (run, label) in runs.into_iter().zip(labels.all) {
        let trials = study.trials(run.id)?;
        if trials.is_empty() {
            continue;
        }
        let of_run = known.of_run(&run)?;
        if found.tables.iter().all(|table| table.label != label.table) {
            found.tables.push(SearchedTable {
                label: label.table.clone(),
                space: run.spec.space.clone(),
                protocol: run.spec.protocol.clone(),
                best_search: of_run.best_search,
                best_report: of_run.best_report,
                cost: of_run.cost.clone(),
            });
        }
        found.curves.push(Curve {
            algorithm: label.algorithm,
            table: label.table,
            seed: run.spec.seed,
            is_final: run.stop.is_some_and(is_final),
            points: points(&trials, &of_run)?,
        });
        found.runs.push(run);
        found.trials.push(trials);
    }
    Ok(found)
}

/// Whether a run that ended like this would not have gone on with a larger budget.
fn is_final(stop: StopReason) -> bool {
    match stop {
        StopReason::SpaceExhausted
        | StopReason::OnlyRepeats
        | StopReason::TargetReached
        | StopReason::NoImprovement => true,
        StopReason::BudgetSpent | StopReason::Interrupted | StopReason::TimeSpent => false,
    }
}

/// The trials of a run, with what they have cost.
fn points(trials: &[TrialRow], of_run: &OfRun<'_>) -> Result<Vec<CurvePoint>, Error> {
    let mut unique = 0;
    let mut spent = Some(0.0);
    (1..)
        .zip(trials)
        .map(|(raw, trial)| {
            if !trial.repeat {
                unique += 1;
                spent = spent
                    .zip(of_run.seconds(trial.key)?)
                    .map(|(all, s)| all + s);
            }
            let measured = match (&trial.state, trial.report) {
                (TrialState::Completed(search), Some(report)) if trial.is_eligible() => {
                    Some((search.value(), report.0))
                }
                _ => None,
            };
            Ok(CurvePoint {
                raw,
                unique,
                search: measured.map(|(search, _)| search),
                report: measured.map(|(_, report)| report),
                cost: spent,
            })
        })
        .collect()
}
