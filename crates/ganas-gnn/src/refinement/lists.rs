//! Lists of indices of a batch.

use super::narrow;
use super::outputs::sort_short;
use crate::Device;
use crate::cpu::at;
use crate::graph::Neighbours;

/// Lists of indices, one after the other.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) start: Vec<u32>,
    pub(super) entries: Vec<u32>,
}

impl Lists {
    pub(super) fn clear(&mut self) {
        self.start.clear();
        self.start.push(0);
        self.entries.clear();
    }

    pub(super) fn push(&mut self, list: &[u32]) {
        // A few numbers: a loop, and no call that copies memory.
        self.entries.extend(list.iter().copied());
        self.start.push(narrow(self.entries.len()));
    }

    /// Adds the colours of some nodes, ascending.
    pub(super) fn push_sorted(&mut self, nodes: &[u32], colours: &[u32]) {
        let start = self.entries.len();
        self.entries
            .extend(nodes.iter().map(|&node| colours[at(node)]));
        sort_short(&mut self.entries[start..]);
        self.start.push(narrow(self.entries.len()));
    }

    pub(super) fn write<D: Device>(&self, device: &D, to: &mut Neighbours<D>) {
        device.write_ints(&mut to.start, &self.start);
        device.write_ints(&mut to.nodes, &self.entries);
    }

    /// For each of `n` values, the lists in which it stands, ascending, as often as it does.
    pub(super) fn transpose(&mut self, lists: &Self, n: usize) {
        self.start.clear();
        self.start.resize(n + 2, 0);
        // Counts two places further on: filling a list then moves its start to where it belongs.
        for &value in &lists.entries {
            self.start[value as usize + 2] += 1;
        }
        for value in 2..n + 2 {
            self.start[value] += self.start[value - 1];
        }
        self.entries.clear();
        self.entries.resize(lists.entries.len(), 0);
        for (list, bounds) in (0_u32..).zip(lists.start.windows(2)) {
            for &value in &lists.entries[bounds[0] as usize..bounds[1] as usize] {
                let next = &mut self.start[value as usize + 1];
                self.entries[*next as usize] = list;
                *next += 1;
            }
        }
        self.start.truncate(n + 1);
    }
}
