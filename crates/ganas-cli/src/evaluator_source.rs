//! What answers the queries of a search: a table or a surrogate, named on the command line or found in the folder that
//! GANAS_DATA names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use ganas_eval::{Evaluator, MetricRole, Property};
use ganas_space::{ArchKey, SearchSpace};
use ganas_surrogate::SurrogateEvaluator;
use ganas_table::{Column, Embedded, RowOrder, Run, Table, TableEvaluator};

use crate::environment;
use crate::exit::UsageError;
use crate::table_source;
use ganas_report::records::BestRank;

/// The metrics of a table when none are named.
const TABLE_SEARCH: &str = "cifar10_valid_mean_200";
const TABLE_REPORT: &str = "cifar10_test_mean_200";

/// What to evaluate with, and on which metrics.
#[derive(Debug, clap::Args)]
pub(crate) struct EvaluatorArguments {
    /// A table file, a CSV file, which is imported into a cache, or the name of a table inside the program, `digits-5` or `digits-4`
    /// [default: the one of the space in the folder that GANAS_DATA names].
    #[arg(long, value_name = "FILE", conflicts_with = "evaluator")]
    pub(crate) table: Option<PathBuf>,
    /// The folder of a surrogate, which predicts instead of measuring [default: for a space without tables the one in
    /// the folder that GANAS_DATA names].
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["table", "evaluator"])]
    pub(crate) surrogate: Option<PathBuf>,
    /// The metric that is searched on [default: the first on validation data of --evaluator, or of one training in a
    /// table of `ganas table build`; what the surrogate predicts; else cifar10_valid_mean_200].
    #[arg(long, value_name = "METRIC")]
    pub(crate) search: Option<String>,
    /// The metric that is reported for what was found [default: the first on test data of --evaluator, or its mean in a
    /// table of `ganas table build`; the one that is searched on with a surrogate; else cifar10_test_mean_200].
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
    /// What a surrogate predicts.
    pub(crate) metrics: Vec<(String, MetricRole)>,
    /// What a surrogate looks up instead of predicting it, which constraints can bound.
    pub(crate) properties: Vec<Arc<dyn Property>>,
    /// What it returns beside the metrics of the search, of what was asked for.
    pub(crate) further: Vec<String>,
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

/// Opens what was asked for. Of `further` a surrogate returns the predictions beside the metrics of the search; columns of
/// a table are looked up without it. `note` is told about imports.
pub(crate) fn open(
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
    further: &[String],
    note: &dyn Fn(&str),
) -> anyhow::Result<Evaluating> {
    let surrogate = match (&arguments.surrogate, &arguments.table) {
        (Some(folder), _) => Some(folder.clone()),
        (None, None) => surrogate_in_data_folder(space.name())?,
        (None, Some(_)) => None,
    };
    match surrogate {
        Some(folder) => open_surrogate(&folder, arguments, space, further),
        None => open_table(arguments, space, note),
    }
}

fn open_surrogate(
    folder: &Path,
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
    further: &[String],
) -> anyhow::Result<Evaluating> {
    let mut evaluator = SurrogateEvaluator::open(
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
        metrics: evaluator
            .predictions()
            .map(|prediction| (prediction.name.to_owned(), prediction.role))
            .collect(),
        properties: evaluator.properties(),
        further: evaluator.measure_too(further),
        evaluator: Box::new(evaluator),
    })
}

fn open_table(
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
    note: &dyn Fn(&str),
) -> anyhow::Result<Evaluating> {
    let table = table_source::open(arguments.table.as_deref(), &**space, note)?;
    of_table(table, arguments, space)
}

/// Opens a table inside the program.
pub(crate) fn open_embedded(
    embedded: Embedded,
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
) -> anyhow::Result<Evaluating> {
    of_table(Arc::new(embedded.open()?), arguments, space)
}

fn of_table(
    table: Arc<Table>,
    arguments: &EvaluatorArguments,
    space: &Arc<dyn SearchSpace>,
) -> anyhow::Result<Evaluating> {
    let path = table.path().to_owned();
    let [search, report] = default_metrics(&table);
    let evaluator = TableEvaluator::new(
        table,
        Arc::clone(space),
        arguments.search.as_deref().unwrap_or(&search),
        arguments.report.as_deref().unwrap_or(&report),
    )?;
    Ok(Evaluating {
        kind: "table",
        path,
        sha256: evaluator.table().sha256(),
        table: Some(Arc::clone(evaluator.table())),
        ranking: Ranking::of(&evaluator),
        metrics: Vec::new(),
        properties: Vec::new(),
        further: Vec::new(),
        evaluator: Box::new(evaluator),
    })
}

/// What is searched on and what is reported when no metrics are named.
///
/// In a table that `ganas table build` has made those are the validation metric of one training, which is what a search
/// would pay for, and the mean of the test metric, which is what its find is worth. In others they are those of
/// NAS-Bench-201.
fn default_metrics(table: &Table) -> [String; 2] {
    let find = |role: MetricRole, is_run: fn(Option<Run>) -> bool| {
        let infos = table.columns().map(|column| table.info(column));
        let mut fitting = infos.filter(|info| info.role == role && is_run(info.run));
        fitting.next().map(|info| info.name.clone())
    };
    let built = table.manifest().evaluator.as_ref().and_then(|_| {
        let search = find(MetricRole::Validation, |run| {
            matches!(run, Some(Run::Seed(_)))
        })?;
        let report = find(MetricRole::Test, |run| run == Some(Run::Mean));
        Some([search.clone(), report.unwrap_or(search)])
    });
    built.unwrap_or_else(|| [TABLE_SEARCH, TABLE_REPORT].map(str::to_owned))
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
