//! What answers the queries of a search: a table or a surrogate, named on the command line or found in the folder that
//! GANAS_DATA names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use ganas_eval::Evaluator;
use ganas_eval::surrogate::SurrogateEvaluator;
use ganas_eval::table::{Column, RowOrder, Table, TableEvaluator};
use ganas_space::{ArchKey, SearchSpace};

use crate::environment;
use crate::exit::UsageError;
use crate::run_record::BestRank;
use crate::table_source;

/// The metrics of a table when none are named.
const TABLE_SEARCH: &str = "cifar10_valid_mean_200";
const TABLE_REPORT: &str = "cifar10_test_mean_200";

/// What to evaluate with, and on which metrics.
#[derive(Debug, clap::Args)]
pub(crate) struct EvaluatorArguments {
    /// A table file, or a CSV file, which is imported into a cache [default: the one of the space in the folder that
    /// GANAS_DATA names].
    #[arg(long, value_name = "FILE", conflicts_with = "evaluator")]
    table: Option<PathBuf>,
    /// The folder of a surrogate, which predicts instead of measuring [default: for a space without tables the one in
    /// the folder that GANAS_DATA names].
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["table", "evaluator"])]
    surrogate: Option<PathBuf>,
    /// The metric that is searched on [default: cifar10_valid_mean_200, or what the surrogate predicts; with --evaluator
    /// the first that is measured on validation data].
    #[arg(long, value_name = "METRIC")]
    pub(crate) search: Option<String>,
    /// The metric that is reported for what was found [default: cifar10_test_mean_200, or the one that is searched on
    /// with a surrogate; with --evaluator the first that is measured on test data].
    #[arg(long, value_name = "METRIC")]
    pub(crate) report: Option<String>,
}

/// An evaluator, and where it comes from.
#[derive(Debug)]
pub(crate) struct Evaluating {
    /// What answers queries.
    pub(crate) evaluator: Box<dyn ErasedEvaluator>,
    /// `table` or `surrogate`.
    pub(crate) kind: &'static str,
    /// The file or folder.
    pub(crate) path: PathBuf,
    /// The fingerprint of what it consists of.
    pub(crate) sha256: String,
    /// The table, when it is one.
    pub(crate) table: Option<Arc<Table>>,
    /// The ranks of what is found, when it is a table of the whole space.
    pub(crate) ranking: Option<Ranking>,
}

/// A table of the whole space, to rank results in.
#[derive(Debug)]
pub(crate) struct Ranking {
    table: Arc<Table>,
    search: Column,
    report: Column,
}

impl Ranking {
    /// `None` when the table lacks some of the space.
    fn of(evaluator: &TableEvaluator) -> Option<Self> {
        let table = evaluator.table();
        (table.manifest().row_order == RowOrder::OfficialIndex).then(|| Self {
            table: Arc::clone(table),
            search: evaluator.search_column(),
            report: evaluator.report_column(),
        })
    }

    /// The ranks of a class; `None` when it has no value of a metric.
    pub(crate) fn rank(&self, key: ArchKey) -> Option<BestRank> {
        let row = self.table.row_of(key)?;
        let search = self.table.rank(self.search, row)?;
        let report = self.table.rank(self.report, row)?;
        Some(BestRank {
            search: search.position,
            report: report.position,
            of: search.of,
        })
    }
}

/// An evaluator that can be printed for debugging.
pub(crate) trait ErasedEvaluator: Evaluator + std::fmt::Debug {}

impl<E: Evaluator + std::fmt::Debug> ErasedEvaluator for E {}

/// Opens what was asked for. `note` is told about imports.
pub(crate) fn open(
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
    note: &dyn Fn(&str),
) -> anyhow::Result<Evaluating> {
    let surrogate = match (&arguments.surrogate, &arguments.table) {
        (Some(folder), _) => Some(folder.clone()),
        (None, None) => surrogate_in_data_folder(space.name())?,
        (None, Some(_)) => None,
    };
    match surrogate {
        Some(folder) => open_surrogate(&folder, arguments, space),
        None => open_table(arguments, space, note),
    }
}

fn open_surrogate(
    folder: &Path,
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
) -> anyhow::Result<Evaluating> {
    let evaluator = SurrogateEvaluator::open(
        folder,
        Arc::clone(space),
        arguments.search.as_deref(),
        arguments.report.as_deref(),
    )?;
    Ok(Evaluating {
        kind: "surrogate",
        path: folder.to_owned(),
        sha256: evaluator.sha256().to_owned(),
        table: None,
        ranking: None,
        evaluator: Box::new(evaluator),
    })
}

fn open_table(
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
    note: &dyn Fn(&str),
) -> anyhow::Result<Evaluating> {
    let table = table_source::open(arguments.table.as_deref(), &**space, note)?;
    let path = table.path().to_owned();
    let evaluator = TableEvaluator::new(
        table,
        Arc::clone(space),
        arguments.search.as_deref().unwrap_or(TABLE_SEARCH),
        arguments.report.as_deref().unwrap_or(TABLE_REPORT),
    )?;
    Ok(Evaluating {
        kind: "table",
        path,
        sha256: evaluator.table().sha256(),
        table: Some(Arc::clone(evaluator.table())),
        ranking: Ranking::of(&evaluator),
        evaluator: Box::new(evaluator),
    })
}

/// The folder of the surrogate of a space that has no table; `None` when the space has one.
fn surrogate_in_data_folder(space: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(folder) = SurrogateEvaluator::usual_folder(space) else {
        return Ok(None);
    };
    let Some(data) = environment::data_folder() else {
        return Err(UsageError(format!(
            "nothing to search on: name a surrogate of {space} with --surrogate FOLDER or a table with --table FILE, \
             or set {} to a folder that holds {folder}",
            environment::DATA
        ))
        .into());
    };
    let found = Some(data.join(folder)).filter(|path| path.is_dir());
    let found = found.with_context(|| {
        format!(
            "{} is {}, where {folder} is no folder: correct it, or name a surrogate with --surrogate",
            environment::DATA,
            data.display()
        )
    })?;
    Ok(Some(found))
}
