//! Ask/tell searchers, GA-NAS among them, and the driver that owns the loop and the budget.
//!
//! A [`Searcher`] proposes architectures and is told their search metric; it never sees an evaluator, nor the metric
//! that is reported in the end. The [driver](Run) owns the loop, the [`Budget`] and the [`Observer`]s.
//! This crate touches no file, no clock and no terminal.
//!
//! # Ask and tell
//!
//! A program that evaluates in its own way needs neither the driver nor an [`Evaluator`](ganas_eval::Evaluator):
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use ganas_eval::SearchMetric;
//! use ganas_search::{RandomSearch, Searcher, Trial, TrialNumber};
//! use ganas_space::Arch;
//!
//! /// Stands for a training: larger is better.
//! fn train(arch: &Arch) -> f64 {
//!     f64::from(arch.n_edges())
//! }
//!
//! let space = ganas_space::by_name("nasbench201")?;
//! let mut searcher = RandomSearch::new(Arc::clone(&space), 7);
//! let mut known = BTreeMap::new();
//! let mut trials: Vec<Trial> = Vec::new();
//! for round in 0..5 {
//!     let first = trials.len();
//!     for proposal in searcher.ask(10)? {
//!         let is_repeat = known.contains_key(&proposal.key);
//!         let value = *known.entry(proposal.key).or_insert_with(|| train(&proposal.arch));
//!         let number = TrialNumber(trials.len().try_into()?);
//!         let trial = Trial::new(number, round, proposal, Ok(SearchMetric::maximized(value)));
//!         trials.push(if is_repeat { trial.repeated() } else { trial });
//!     }
//!     searcher.tell(&trials[first..])?;
//! }
//! let best = trials.iter().max_by(|a, b| a.search().partial_cmp(&b.search()).unwrap());
//! println!("{}", space.encode(&best.expect("50 trials").arch));
//! # assert_eq!(known.len(), 50);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod bananas;
mod budget;
mod config_check;
mod constraint;
mod cross_entropy;
mod drawn;
mod driver;
mod error;
mod evolution;
mod fixed_list;
pub mod ga_nas;
mod gaussian_process;
mod ledger;
mod local_search;
mod merit;
mod method;
#[cfg(test)]
mod method_tests;
mod mutation;
mod naszilla;
mod objectives;
mod observer;
pub mod pareto;
mod random_search;
mod reinforce;
mod searcher;
mod spec;
mod start;
mod streams;
pub mod theory;
#[cfg(test)]
mod toy;
mod trial;
mod unseen;

pub use bananas::{Bananas, BananasConfig, Encoding};
pub use budget::Budget;
pub use constraint::{
    Bound, ConstrainedSpace, Constraint, ListedSpace, MeasuredBound, Relation, WithMeasuredBounds,
};
pub use cross_entropy::{CrossEntropy, CrossEntropyConfig};
pub use drawn::DrawsConfig;
pub use driver::{
    Pace, ResumePoint, Run, RunOutcome, Rungs, StopBelow, StopFlag, StopReason, Until,
};
pub use error::{ObserverError, SearchError};
pub use evolution::{Evolution, EvolutionConfig, Mutation};
pub use fixed_list::{ByColumnsConfig, ByParametersConfig, FixedList, PropertyOrder};
pub use ga_nas::{GaNas, GaNasConfig, Preset, Topology, Violations};
pub use gaussian_process::{GaussianProcess, GaussianProcessConfig, KernelKind};
pub use ledger::{Entry, Ledger};
pub use local_search::LocalSearch;
pub use merit::{Merit, worths};
pub use method::{Method, MethodSearcher};
pub use naszilla::{NaszillaConfig, NaszillaLocalSearch, Stride};
pub use objectives::{Objective, Objectives};
pub use observer::{Event, Observer, RoundReport};
pub use random_search::RandomSearch;
pub use reinforce::{Reinforce, ReinforceConfig};
pub use searcher::{Proposal, Searcher};
pub use spec::RunSpec;
pub use trial::{Trial, TrialNumber, TrialRecord, TrialState};
