//! Read-out on the CPU.

use super::{Readout, check};
use crate::cpu::at;
use crate::{Cpu, Element, GraphBatch, View, ViewMut};

impl<T: Element> Readout for Cpu<T> {
    fn readout_fwd(&self, out: ViewMut<'_, Self>, x: View<'_, Self>, graphs: &GraphBatch<Self>) {
        let c = check(graphs, out.shape(), x.shape());
        if c == 0 {
            return;
        }
        let (out, x) = (out.host(), x.host());
        self.vectorised(#[inline(always)] move || {
            for (row, bounds) in out
                .chunks_exact_mut(2 * c)
                .zip(graphs.graph_start.windows(2))
            {
                let (mean, last) = row.split_at_mut(c);
                let nodes = &x[at(bounds[0]) * c..at(bounds[1]) * c];
                let scale = T::one() / T::of_count(nodes.len() / c);
                mean.fill(T::zero());
                for node in nodes.chunks_exact(c) {
                    for (m, &value) in mean.iter_mut().zip(node) {
                        *m += value;
                    }
                }
                for m in mean {
                    *m *= scale;
                }
                last.copy_from_slice(&nodes[nodes.len() - c..]);
            }
        });
    }

    fn readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        graphs: &GraphBatch<Self>,
    ) {
        let c = check(graphs, d_out.shape(), d_x.shape());
        if c == 0 {
            return;
        }
        let (d_x, d_out) = (d_x.host(), d_out.host());
        self.vectorised(#[inline(always)] move || {
            for (row, bounds) in d_out.chunks_exact(2 * c).zip(graphs.graph_start.windows(2)) {
                let (mean, last) = row.split_at(c);
                let nodes = &mut d_x[at(bounds[0]) * c..at(bounds[1]) * c];
                let scale = T::one() / T::of_count(nodes.len() / c);
                for node in nodes.chunks_exact_mut(c) {
                    for (d, &m) in node.iter_mut().zip(mean) {
                        *d = m * scale;
                    }
                }
                let end = nodes.len();
                for (d, &l) in nodes[end - c..].iter_mut().zip(last) {
                    *d += l;
                }
            }
        });
    }
}
