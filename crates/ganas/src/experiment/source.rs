//! What answers the queries of a search: a table, a surrogate, the workers of a command, or an evaluator of the caller.

use std::fmt;
use std::num::NonZeroU32;
#[cfg(any(feature = "surrogates", feature = "tables"))]
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(feature = "tables")]
use ganas_eval::MetricRole;
use ganas_eval::{Direction, Evaluator, Fidelity, MetricMeaning, MetricOverrides, Property};
#[cfg(feature = "tables")]
use ganas_report::records::BestRank;
use ganas_search::RunSpec;
use ganas_space::suggestion::{closest, did_you_mean};
use ganas_store::EvaluatorSpec;
#[cfg(feature = "surrogates")]
use ganas_surrogate::SurrogateEvaluator;
#[cfg(feature = "tables")]
use ganas_table::{Column, Run, Table, TableEvaluator};
#[cfg(feature = "workers")]
use ganas_worker::{MetricNames, PoolConfig, PoolListener, WorkerEvaluator};

use super::columns::Columns;
#[cfg(feature = "tables")]
use super::constraints::Constrained;
#[cfg(feature = "tables")]
use super::missing_rows::{self, MissingRows};
use crate::function::FunctionEvaluator;
#[cfg(feature = "tables")]
use crate::tables;
use crate::{Error, Folders, SearchSpace};

/// The metrics of a table when none are named.
#[cfg(feature = "tables")]
const TABLE_METRICS: [&str; 2] = ["cifar10_valid_mean_200", "cifar10_test_mean_200"];

/// What was asked for.
pub(crate) enum Source {
    /// What is in the folder with benchmark data, or a small table of this crate.
    Unnamed,
    #[cfg(feature = "tables")]
    Table(PathBuf),
    #[cfg(feature = "surrogates")]
    Surrogate(PathBuf),
    #[cfg(feature = "workers")]
    Workers(Box<PoolConfig>, PoolListener),
    /// A function of the caller.
    Function(FunctionEvaluator),
    /// An evaluator of the caller, and the text that tells it from others.
    Given(Arc<dyn Evaluator>, String),
    /// What another search of the same space and metrics has opened.
    Opened(Box<Evaluating>),
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
            Self::Function(function) => f.debug_tuple("Function").field(function).finish(),
            Self::Given(_, identity) => f.debug_tuple("Given").field(identity).finish(),
            Self::Opened(evaluating) => f.debug_tuple("Opened").field(evaluating).finish(),
        }
    }
}

/// The names of the metrics, where they are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) search: Option<String>,
    pub(crate) report: Option<String>,
    pub(crate) declared: MetricOverrides,
}

impl Metrics {
    /// What is declared, which a result depends on.
    pub(crate) fn declared_text(&self) -> Option<String> {
        (!self.declared.is_empty()).then(|| self.declared.to_string())
    }
}

/// What is needed to open a source.
pub(crate) struct Opening<'a> {
    pub(crate) space: &'a Arc<dyn SearchSpace>,
    pub(crate) metrics: &'a Metrics,
    /// Names that may be those of metrics which the evaluator is to return beside the one that is searched on.
    pub(crate) further: &'a [String],
    pub(crate) folders: &'a Folders,
    pub(crate) note: &'a dyn Fn(&str),
}

