//! What an architecture is: search spaces, text codecs, canonical keys, parameters and FLOPs.
//!
//! An [`Arch`] is a validated, labelled, directed acyclic graph.
//! A [`SearchSpace`] says which graphs belong to it, how they are written as text, which of them compute the same
//! function ([`SearchSpace::key`]), and how a generator builds one decision by decision ([`blueprint`]).
//! This crate knows no network, no benchmark table and no file.
//!
//! A space of one's own is described [in TOML](custom), or written in Rust: [`blueprint`] has a complete example.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests read published tables")
)]

mod arch;
pub mod blueprint;
mod cell_changes;
pub mod chain;
mod cost_bounds;
mod cost_table;
mod costs;
pub mod custom;
pub mod darts;
mod decisions;
mod edge_cell_text;
mod error;
mod excerpt;
mod full_cell;
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod known_network;
pub mod laws;
pub mod layers;
pub mod limits;
mod literal;
pub mod nasbench101;
pub mod nasbench201;
mod registry;
pub mod restriction;
mod space;
mod stated_bound;
pub mod suggestion;
#[cfg(test)]
mod test_tables;
mod text_form;
mod text_reader;
mod vertex_set;

pub(crate) use blueprint::Completions;

pub use arch::{Arch, OpId, VertexId};
pub use cost_bounds::{CostBounds, CostRange};
pub use cost_table::{CostTable, Part};
pub use costs::{Cost, CostState, Costs};
pub use decisions::{Action, Choice, Decision, LegalActions, Partial};
pub use error::SpaceError;
pub use key::ArchKey;
pub use known_network::KnownNetwork;
pub use registry::{by_name, names};
pub use restriction::{RestrictedSpace, Restriction};
pub use space::{Constraints, Enumeration, SearchSpace};
pub use stated_bound::StatedBound;
pub use text_form::TextForm;
pub use text_reader::Reader;
