//! What an architecture is: search spaces, text codecs, canonical keys, parameters and FLOPs.
//!
//! An [`Arch`] is a validated, labelled, directed acyclic graph.
//! A [`SearchSpace`] says which graphs belong to it, how they are written as text, which of them compute the same
//! function ([`SearchSpace::key`]), and how a generator builds one decision by decision
//! ([`SearchSpace::decision`], [`SearchSpace::apply`], [`SearchSpace::finish`]).
//! This crate knows no network, no benchmark table and no file.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read published tables")
)]

mod arch;
mod blueprint;
mod cell_changes;
pub mod chain;
mod cost;
mod cost_bounds;
pub mod darts;
mod edge_cell_text;
mod error;
mod full_cell;
mod key;
mod layers;
mod member;
pub mod nasbench101;
pub mod nasbench201;
pub mod own;
mod registry;
mod space;
mod stated_bound;
pub mod suggestion;
#[cfg(test)]
mod tests;
mod text_reader;
mod vertex_set;

pub use arch::{Arch, OpId, VertexId};
pub use cost::Cost;
pub use cost_bounds::{CostBounds, CostRange, CostState};
pub use error::SpaceError;
pub use key::ArchKey;
pub use member::Member;
pub use registry::{by_name, names};
pub use space::{Action, Choice, Decision, LegalActions, Partial, SearchSpace};
pub use stated_bound::StatedBound;
