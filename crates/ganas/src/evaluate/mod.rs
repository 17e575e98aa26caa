//! Evaluating a list of architectures: those of a file, the best of a study, or given ones.
//!
//! Every finished evaluation is kept in a study at once, where searches with the same evaluator find it, and theirs are used
//! here.

mod list;
mod measuring;
mod work;

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ganas_eval::{Evaluator, MetricOverrides};
use ganas_search::StopFlag;
use ganas_space::{Arch, SearchSpace};
use ganas_store::{EvaluatorSpec, OnExisting, Study};
#[cfg(feature = "workers")]
use ganas_worker::{PoolConfig, PoolListener};

pub use work::{EvaluationList, Progress};

use crate::experiment::{Metrics, Source, TimeLimits};
use crate::function::FunctionEvaluator;
use crate::restrictions::Restrictions;
use crate::{Error, Folders, Seeds};
use list::Listed;
use measuring::Measuring;

/// A list of architectures, and what evaluates them.
pub struct Evaluate {
    space: Option<Arc<dyn SearchSpace>>,
    listed: Listed,
    restrictions: Restrictions,
    source: Source,
    metrics: Metrics,
    training_seeds: Option<Seeds>,
    study: Option<PathBuf>,
    on_existing: OnExisting,
    limits: TimeLimits,
    folders: Folders,
    stop: StopFlag,
    note: Box<dyn Fn(&str)>,
}

