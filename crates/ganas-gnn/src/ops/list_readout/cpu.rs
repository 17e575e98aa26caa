//! Read-out of lists of nodes on the CPU.

use super::{ListReadout, NodeLists, check};
use crate::cpu::at;
use crate::lanes;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> ListReadout for Cpu<T> {
    fn list_readout_fwd(&self, out: ViewMut<'_, Self>, x: View<'_, Self>, lists: &NodeLists<Self>) {
        let c = check(out.shape(), x.shape(), lists.start.len());
        if c == 0 {
            return;
        }
        let (out, x) = (out.host(), x.host());
        self.vectorised(
            #[inline(always)]
            move || {
                for (row, bounds) in out.chunks_exact_mut(2 * c).zip(lists.start.windows(2)) {
                    let list = &lists.nodes[at(bounds[0])..at(bounds[1])];
                    let (mean, last) = row.split_at_mut(c);
                    mean.fill(T::zero());
                    for &node in list {
                        lanes::add(mean, &x[at(node) * c..(at(node) + 1) * c]);
                    }
                    let scale = T::one() / T::of_count(list.len());
                    lanes::apply(mean, |m| m * scale);
                    let node = at(list[list.len() - 1]);
                    last.copy_from_slice(&x[node * c..(node + 1) * c]);
                }
            },
        );
    }

    fn list_readout_bwd(
        &self,
        d_x: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        lists: &NodeLists<Self>,
    ) {
        let c = check(d_out.shape(), d_x.shape(), lists.start.len());
        if c == 0 {
            return;
        }
        let (d_x, d_out) = (d_x.host(), d_out.host());
        self.vectorised(
            #[inline(always)]
            move || {
                for (row, bounds) in d_out.chunks_exact(2 * c).zip(lists.start.windows(2)) {
                    let list = &lists.nodes[at(bounds[0])..at(bounds[1])];
                    let (mean, last) = row.split_at(c);
                    let scale = T::one() / T::of_count(list.len());
                    for &node in list {
                        let d = &mut d_x[at(node) * c..(at(node) + 1) * c];
                        lanes::update(d, mean, |d, m| d + m * scale);
                    }
                    let node = at(list[list.len() - 1]);
                    lanes::add(&mut d_x[node * c..(node + 1) * c], last);
                }
            },
        );
    }
}
