//! Ask/tell searchers, GA-NAS among them, and the driver that owns the loop and the budget.
//!
//! A [`Searcher`] proposes architectures and is told their search metric; it never sees an evaluator, nor the metric
//! that is reported in the end. The [driver](run) owns the loop, the [`Budget`] and the [`Observer`]s.
//! This crate touches no file, no clock and no terminal.

#![forbid(unsafe_code)]

mod budget;
mod constraint;
mod driver;
mod error;
pub mod ga_nas;
mod local_search;
mod observer;
mod random_search;
mod searcher;
mod spec;
mod streams;
#[cfg(test)]
mod toy;
mod trial;

pub use budget::Budget;
pub use constraint::{Bound, ConstrainedSpace, Constraint, Relation};
pub use driver::{ResumePoint, RunOutcome, StopFlag, StopReason, run};
pub use error::{ObserverError, SearchError};
pub use ga_nas::{GaNas, GaNasConfig, Preset, Topology};
pub use local_search::LocalSearch;
pub use observer::{Event, Observer, RoundReport};
pub use random_search::RandomSearch;
pub use searcher::{Proposal, Searcher};
pub use spec::RunSpec;
pub use trial::{Trial, TrialNumber, TrialRecord, TrialState};
