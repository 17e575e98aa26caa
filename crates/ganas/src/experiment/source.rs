//! What answers the queries of a search: a table, a surrogate, the workers of a command, or an evaluator of the caller.

use std::fmt;
#[cfg(any(feature = "surrogates", feature = "tables"))]
use std::path::PathBuf;
use std::sync::Arc;

use ganas_eval::{Evaluator, MetricRole, Property};
#[cfg(feature = "tables")]
use ganas_report::records::BestRank;
#[cfg(feature = "surrogates")]
use ganas_surrogate::SurrogateEvaluator;
#[cfg(feature = "tables")]
use ganas_table::{Column, RowOrder, Run, Table, TableEvaluator};
#[cfg(feature = "workers")]
use ganas_worker::{MetricNames, PoolConfig, PoolListener, WorkerEvaluator};

use super::columns::Columns;
#[cfg(feature = "tables")]
use crate::tables;
use crate::{Error, Folders, SearchSpace};

/// The metrics of a table when none are named.
#[cfg(feature = "tables")]
const TABLE_METRICS: [&str; 2] = ["cifar10_valid_mean_200", "cifar10_test_mean_200"];

/// What was asked for.
pub(super) enum Source {
    /// What is in the folder with benchmark data, or a small table of this crate.
    Unnamed,
    #[cfg(feature = "tables")]
    Table(PathBuf),
    #[cfg(feature = "surrogates")]
    Surrogate(PathBuf),
    #[cfg(feature = "workers")]
    Workers(Box<PoolConfig>, PoolListener),
    /// An evaluator of the caller, and the text that tells it from others.
    Given(Arc<dyn Evaluator>, String),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => f.write_str("Unnamed"),
            #[cfg(feature = "tables")]
            Self::Table(path) => f.debug_tuple("Table").field(path).finish(),
            #[cfg(feature = "surrogates")]
            Self::Surrogate(path) => f.debug_tuple("Surrogate").field(path).finish(),
            #[cfg(feature = "workers")]
            Self::Workers(config, _) => f.debug_tuple("Workers").field(config).finish(),
            Self::Given(_, identity) => f.debug_tuple("Given").field(identity).finish(),
        }
    }
}

/// The names of the metrics, where they are given.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    pub(super) search: Option<String>,
    pub(super) report: Option<String>,
}

/// What is needed to open a source.
pub(super) struct Opening<'a> {
    pub(super) space: &'a Arc<dyn SearchSpace>,
    pub(super) metrics: &'a Metrics,
    /// Names that may be those of metrics which the evaluator is to return beside the one that is searched on.
    pub(super) further: &'a [String],
    pub(super) folders: &'a Folders,
    pub(super) note: &'a dyn Fn(&str),
}

/// An evaluator, and where it comes from.
pub(super) struct Evaluating {
    evaluator: Arc<dyn Evaluator>,
    /// `table`, `surrogate` or `evaluator`.
    pub(super) kind: &'static str,
    /// What it is, for people.
    pub(super) description: String,
    /// The fingerprint of what the measurements depend on: the table's file, or what the workers are.
    pub(super) sha256: String,
    /// What it measures, by name and role; nothing of a table, whose columns are known.
    pub(super) metrics: Vec<(String, MetricRole)>,
    /// What it looks up instead of predicting it, which constraints can bound.
    pub(super) properties: Vec<Arc<dyn Property>>,
    /// What it returns beside the metrics of the search, of what was asked for.
    pub(super) further: Vec<String>,
    /// Whether a measurement is worth keeping at once, and not worth repeating.
    pub(super) is_costly: bool,
    #[cfg(feature = "tables")]
    table: Option<Arc<Table>>,
    /// The ranks of what is found, when it is a table of the whole space.
    #[cfg(feature = "tables")]
    ranking: Option<Ranking>,
    #[cfg(feature = "workers")]
    workers: Option<Arc<WorkerEvaluator>>,
}

impl fmt::Debug for Evaluating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluating")
            .field("kind", &self.kind)
            .field("description", &self.description)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

