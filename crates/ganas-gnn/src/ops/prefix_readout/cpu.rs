//! Read-out of growing graphs on the CPU.

use super::{PrefixReadout, check};
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> PrefixReadout for Cpu<T> {
    fn prefix_readout_fwd(
        &self,
        out: ViewMut<'_, Self>,
        x: View<'_, Self>,
        prefixes: &[usize],
        n_nodes: usize,
    ) {
        let [graphs, c] = check(out.shape(), x.shape(), prefixes, n_nodes);
        let (out, x) = (out.host(), x.host());
        if graphs == 0 || c == 0 {
            return;
        }
        self.vectorised(move || {
            for (rows, &k) in out.chunks_exact_mut(graphs * 2 * c).zip(prefixes) {
                let scale = T::one() / T::of_count(k);
                for (row, nodes) in rows
                    .chunks_exact_mut(2 * c)
                    .zip(x.chunks_exact(n_nodes * c))
                {
                    let (mean, last) = row.split_at_mut(c);
                    mean.fill(T::zero());
                    for node in nodes.chunks_exact(c).take(k) {
                        for (m, &value) in mean.iter_mut().zip(node) {
                            *m += value;
                        }
                    }
                    for m in mean {
                        *m *= scale;
                    }
                    last.copy_from_slice(&nodes[(k - 1) * c..k * c]);
                }
            }
        });
    }

    fn prefix_readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        prefixes: &[usize],
        n_nodes: usize,
    ) {
        let [graphs, c] = check(d_out.shape(), d_x.shape(), prefixes, n_nodes);
        let (d_x, d_out) = (d_x.host(), d_out.host());
        if graphs == 0 || c == 0 {
            return;
        }
        self.vectorised(move || {
            for (rows, &k) in d_out.chunks_exact(graphs * 2 * c).zip(prefixes) {
                let scale = T::one() / T::of_count(k);
                for (row, nodes) in rows
                    .chunks_exact(2 * c)
                    .zip(d_x.chunks_exact_mut(n_nodes * c))
                {
                    let (mean, last) = row.split_at(c);
                    for node in nodes.chunks_exact_mut(c).take(k) {
                        for (d, &m) in node.iter_mut().zip(mean) {
                            *d += m * scale;
                        }
                    }
                    for (d, &l) in nodes[(k - 1) * c..k * c].iter_mut().zip(last) {
                        *d += l;
                    }
                }
            }
        });
    }
}