impl std::fmt::Debug for Evaluate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluate")
            .field("space", &self.space)
            .field("listed", &self.listed)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Evaluate {
    fn of(listed: Listed) -> Self {
        Self {
            space: None,
            listed,
            restrictions: Restrictions::default(),
            source: Source::Unnamed,
            metrics: Metrics::default(),
            training_seeds: None,
            study: None,
            on_existing: OnExisting::Refuse,
            limits: TimeLimits::default(),
            folders: Folders::default(),
            stop: StopFlag::default(),
            note: Box::new(|_| {}),
        }
    }

    /// Evaluates the architectures of a file, one text a line; empty lines and those that begin with `#` are left out.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Listed::File(path.into()))
    }

    /// Evaluates the best `n` classes of a study in the space, by the metric that was searched on.
    #[must_use]
    pub fn top(study: impl Into<PathBuf>, n: usize) -> Self {
        Self::of(Listed::Top(study.into(), n))
    }

    /// Evaluates these architectures.
    #[must_use]
    pub fn archs(archs: impl IntoIterator<Item = Arch>) -> Self {
        Self::of(Listed::Given(archs.into_iter().collect()))
    }

    /// The space of the architectures.
    #[must_use]
    pub fn space(mut self, space: Arc<dyn SearchSpace>) -> Self {
        self.space = Some(space);
        self
    }

    /// Refuses architectures that have another option of a choice, and leaves them out of the best of a study; see
    /// [`Experiment::fix`](crate::Experiment::fix).
    #[must_use]
    pub fn fix(mut self, choice_and_option: impl Into<String>) -> Self {
        self.restrictions.fix(choice_and_option.into());
        self
    }

    /// Refuses architectures that have this option of a choice, and leaves them out of the best of a study.
    #[must_use]
    pub fn exclude(mut self, choice_and_option: impl Into<String>) -> Self {
        self.restrictions.exclude(choice_and_option.into());
        self
    }

    /// Evaluates with the worker processes of a command; `listener` is told what they do.
    #[cfg(feature = "workers")]
    #[must_use]
    pub fn workers(mut self, config: PoolConfig, listener: PoolListener) -> Self {
        self.source = Source::Workers(Box::new(config), listener);
        self
    }

    /// Looks values up in a table: a table file, a CSV file, or `digits-5` or `digits-4`.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn table(mut self, path: impl Into<PathBuf>) -> Self {
        self.source = Source::Table(path.into());
        self
    }

    /// Predicts with the surrogate in a folder.
    #[cfg(feature = "surrogates")]
    #[must_use]
    pub fn surrogate(mut self, folder: impl Into<PathBuf>) -> Self {
        self.source = Source::Surrogate(folder.into());
        self
    }

    /// Evaluates with a function; see [`Experiment::function`](crate::Experiment::function).
    #[must_use]
    pub fn function<E: Into<Box<dyn StdError + Send + Sync>>>(
        mut self,
        metric: &str,
        function: impl Fn(&Arch) -> Result<f64, E> + Send + Sync + 'static,
    ) -> Self {
        self.source = Source::Function(FunctionEvaluator::new(metric, function));
        self
    }

    /// Evaluates with an evaluator of the caller; `identity` tells it from others in a study.
    #[must_use]
    pub fn evaluator(mut self, evaluator: Arc<dyn Evaluator>, identity: impl Into<String>) -> Self {
        self.source = Source::Given(evaluator, identity.into());
        self
    }

    /// The metric of a table or a surrogate that a search would be on; of workers, all metrics are kept.
    #[must_use]
    pub fn search_metric(mut self, name: impl Into<String>) -> Self {
        self.metrics.search = Some(name.into());
        self
    }

    /// The metric of a table or a surrogate that a search would report.
    #[must_use]
    pub fn report_metric(mut self, name: impl Into<String>) -> Self {
        self.metrics.report = Some(name.into());
        self
    }

    /// Declares what metrics mean, as for a search.
    #[must_use]
    pub fn declare(mut self, declared: MetricOverrides) -> Self {
        self.metrics.declared = declared;
        self
    }

    /// Evaluates each architecture once with each of these training seeds, in place of the one that follows from its class.
    #[must_use]
    pub fn training_seeds(mut self, seeds: impl Into<Seeds>) -> Self {
        self.training_seeds = Some(seeds.into());
        self
    }

    /// Keeps evaluations in a study, which is created when it does not exist, and uses those that it has.
    #[must_use]
    pub fn study(mut self, path: impl Into<PathBuf>) -> Self {
        self.study = Some(path.into());
        self
    }

    /// Goes on with a list: what failed in it stays failed. By default, failures that the study holds are evaluated again, as
    /// a search does with those of others.
    #[must_use]
    pub fn resume(mut self) -> Self {
        self.on_existing = OnExisting::Resume;
        self
    }

    /// Goes on with a list, and evaluates again what failed in it.
    #[must_use]
    pub fn retry_failed(mut self) -> Self {
        self.on_existing = OnExisting::RetryFailed;
        self
    }

    /// Stops at a safe point after this time; what is left can be continued.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.limits.time = Some(time);
        self
    }

    /// Cancels what workers are still at so long after [`max_time`](Self::max_time); it is evaluated again once the list is
    /// gone on with. By default it is waited for, however long it takes.
    #[must_use]
    pub fn max_time_grace(mut self, grace: Duration) -> Self {
        self.limits.grace = Some(grace);
        self
    }

    /// Finds and keeps files here that are not named.
    #[must_use]
    pub fn folders(mut self, folders: Folders) -> Self {
        self.folders = folders;
        self
    }

    /// Stops at a safe point once this is set.
    #[must_use]
    pub fn stop(mut self, stop: StopFlag) -> Self {
        self.stop = stop;
        self
    }

    /// Is told, in words, of what takes long or was chosen while the list is prepared.
    #[must_use]
    pub fn notes(mut self, note: impl Fn(&str) + 'static) -> Self {
        self.note = Box::new(note);
        self
    }

    /// Evaluates, and returns the record.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare) and [`EvaluationList::run`].
    pub fn run(self) -> Result<ganas_report::records::EvaluatedRecord, Error> {
        let mut list = self.prepare()?;
        list.run(&mut |_| {})?;
        Ok(list.record())
    }

    /// Reads the list, opens the evaluator and the study, and finds out what is there already.
    ///
    /// # Errors
    ///
    /// Something cannot be opened, or makes no sense; [`Error::is_usage`] tells the two apart.
    #[cfg_attr(
        not(feature = "workers"),
        expect(unused_mut, reason = "as with workers")
    )]
    pub fn prepare(mut self) -> Result<EvaluationList, Error> {
        let space = self.open_space()?;
        let seeds = self.seeds()?;
        let restricted = self.restrictions.of(&space)?;
        let archs = list::read(&self.listed, &space, restricted.as_ref())?;
        #[cfg(feature = "workers")]
        if let Source::Workers(config, _) = &mut self.source {
            config.stop = self.stop.shared();
            config.cancel = self.stop.shared_cancel();
        }
        let measuring = Measuring::open(
            self.source,
            &crate::experiment::Opening {
                space: &space,
                metrics: &self.metrics,
                further: &[],
                folders: &self.folders,
                note: &self.note,
            },
        )?;
        let spec = EvaluatorSpec {
            space: space.name().to_owned(),
            identity: measuring.identity().to_owned(),
            fidelity: measuring.fidelity(),
            description: measuring.description().to_owned(),
        };
        let study = self.study.map(Study::create_or_open).transpose()?;
        let kept = study.as_ref().map(|study| study.evaluations(&spec));
        let mut list = EvaluationList {
            archs,
            seeds,
            measuring,
            kept: kept.transpose()?,
            spec,
            study,
            keeps_failures: self.on_existing == OnExisting::Resume,
            ended: std::collections::BTreeMap::new(),
            space,
            limits: self.limits,
            stop: self.stop,
        };
        list.find_known()?;
        Ok(list)
    }

    fn open_space(&self) -> Result<Arc<dyn SearchSpace>, Error> {
        match (&self.space, &self.source) {
            (Some(space), _) => Ok(Arc::clone(space)),
            #[cfg(feature = "tables")]
            (None, Source::Table(path)) => crate::tables::space_of(Some(path)),
            _ => Err(Error::Usage(
                "a list of architectures does not say which space it is of: name one with --space; \
                 `ganas space list` lists them"
                    .to_owned(),
            )),
        }
    }

    /// The training seeds; one nothing for the seed that follows from the class.
    fn seeds(&self) -> Result<Vec<Option<u32>>, Error> {
        let Some(seeds) = &self.training_seeds else {
            return Ok(vec![None]);
        };
        #[cfg(feature = "workers")]
        let has_seeds = matches!(self.source, Source::Given(..) | Source::Workers(..));
        #[cfg(not(feature = "workers"))]
        let has_seeds = matches!(self.source, Source::Given(..));
        if !has_seeds {
            return Err(Error::Usage(
                "--training-seeds are told to an evaluator that trains: leave them out with a table, a surrogate or a \
                 function, which return the same each time"
                    .to_owned(),
            ));
        }
        let number = |&seed: &u64| {
            let seed = u32::try_from(seed).map_err(|_| {
                Error::Usage(format!(
                    "--training-seeds: {seed} is too large: expected at most {}",
                    u32::MAX
                ))
            });
            seed.map(Some)
        };
        seeds.all().iter().map(number).collect()
    }
}