/// An evaluator, and where it comes from. Clones share the evaluator.
#[derive(Clone)]
pub(crate) struct Evaluating {
    evaluator: Arc<dyn Evaluator>,
    /// `table`, `surrogate` or `evaluator`.
    pub(crate) kind: &'static str,
    /// What it is, for people.
    pub(crate) description: String,
    /// The fingerprint of what the measurements depend on: the table's file, or what the workers are.
    pub(crate) sha256: String,
    /// What it measures, by name, and what that means; nothing of a table, whose columns are known.
    pub(super) metrics: Vec<(String, MetricMeaning)>,
    /// What it looks up instead of predicting it, which constraints can bound.
    pub(super) properties: Vec<Arc<dyn Property>>,
    /// What it returns beside the metrics of the search, of what was asked for.
    pub(super) further: Vec<String>,
    /// Whether a measurement is worth keeping at once, and not worth repeating.
    pub(super) is_costly: bool,
    /// How thorough evaluations are, where that can be told.
    pub(super) fidelity: Fidelity,
    /// How many evaluations were answered with what the study had of other runs.
    reused: Arc<AtomicU32>,
    n_workers: Option<NonZeroU32>,
    #[cfg(feature = "tables")]
    table: Option<Arc<Table>>,
    /// The table to rank what is found in, when it is one.
    #[cfg(feature = "tables")]
    ranking: Option<Ranking>,
    /// Whether the table has all that is searched, so that a rank means something.
    #[cfg(feature = "tables")]
    is_whole: bool,
    /// How much a table has of what is searched, for people; nothing when it is all of it.
    pub(super) coverage: Option<String>,
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
            fidelity: Fidelity::new(),
            reused: Arc::default(),
            n_workers: None,
            #[cfg(feature = "tables")]
            table: None,
            #[cfg(feature = "tables")]
            ranking: None,
            #[cfg(feature = "tables")]
            is_whole: true,
            coverage: None,
            #[cfg(feature = "workers")]
            workers: None,
        }
    }

    /// What answers queries.
    pub(crate) fn evaluator(&self) -> &dyn Evaluator {
        &*self.evaluator
    }

    /// The table, when it is one.
    #[cfg(feature = "tables")]
    pub(crate) fn table(&self) -> Option<&Arc<Table>> {
        self.table.as_ref()
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

    /// What the metric that is searched on means, where that is known of it.
    pub(super) fn search_meaning(&self) -> Option<MetricMeaning> {
        let search = &self.evaluator.metric_pair().search;
        #[cfg(feature = "tables")]
        if let Some(table) = &self.table {
            let column = table.column(search).ok()?;
            return Some(table.meaning(column).clone());
        }
        let metric = self.metrics.iter().find(|(name, _)| name == search)?;
        Some(metric.1.clone())
    }

    /// Refuses a declaration of a metric that is nowhere.
    pub(super) fn check_declared(
        &self,
        declared: &MetricOverrides,
        columns: &Columns,
    ) -> Result<(), Error> {
        let own = self.metrics.iter().map(|(name, _)| &**name);
        let known: Vec<&str> = own.chain(columns.names().map(|(name, _)| name)).collect();
        match declared.names().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(unknown) => Err(Error::Usage(format!(
                "there is no metric `{unknown}`{} to declare anything of; known are {}",
                did_you_mean(closest(unknown, known.iter().copied()).as_deref()),
                known.join(", ")
            ))),
        }
    }

    /// Leaves of what is searched what a table can answer; nothing, when this is no table.
    #[cfg(feature = "tables")]
    pub(super) fn restrict(
        &self,
        missing: MissingRows,
        space: &dyn SearchSpace,
        constrained: &mut Constrained,
    ) -> Result<Option<Answerable>, Error> {
        let Some(ranking) = &self.ranking else {
            return Ok(None);
        };
        let restricted = missing_rows::restrict(
            missing,
            &ranking.table,
            [ranking.search, ranking.report],
            space,
            Arc::clone(&constrained.space),
        )?;
        constrained.space = restricted.space;
        if let Some(record) = restricted.record {
            constrained.masking.push(record.clone());
            constrained.record.push(record);
        }
        Ok(Some(Answerable {
            coverage: restricted.coverage,
            is_whole: restricted.is_whole,
        }))
    }

    /// Remembers how much of what is searched the table has.
    #[cfg(feature = "tables")]
    pub(super) fn take(&mut self, answerable: Answerable) {
        self.coverage = answerable.coverage;
        self.is_whole = answerable.is_whole;
    }

    /// The ranks of an architecture; `None` when it has no value of a metric, or when this is no table of all that is
    /// searched.
    #[cfg(feature = "tables")]
    pub(super) fn rank(&self, space: &dyn SearchSpace, arch: &crate::Arch) -> Option<BestRank> {
        let ranking = self.ranking.as_ref().filter(|_| self.is_whole);
        ranking?.rank(space, arch)
    }

    /// What evaluations are kept under in a study.
    pub(super) fn spec(&self, run: &RunSpec) -> EvaluatorSpec {
        EvaluatorSpec {
            space: run.space.clone(),
            identity: self.sha256.clone(),
            fidelity: self.fidelity.clone(),
            description: self.description.clone(),
        }
    }

    /// Adds evaluations that were not made again.
    pub(super) fn count_reused(&self, n: u32) {
        self.reused.fetch_add(n, Ordering::Relaxed);
    }

    /// How many evaluations were not made again.
    pub(super) fn reused(&self) -> u32 {
        self.reused.load(Ordering::Relaxed)
    }

    /// The fidelities that workers declare, perhaps none; nothing for what is no worker.
    pub(super) fn declared_fidelities(&self) -> Option<Vec<Fidelity>> {
        #[cfg(feature = "workers")]
        if let Some(workers) = &self.workers {
            return Some(workers.capabilities().fidelities.clone());
        }
        None
    }

    /// How many workers there are, when it is they who evaluate.
    pub(super) fn n_workers(&self) -> Option<NonZeroU32> {
        self.n_workers
    }

    /// The workers, when it is they who evaluate.
    #[cfg(feature = "workers")]
    pub(super) fn workers(&self) -> Option<&Arc<WorkerEvaluator>> {
        self.workers.as_ref()
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
    pub(crate) fn open(self, opening: &Opening<'_>) -> Result<Evaluating, Error> {
        match self {
            Self::Unnamed => opening.unnamed(),
            #[cfg(feature = "tables")]
            Self::Table(path) => opening.table(Some(&path)),
            #[cfg(feature = "surrogates")]
            Self::Surrogate(folder) => opening.surrogate(&folder),
            #[cfg(feature = "workers")]
            Self::Workers(config, listener) => opening.workers(*config, listener),
            Self::Function(function) => Ok(opening.function(function)),
            Self::Opened(evaluating) => Ok(*evaluating),
            Self::Given(evaluator, identity) => Ok(Evaluating {
                sha256: identity.clone(),
                is_costly: true,
                ..Evaluating::new("evaluator", identity, evaluator)
            }),
        }
    }
}

