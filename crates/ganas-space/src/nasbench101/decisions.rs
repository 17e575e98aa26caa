//! How a generator builds an architecture: always the same number of decisions, every sequence of which is valid.
//!
//! For each inner vertex in order its operation, then its edges from all earlier vertices, lowest first; at last the
//! edges into the output, lowest source first.
//! With 7 vertices these are 5 + 21 = 26 decisions.
//!
//! An action is legal exactly when an architecture of the space can still be reached:
//!
//! - An edge between other vertices than the output needs at most 8 edges with it, so that one is left for the output,
//!   which the input can always take.
//! - An edge into the output needs at most 9 edges with it. As long as no edge into the output comes from a vertex
//!   that the input reaches, one more edge must be left for such a vertex that is still to come, or this must be one.
//! - Leaving out an edge into the output needs the same: an earlier one, or an edge and a vertex that are still to
//!   come.
//!
//! Edges that pruning will remove count like all others, so an architecture as it is built has at most 9 edges, while
//! the official limit counts after pruning only. Every cell can be built nevertheless: its canonical form, filled up
//! with vertices without edges, is within the limit.

use crate::{Action, Arch, Choice, Decision, LegalActions, OpId, Partial, VertexId};

use super::cell::{INPUT, MAX_EDGES, N_OPS, OUTPUT, bits, reachable};

/// Both actions of an edge.
const ABSENT: u64 = 0b01;
const PRESENT: u64 = 0b10;

/// The prior of every edge.
///
/// Draws from it are small: pruning leaves 3.1 vertices on average. Priors that want an edge in and an edge out of every
/// vertex give 5.8, but GA-NAS was worse with them: docs/METHOD.md.
const EVEN: f64 = 0.0;

/// Where a partial architecture stands.
struct Place {
    /// The vertex that is being decided.
    vertex: usize,
    /// The next source, or `None` when the operation comes next.
    from: Option<usize>,
}

/// The state before the first decision: the input vertex.
pub(super) fn start() -> Partial {
    let mut partial = Partial::empty();
    partial.push_vertex(INPUT, 0);
    partial
}

/// The next decision of an architecture with `n` vertices.
pub(super) fn decision(n: usize, partial: &Partial) -> Option<Decision> {
    let Place { vertex, from } = place(n, partial)?;
    let to = vertex_id(vertex);
    Some(match from {
        None => Decision {
            choice: Choice::Label { vertex: to },
            legal: LegalActions((1 << N_OPS) - 1),
            prior_log_odds: 0.0,
        },
        Some(from) => Decision {
            choice: Choice::Edge {
                from: vertex_id(from),
                to,
            },
            legal: LegalActions(legal_edge(n, partial, vertex, from)),
            prior_log_odds: EVEN,
        },
    })
}

/// Takes a decision that is known to be legal.
pub(super) fn apply(n: usize, partial: &mut Partial, action: Action) {
    let Some(Place { vertex, from }) = place(n, partial) else {
        return;
    };
    partial.push_action(action);
    if from.is_some_and(|from| from + 1 == vertex) {
        let edges = pending_edges(partial, vertex);
        let label = if vertex + 1 == n {
            OUTPUT
        } else {
            OpId(partial.actions()[partial.actions().len() - vertex - 1].0)
        };
        partial.push_vertex(label, edges);
    }
}

/// The decisions that build an architecture with `n` vertices.
pub(super) fn actions_of(n: usize, arch: &Arch) -> Vec<Action> {
    let mut actions = Vec::new();
    for (v, (label, sources)) in arch.labels().iter().zip(arch.predecessors()).enumerate() {
        if v > 0 && v + 1 < n {
            actions.push(Action(label.0));
        }
        actions.extend((0..v).map(|u| Action(u8::from(sources >> u & 1 == 1))));
    }
    actions
}

/// What comes next, from the number of decisions so far; `None` after the last.
fn place(n: usize, partial: &Partial) -> Option<Place> {
    let vertex = partial.labels().len();
    if vertex >= n {
        return None;
    }
    // Each complete inner vertex took a label and its edges.
    let before: usize = (1..vertex).map(|v| 1 + v).sum();
    let taken = partial.actions().len() - before;
    let labels = usize::from(vertex + 1 < n);
    Some(Place {
        vertex,
        from: taken.checked_sub(labels),
    })
}

/// The predecessor set of the vertex whose last decided edges are the last actions.
fn pending_edges(partial: &Partial, decided: usize) -> u64 {
    let actions = partial.actions();
    actions[actions.len() - decided..]
        .iter()
        .enumerate()
        .fold(0, |set, (u, action)| set | u64::from(action.0 & 1) << u)
}

/// The number of edges so far, with those into the vertex that is being decided.
fn n_edges(partial: &Partial, decided: usize) -> u32 {
    let complete: u32 = partial
        .predecessors()
        .iter()
        .map(|set| set.count_ones())
        .sum();
    complete + pending_edges(partial, decided).count_ones()
}

/// The legal actions for the edge between two vertices.
fn legal_edge(n: usize, partial: &Partial, vertex: usize, from: usize) -> u64 {
    let pending = pending_edges(partial, from);
    let n_edges = n_edges(partial, from);
    if vertex + 1 < n {
        let present = if n_edges + 1 < MAX_EDGES { PRESENT } else { 0 };
        return ABSENT | present;
    }
    let reached = reachable(partial.predecessors());
    let connected = pending & reached != 0;
    let later = bits(reached).any(|v| v > from);
    let absent = connected || later && n_edges < MAX_EDGES;
    let present = n_edges < MAX_EDGES
        && (connected || reached >> from & 1 == 1 || later && n_edges + 1 < MAX_EDGES);
    (u64::from(absent) * ABSENT) | (u64::from(present) * PRESENT)
}

fn vertex_id(vertex: usize) -> VertexId {
    VertexId(u8::try_from(vertex).expect("invariant: a cell has at most 7 vertices"))
}
