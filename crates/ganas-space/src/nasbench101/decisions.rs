//! How a generator builds an architecture: always the same number of decisions, every sequence of which is valid.
//!
//! For each inner vertex in order its operation, then its edges from all earlier vertices, lowest first; at last the
//! edges into the output, lowest source first.
//! With 7 vertices these are 5 + 21 = 26 decisions.
//! An action is legal exactly when an architecture of the space can still be reached.
//!
//! Edges that pruning will remove count like all others, so an architecture as it is built has at most 9 edges, while
//! the official limit counts after pruning only. Every cell can be built nevertheless: its canonical form, filled up
//! with vertices without edges, is within the limit.
//!
//! Draws from the even prior of the edges are small: pruning leaves 3.1 vertices on average. Priors that want an edge in
//! and an edge out of every vertex give 5.8, but GA-NAS was worse with them: docs/METHOD.md.

use std::sync::LazyLock;

use crate::blueprint::Blueprint;

use super::cell::{LABELS, MAX_EDGES, N_OPS};
use super::vertices::Vertices;

/// The decisions of each sub-space.
static BLUEPRINTS: LazyLock<[Blueprint; Vertices::ALL.len()]> = LazyLock::new(|| {
    Vertices::ALL.map(|vertices| {
        let operations = LABELS[..usize::from(N_OPS)].iter().copied();
        Blueprint::free_cell(vertices.name(), operations, vertices.count())
            .with_max_edges(MAX_EDGES)
    })
});

/// The decisions of a sub-space.
pub(super) fn blueprint(vertices: Vertices) -> &'static Blueprint {
    &BLUEPRINTS[vertices as usize]
}
