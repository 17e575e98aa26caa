//! Scores of edges on the CPU.

use super::{EdgeScoreDerivatives, EdgeScoreInputs, EdgeScores};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::ops::pair_scores::cpu::{active, hidden_unit, weigh};
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

/// The work of a unit of an edge in multiply-adds of a product that take as long.
const EDGE_WORK: usize = 8;

impl<T: Element> EdgeScores for Cpu<T> {
    fn edge_scores_fwd_kernel(
        &self,
        scores: ViewMut<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
        Checked([n, _, _, c]): Checked<4>,
    ) {
        let (nodes, decisions) = (inputs.nodes.host(), inputs.decisions.host());
        let (w, constant) = (&inputs.w.host()[..c], inputs.w.host()[c]);
        let scores = scores.host();
        let rows = block_rows(n, EDGE_WORK * c);
        let edges = scores.chunks_mut(rows);
        let ends = (inputs.node_of.chunks(rows)).zip(inputs.decision_of.chunks(rows));
        for_each(edges.zip(ends), |(scores, (node_of, decision_of))| {
            self.vectorised(
                #[inline(always)]
                || {
                    for ((s, &n), &d) in scores.iter_mut().zip(node_of).zip(decision_of) {
                        let (x, u) = (row(nodes, n, c), row(decisions, d, c));
                        *s = constant + simd_rows::sum(x, u, w, hidden_unit);
                    }
                },
            );
        });
    }

    fn edge_scores_bwd_kernel(
        &self,
        out: EdgeScoreDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: EdgeScoreInputs<'_, Self>,
        Checked([_, _, _, c]): Checked<4>,
    ) {
        let (nodes, decisions) = (inputs.nodes.host(), inputs.decisions.host());
        let (d_nodes, d_decisions) = (out.d_nodes.host(), out.d_decisions.host());
        let (d, w) = (d_scores.host(), &inputs.w.host()[..c]);
        let (d_w, d_constant) = out.d_w.host().split_at_mut(c);
        d_nodes.fill(T::zero());
        d_decisions.fill(T::zero());
        d_constant[0] += d.iter().copied().sum();
        if c == 0 {
            return;
        }
        // First the sums of the upstream derivatives of the edges in which a unit is active, for each node and for each
        // decision; each thread has some rows, and looks for them in the whole list.
        for (sums, own, own_of, others, other_of) in [
            (
                &mut *d_nodes,
                nodes,
                inputs.node_of,
                decisions,
                inputs.decision_of,
            ),
            (
                &mut *d_decisions,
                decisions,
                inputs.decision_of,
                nodes,
                inputs.node_of,
            ),
        ] {
            let entries = (sums.len() / c).max(1);
            let rows = block_rows(entries, EDGE_WORK * c * d.len() / entries);
            for_each(
                sums.chunks_mut(rows * c)
                    .zip(own.chunks(rows * c))
                    .enumerate(),
                |(block, (sums, own))| {
                    let (first, n) = (block * rows, sums.len() / c);
                    self.vectorised(
                        #[inline(always)]
                        || {
                            for ((&d, &i), &j) in d.iter().zip(own_of).zip(other_of) {
                                // Rows before the first one wrap around to numbers beyond the last.
                                let i = to_usize(i).wrapping_sub(first);
                                if i < n {
                                    let place = i * c..(i + 1) * c;
                                    let (sums, x) = (&mut sums[place.clone()], &own[place]);
                                    simd_rows::accumulate(sums, x, row(others, j, c), |x, y| {
                                        active(d, x + y)
                                    });
                                }
                            }
                        },
                    );
                },
            );
        }
        weigh(self, d_w, w, [(d_nodes, nodes), (d_decisions, decisions)]);
    }
}

#[inline(always)]
fn row<T>(matrix: &[T], number: u32, c: usize) -> &[T] {
    &matrix[to_usize(number) * c..(to_usize(number) + 1) * c]
}
