//! Lists of indices of a batch, on the host and on a device.

use crate::index::{to_u32, to_usize};
use crate::{Cpu, Device, Element};

/// Lists on a device, such as the neighbours of nodes: list `i` is `nodes[start[i]..start[i + 1]]`.
#[derive(Debug)]
pub(crate) struct Neighbours<D: Device> {
    pub(crate) start: D::Ints,
    pub(crate) nodes: D::Ints,
}

impl<D: Device> Neighbours<D> {
    /// No lists.
    pub(crate) fn new(device: &D) -> Self {
        Self {
            start: device.ints(),
            nodes: device.ints(),
        }
    }
}

impl<T: Element> Neighbours<Cpu<T>> {
    /// A list, where the device is the host.
    #[inline(always)]
    pub(crate) fn list(&self, number: usize) -> &[u32] {
        &self.nodes[to_usize(self.start[number])..to_usize(self.start[number + 1])]
    }
}

/// Lists of indices, one after the other: list `i` is `entries[start[i]..start[i + 1]]`.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) start: Vec<u32>,
    pub(crate) entries: Vec<u32>,
}

impl Lists {
    pub(crate) fn clear(&mut self) {
        self.start.clear();
        self.start.push(0);
        self.entries.clear();
    }

    pub(crate) fn push(&mut self, list: &[u32]) {
        // A few numbers: a loop, and no call that copies memory.
        self.entries.extend(list.iter().copied());
        self.start.push(to_u32(self.entries.len()));
    }

    /// Adds the colours of some nodes, ascending.
    pub(crate) fn push_sorted(&mut self, nodes: &[u32], colours: &[u32]) {
        let start = self.entries.len();
        self.entries
            .extend(nodes.iter().map(|&node| colours[to_usize(node)]));
        sort_short(&mut self.entries[start..]);
        self.start.push(to_u32(self.entries.len()));
    }

    pub(crate) fn write<D: Device>(&self, device: &D, to: &mut Neighbours<D>) {
        device.write_ints(&mut to.start, &self.start);
        device.write_ints(&mut to.nodes, &self.entries);
    }

    /// For each of `n` values, the lists in which it stands, ascending, as often as it does; from where each list begins, and
    /// where the last one ends, and their entries.
    pub(crate) fn transpose(&mut self, starts: &[u32], entries: &[u32], n: usize) {
        self.start.clear();
        self.start.resize(n + 2, 0);
        // Counts two places further on: filling a list then moves its start to where it belongs.
        for &value in entries {
            self.start[to_usize(value) + 2] += 1;
        }
        for value in 2..n + 2 {
            self.start[value] += self.start[value - 1];
        }
        self.entries.clear();
        self.entries.resize(entries.len(), 0);
        for (list, bounds) in (0_u32..).zip(starts.windows(2)) {
            for &value in &entries[to_usize(bounds[0])..to_usize(bounds[1])] {
                let next = &mut self.start[to_usize(value) + 1];
                self.entries[to_usize(*next)] = list;
                *next += 1;
            }
        }
        self.start.truncate(n + 1);
    }
}

/// Sorts a list, which is nearly always short: a call of a general sort takes longer than sorting it.
pub(crate) fn sort_short(list: &mut [u32]) {
    if list.len() > SHORT {
        list.sort_unstable();
        return;
    }
    for next in 1..list.len() {
        let mut place = next;
        while place > 0 && list[place - 1] > list[place] {
            list.swap(place - 1, place);
            place -= 1;
        }
    }
}

/// Lists of at most so many entries are sorted by insertion.
const SHORT: usize = 8;
