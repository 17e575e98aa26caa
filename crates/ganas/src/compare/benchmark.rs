//! What algorithms are compared on: something that evaluates architectures, and what is searched for in it.

use std::fmt;
#[cfg(any(feature = "surrogates", feature = "tables"))]
use std::path::PathBuf;
use std::sync::Arc;

use ganas_eval::{Evaluator, MetricOverrides};
use ganas_search::Budget;
#[cfg(feature = "workers")]
use ganas_worker::{PoolConfig, PoolListener};

use crate::{Experiment, GivenBound, SearchSpace};

/// What algorithms are compared on.
#[derive(Debug)]
pub struct Benchmark {
    name: String,
    settings: Settings,
    source: Origin,
}

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) space: Option<Arc<dyn SearchSpace>>,
    search: Option<String>,
    report: Option<String>,
    declared: MetricOverrides,
    bounds: Vec<GivenBound>,
    #[cfg(feature = "tables")]
    properties: Vec<PathBuf>,
    pub(super) budget: Option<Budget>,
}

/// What evaluates architectures.
pub(super) enum Origin {
    #[cfg(feature = "tables")]
    Table(PathBuf),
    #[cfg(feature = "surrogates")]
    Surrogate(PathBuf),
    #[cfg(feature = "workers")]
    Workers(Box<PoolConfig>, PoolListener),
    Given(Arc<dyn Evaluator>, String),
    /// What the data folder has of the space.
    Usual,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "tables")]
            Self::Table(path) => f.debug_tuple("Table").field(path).finish(),
            #[cfg(feature = "surrogates")]
            Self::Surrogate(path) => f.debug_tuple("Surrogate").field(path).finish(),
            #[cfg(feature = "workers")]
            Self::Workers(config, _) => f.debug_tuple("Workers").field(config).finish(),
            Self::Given(_, identity) => f.debug_tuple("Given").field(identity).finish(),
            Self::Usual => f.write_str("Usual"),
        }
    }
}

impl Benchmark {
    fn new(name: impl Into<String>, source: Origin) -> Self {
        Self {
            name: name.into(),
            settings: Settings::default(),
            source,
        }
    }

    /// A table, which is named like its file: as for [`Experiment::table`].
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn table(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::new(stem(&path), Origin::Table(path))
    }

    /// The surrogate in a folder, which is named like the folder; it needs a [space](Self::space).
    #[cfg(feature = "surrogates")]
    #[must_use]
    pub fn surrogate(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self::new(stem(&folder), Origin::Surrogate(folder))
    }

    /// Processes of a command, which are named like the command; they need a [space](Self::space).
    #[cfg(feature = "workers")]
    #[must_use]
    pub fn workers(config: PoolConfig, listener: PoolListener) -> Self {
        Self::new(
            config.command.clone(),
            Origin::Workers(Box::new(config), listener),
        )
    }

    /// An evaluator of the caller; `identity` tells it from others in a study, and is its name. It needs a
    /// [space](Self::space).
    #[must_use]
    pub fn evaluator(evaluator: Arc<dyn Evaluator>, identity: &str) -> Self {
        Self::new(identity, Origin::Given(evaluator, identity.to_owned()))
    }

    /// What the folder with benchmark data has of a space, which it is named like.
    #[must_use]
    pub fn of_space(space: Arc<dyn SearchSpace>) -> Self {
        Self::new(space.name(), Origin::Usual).space(space)
    }

    /// Calls it like this in results.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The space, where a table does not say it.
    #[must_use]
    pub fn space(mut self, space: Arc<dyn SearchSpace>) -> Self {
        self.settings.space = Some(space);
        self
    }

    /// Searches on this metric.
    #[must_use]
    pub fn search_metric(mut self, name: impl Into<String>) -> Self {
        self.settings.search = Some(name.into());
        self
    }

    /// Reports this metric of what was found.
    #[must_use]
    pub fn report_metric(mut self, name: impl Into<String>) -> Self {
        self.settings.report = Some(name.into());
        self
    }

    /// Declares what metrics mean.
    #[must_use]
    pub fn declare(mut self, declared: MetricOverrides) -> Self {
        self.settings.declared = declared;
        self
    }

    /// Adds a bound that every evaluated architecture satisfies.
    #[must_use]
    pub fn constraint(mut self, bound: GivenBound) -> Self {
        self.settings.bounds.push(bound);
        self
    }

    /// Makes the columns of a further table known to constraints.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn properties(mut self, table: impl Into<PathBuf>) -> Self {
        self.settings.properties.push(table.into());
        self
    }

    /// Unique queries of a run on this benchmark, instead of the largest budget of the comparison.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.settings.budget = Some(budget);
        self
    }

    pub(super) fn parts(self) -> (String, Settings, Origin) {
        (self.name, self.settings, self.source)
    }
}

/// What a path is called for people: its last part without its ending.
#[cfg(any(feature = "surrogates", feature = "tables"))]
fn stem(path: &std::path::Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

impl Settings {
    /// Adds them to an experiment.
    pub(super) fn add_to(&self, mut experiment: Experiment) -> Experiment {
        if let Some(space) = &self.space {
            experiment = experiment.space(Arc::clone(space));
        }
        if let Some(search) = &self.search {
            experiment = experiment.search_metric(search);
        }
        if let Some(report) = &self.report {
            experiment = experiment.report_metric(report);
        }
        for bound in &self.bounds {
            experiment = experiment.constraint(bound.clone());
        }
        #[cfg(feature = "tables")]
        for table in &self.properties {
            experiment = experiment.properties(table);
        }
        experiment.declare(self.declared.clone())
    }
}

impl Origin {
    /// Evaluates an experiment with it.
    pub(super) fn add_to(self, experiment: Experiment) -> Experiment {
        match self {
            #[cfg(feature = "tables")]
            Self::Table(path) => experiment.table(path),
            #[cfg(feature = "surrogates")]
            Self::Surrogate(folder) => experiment.surrogate(folder),
            #[cfg(feature = "workers")]
            Self::Workers(config, listener) => experiment.workers(*config, listener),
            Self::Given(evaluator, identity) => experiment.evaluator(evaluator, identity),
            Self::Usual => experiment,
        }
    }
}
