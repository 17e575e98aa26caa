//! The arguments that name what a search evaluates with.

use std::path::PathBuf;

use ganas::{Experiment, MissingRows};

use super::declarations::DeclarationArguments;

/// What to evaluate with, and on which metrics.
#[derive(Debug, clap::Args)]
pub(crate) struct EvaluatorArguments {
    /// A table file, a CSV file, which is imported into a cache, or the name of a table inside the program, `digits-5` or `digits-4`
    /// [default: the one of the space in the folder that GANAS_DATA names].
    #[arg(long, value_name = "FILE", conflicts_with = "evaluator")]
    table: Option<PathBuf>,
    /// Searches among the rows of the table only, where it has a part of the space: nothing else is proposed.
    #[arg(long, conflicts_with_all = ["surrogate", "evaluator", "allow_missing"])]
    within_table: bool,
    /// Searches the whole space, where the table has a part of it: the query of an architecture without a row fails, and
    /// counts.
    #[arg(long, conflicts_with_all = ["surrogate", "evaluator"])]
    allow_missing: bool,
    /// The folder of a surrogate, which predicts instead of measuring [default: for a space without tables the one in
    /// the folder that GANAS_DATA names].
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["table", "evaluator"])]
    surrogate: Option<PathBuf>,
    /// The metric that is searched on [default: the first on validation data of --evaluator, or of one training in a
    /// table of `ganas table build`; what the surrogate predicts; else cifar10_valid_mean_200].
    #[arg(long, value_name = "METRIC")]
    search: Option<String>,
    /// The metric that is reported for what was found [default: the first on test data of --evaluator, or its mean in a
    /// table of `ganas table build`; the one that is searched on with a surrogate; else cifar10_test_mean_200].
    #[arg(long, value_name = "METRIC")]
    report: Option<String>,
    #[command(flatten)]
    declarations: DeclarationArguments,
}

impl EvaluatorArguments {
    /// Adds them to an experiment.
    pub(crate) fn add_to(&self, mut experiment: Experiment) -> anyhow::Result<Experiment> {
        if let Some(table) = &self.table {
            experiment = experiment.table(table);
        }
        if self.within_table {
            experiment = experiment.missing_rows(MissingRows::Within);
        }
        if self.allow_missing {
            experiment = experiment.missing_rows(MissingRows::Fail);
        }
        if let Some(surrogate) = &self.surrogate {
            experiment = experiment.surrogate(surrogate);
        }
        if let Some(search) = &self.search {
            experiment = experiment.search_metric(search);
        }
        if let Some(report) = &self.report {
            experiment = experiment.report_metric(report);
        }
        Ok(experiment.declare(self.declarations.overrides()?))
    }
}