impl Opening<'_> {
    fn function(&self, function: FunctionEvaluator) -> Evaluating {
        let name = function.metric_pair().search.clone();
        let mut meaning = MetricMeaning::of_name(&name);
        meaning.direction.get_or_insert(Direction::Maximize);
        self.metrics.declared.apply(&name, &mut meaning);
        let direction = meaning.direction.unwrap_or_default();
        let function = Arc::new(function.with_direction(direction));
        Evaluating {
            sha256: name.clone(),
            is_costly: true,
            metrics: vec![(name.clone(), meaning)],
            ..Evaluating::new("evaluator", name, function)
        }
    }

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
            declared: self.metrics.declared.clone(),
        };
        let how = format!(
            "by `{}` (workers: {}, timeout {:?}, retries {})",
            config.command, config.workers, config.time_limit, config.retries
        );
        let fidelity = config.fidelity.clone();
        let n_workers = NonZeroU32::new(config.workers);
        let mut evaluator =
            WorkerEvaluator::open(config, Arc::clone(self.space), &names, listener)?;
        let further = evaluator.measure_too(self.further);
        let evaluator = Arc::new(evaluator);
        let worker = evaluator.capabilities();
        let description = format!("{} {} {how}", worker.name, worker.version);
        let meanings = evaluator.meanings().iter();
        let metrics = meanings
            .map(|(name, meaning)| (name.clone(), meaning.clone()))
            .collect();
        Ok(Evaluating {
            sha256: evaluator.identity().to_owned(),
            metrics,
            further,
            is_costly: true,
            fidelity,
            n_workers,
            workers: Some(Arc::clone(&evaluator)),
            ..Evaluating::new("evaluator", description, evaluator)
        })
    }

    #[cfg(feature = "surrogates")]
    fn surrogate(&self, folder: &std::path::Path) -> Result<Evaluating, Error> {
        let Metrics {
            search,
            report,
            declared,
        } = self.metrics;
        let space = Arc::clone(self.space);
        let mut evaluator = SurrogateEvaluator::open_bounded(
            folder,
            space,
            search.as_deref(),
            report.as_deref(),
            self.folders.max_unpacked,
        )?
        .declared(declared);
        let metrics = evaluator.predictions().map(|prediction| {
            let mut meaning = prediction.meaning();
            declared.apply(prediction.name, &mut meaning);
            (prediction.name.to_owned(), meaning)
        });
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
    pub(super) fn of_table(&self, table: Table) -> Result<Evaluating, Error> {
        let Metrics {
            search,
            report,
            declared,
        } = self.metrics;
        let table = Arc::new(table.declared(declared));
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
            ranking: Some(Ranking::of(&evaluator)),
            ..Evaluating::new("table", path, Arc::new(evaluator))
        })
    }
}

/// How much of what is searched a table has.
#[cfg(feature = "tables")]
pub(super) struct Answerable {
    coverage: Option<String>,
    is_whole: bool,
}

/// A table to rank results in.
#[cfg(feature = "tables")]
#[derive(Clone)]
struct Ranking {
    table: Arc<Table>,
    search: Column,
    report: Column,
}

#[cfg(feature = "tables")]
impl Ranking {
    fn of(evaluator: &TableEvaluator) -> Self {
        Self {
            table: Arc::clone(evaluator.table()),
            search: evaluator.search_column(),
            report: evaluator.report_column(),
        }
    }

    /// The ranks of an architecture; `None` when it has no value of a metric.
    fn rank(&self, space: &dyn SearchSpace, arch: &crate::Arch) -> Option<BestRank> {
        let answer = self.table.answer(space.key(arch), || space.encode(arch))?;
        let search = self.table.rank_of_answer(self.search, &answer)?;
        let report = self.table.rank_of_answer(self.report, &answer)?;
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
        let mut fitting = infos.filter(|info| info.meaning().role == role && is_run(info.run));
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