impl Evaluating {
    fn new(kind: &'static str, description: String, evaluator: Arc<dyn Evaluator>) -> Self {
        Self {
            evaluator,
            kind,
            description,
            sha256: String::new(),
            metrics: Vec::new(),
            properties: Vec::new(),
            further: Vec::new(),
            is_costly: false,
            #[cfg(feature = "tables")]
            table: None,
            #[cfg(feature = "tables")]
            ranking: None,
            #[cfg(feature = "workers")]
            workers: None,
        }
    }

    /// What answers queries.
    pub(super) fn evaluator(&self) -> &dyn Evaluator {
        &*self.evaluator
    }

    /// The columns of its table, and those of others.
    #[cfg(feature = "tables")]
    pub(super) fn columns(&self, others: Vec<Arc<Table>>) -> Columns {
        Columns::new(self.table.as_ref(), others)
    }

    #[cfg(not(feature = "tables"))]
    pub(super) fn columns(&self, _: Vec<std::convert::Infallible>) -> Columns {
        Columns::default()
    }

    /// The ranks of a class; `None` when it has no value of a metric, or when this is no table of the whole space.
    #[cfg(feature = "tables")]
    pub(super) fn rank(&self, key: crate::ArchKey) -> Option<BestRank> {
        self.ranking.as_ref()?.rank(key)
    }

    /// What the workers did so far, when there are any.
    pub(super) fn worker_statistics(&self) -> Option<String> {
        #[cfg(feature = "workers")]
        if let Some(workers) = &self.workers {
            return Some(workers.statistics().to_string());
        }
        None
    }
}

impl Source {
    /// Opens it.
    pub(super) fn open(self, opening: &Opening<'_>) -> Result<Evaluating, Error> {
        match self {
            Self::Unnamed => opening.unnamed(),
            #[cfg(feature = "tables")]
            Self::Table(path) => opening.table(Some(&path)),
            #[cfg(feature = "surrogates")]
            Self::Surrogate(folder) => opening.surrogate(&folder),
            #[cfg(feature = "workers")]
            Self::Workers(config, listener) => opening.workers(*config, listener),
            Self::Given(evaluator, identity) => Ok(Evaluating {
                sha256: identity.clone(),
                is_costly: true,
                ..Evaluating::new("evaluator", identity, evaluator)
            }),
        }
    }
}

impl Opening<'_> {
    fn unnamed(&self) -> Result<Evaluating, Error> {
        #[cfg(feature = "surrogates")]
        if let Some(folder) = surrogate_in_data_folder(self.space.name(), self.folders)? {
            return self.surrogate(&folder);
        }
        #[cfg(feature = "tables")]
        return self.table(None);
        #[cfg(not(feature = "tables"))]
        Err(Error::Usage(
            "nothing to search on: name what evaluates architectures".to_owned(),
        ))
    }

    #[cfg(feature = "workers")]
    fn workers(&self, config: PoolConfig, listener: PoolListener) -> Result<Evaluating, Error> {
        let names = MetricNames {
            search: self.metrics.search.clone(),
            report: self.metrics.report.clone(),
        };
        let how = format!(
            "by `{}` (workers: {}, timeout {:?}, retries {})",
            config.command, config.workers, config.time_limit, config.retries
        );
        let mut evaluator =
            WorkerEvaluator::open(config, Arc::clone(self.space), &names, listener)?;
        let further = evaluator.measure_too(self.further);
        let evaluator = Arc::new(evaluator);
        let worker = evaluator.capabilities();
        let description = format!("{} {} {how}", worker.name, worker.version);
        let declared = worker.metrics.iter();
        let metrics = declared.map(|m| (m.name.clone(), m.role)).collect();
        Ok(Evaluating {
            sha256: evaluator.identity().to_owned(),
            metrics,
            further,
            is_costly: true,
            workers: Some(Arc::clone(&evaluator)),
            ..Evaluating::new("evaluator", description, evaluator)
        })
    }

    #[cfg(feature = "surrogates")]
    fn surrogate(&self, folder: &std::path::Path) -> Result<Evaluating, Error> {
        let Metrics { search, report } = self.metrics;
        let space = Arc::clone(self.space);
        let mut evaluator = SurrogateEvaluator::open_bounded(
            folder,
            space,
            search.as_deref(),
            report.as_deref(),
            self.folders.max_unpacked,
        )?;
        let predictions = evaluator.predictions();
        let metrics = predictions.map(|prediction| (prediction.name.to_owned(), prediction.role));
        Ok(Evaluating {
            sha256: evaluator.sha256().to_owned(),
            metrics: metrics.collect(),
            properties: evaluator.properties(),
            further: evaluator.measure_too(self.further),
            ..Evaluating::new(
                "surrogate",
                folder.display().to_string(),
                Arc::new(evaluator),
            )
        })
    }

    #[cfg(feature = "tables")]
    fn table(&self, named: Option<&std::path::Path>) -> Result<Evaluating, Error> {
        self.of_table(tables::open(named, &**self.space, self.folders, self.note)?)
    }

    /// Answers queries from a table.
    #[cfg(feature = "tables")]
    pub(super) fn of_table(&self, table: Arc<Table>) -> Result<Evaluating, Error> {
        let Metrics { search, report } = self.metrics;
        let path = table.path().display().to_string();
        let [search_default, report_default] = default_metrics(&table);
        let evaluator = TableEvaluator::new(
            table,
            Arc::clone(self.space),
            search.as_ref().unwrap_or(&search_default),
            report.as_ref().unwrap_or(&report_default),
        )?;
        Ok(Evaluating {
            sha256: evaluator.table().sha256()?,
            table: Some(Arc::clone(evaluator.table())),
            ranking: Ranking::of(&evaluator),
            ..Evaluating::new("table", path, Arc::new(evaluator))
        })
    }
}

