//! Experiments in neural architecture search, from one builder.
//!
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(all(feature = "surrogates", feature = "tables", feature = "workers")),
    allow(dead_code, reason = "some of what is shared serves one feature only")
)]

mod clock;
mod closed_form;
pub mod compare;
pub mod comparison;
mod error;
pub mod evaluate;
mod experiment;
pub mod exports;
mod function;
mod restrictions;
mod spaces;
#[cfg(feature = "reports")]
pub mod study_report;
#[cfg(feature = "tables")]
pub mod tables;
pub mod theory;

pub use error::{Error, is_usage};
pub use evaluate::{Evaluate, EvaluationList};
pub use experiment::{
    ACCURACY, Algorithm, AlgorithmName, AlgorithmSettings, DeviceChoice, Experiment, GivenBound,
    Goals, MAX_THREADS, MissingRows, OpenDevice, ReferencePoint, RungSettings, Search, Seeds,
    devices,
};
#[cfg(feature = "benchmarks")]
pub use ganas_benchmarks as benchmarks;
#[cfg(feature = "reports")]
pub use ganas_figures as figures;
#[cfg(feature = "surrogates")]
pub use ganas_surrogate as surrogate;
#[cfg(feature = "tables")]
pub use ganas_table as table;
#[cfg(feature = "workers")]
pub use ganas_worker as worker;
pub use {
    ganas_eval as eval, ganas_files as files, ganas_formats as formats, ganas_report as report,
    ganas_search as search, ganas_store as store,
};

pub use ganas_eval::{
    Contradiction, Direction, Evaluator, MetricOverrides, MetricRange, MetricRole,
};
pub use ganas_report::records::{RunRecord, SearchRecord};
pub use ganas_search::{Budget, StopFlag};
pub use ganas_space::{Arch, ArchKey, SearchSpace};

/// Search spaces: those that are built in, those that are described in TOML, and what a space of one's own consists of.
pub mod space {
    pub use crate::closed_form::names as cost_names;
    pub use crate::experiment::{computed_constraints, stated_constraints};
    pub use crate::spaces::{Described, open, open_described, restricted, sample};
    pub use ganas_space::*;
}

/// The variable in which the command line finds [`Folders::data`]; messages name it.
pub const DATA_VARIABLE: &str = "GANAS_DATA";

/// Where an experiment finds and keeps files that are not named, and how large files may become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    /// Benchmark data, for experiments that name no table and no surrogate.
    pub data: Option<std::path::PathBuf>,
    /// What can be made again: imported tables and compiled kernels.
    pub cache: Option<std::path::PathBuf>,
    /// What a file may become when it is read, when its size is not to decide.
    pub max_unpacked: ganas_formats::MaxUnpacked,
}

impl Folders {
    /// The folder for what can be made again.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn cache(&self) -> Result<&std::path::Path, Error> {
        self.cache.as_deref().ok_or_else(|| {
            Error::Failed(
                "there is no folder for caches: set XDG_CACHE_HOME or HOME, or import the table yourself with \
                 `ganas table import` and name it with --table"
                    .to_owned(),
            )
        })
    }
}