/// A table of the whole space, to rank results in.
#[cfg(feature = "tables")]
struct Ranking {
    table: Arc<Table>,
    search: Column,
    report: Column,
}

#[cfg(feature = "tables")]
impl Ranking {
    /// `None` when the table lacks some of the space.
    fn of(evaluator: &TableEvaluator) -> Option<Self> {
        let table = evaluator.table();
        (table.manifest().row_order == RowOrder::PublishedIndex).then(|| Self {
            table: Arc::clone(table),
            search: evaluator.search_column(),
            report: evaluator.report_column(),
        })
    }

    /// The ranks of a class; `None` when it has no value of a metric.
    fn rank(&self, key: crate::ArchKey) -> Option<BestRank> {
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

/// What is searched on and what is reported when no metrics are named.
///
/// In a table that `ganas table build` has made those are the validation metric of one training, which is what a search
/// would pay for, and the mean of the test metric, which is what its find is worth. In others they are those of
/// NAS-Bench-201.
#[cfg(feature = "tables")]
fn default_metrics(table: &Table) -> [String; 2] {
    let find = |role: MetricRole, is_run: fn(Option<Run>) -> bool| {
        let infos = table.manifest().columns.iter();
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
    built.unwrap_or_else(|| TABLE_METRICS.map(str::to_owned))
}

/// The folder of the surrogate of a space that has no table; `None` when the space has one.
#[cfg(feature = "surrogates")]
fn surrogate_in_data_folder(space: &str, folders: &Folders) -> Result<Option<PathBuf>, Error> {
    use crate::DATA_VARIABLE;
    use crate::error::Context as _;

    let Some(folder) = SurrogateEvaluator::usual_folder(space) else {
        return Ok(None);
    };
    let Some(data) = &folders.data else {
        return Err(Error::Usage(format!(
            "nothing to search on: name a surrogate of {space} with --surrogate FOLDER or a table with --table FILE, \
             or set {DATA_VARIABLE} to a folder that holds {folder}"
        )));
    };
    let found = Some(data.join(folder)).filter(|path| path.is_dir());
    let found = found.with_context(|| {
        format!(
            "{DATA_VARIABLE} is {}, where {folder} is no folder: correct it, or name a surrogate with --surrogate",
            data.display()
        )
    })?;
    Ok(Some(found))
}
