//! What nodes see of their neighbours, and the distinct outputs that follow.

use crate::index::{to_u32, to_usize};
use crate::lists::sort_short;

/// The distinct outputs of a level, and a table to find them by what they read: open addressing with linear probing.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// The first node with each output, and the number of such nodes.
    pub(super) first: Vec<u32>,
    pub(super) members: Vec<u32>,
    /// `base + 1` and the number of the output; what is not above `base` is left from earlier levels.
    slots: Vec<u32>,
    base: u32,
}

/// What each node sees: its own colour, and those of its predecessors and successors, ascending.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) own: &'a [u32],
    pub(super) starts: [&'a [u32]; 2],
    pub(super) colours: [&'a [u32]; 2],
}

impl<'a> Seen<'a> {
    /// The colours of a node's predecessors and successors.
    #[inline]
    pub(super) fn around(&self, node: usize) -> [&'a [u32]; 2] {
        let list = |d: usize| {
            &self.colours[d][to_usize(self.starts[d][node])..to_usize(self.starts[d][node + 1])]
        };
        [list(0), list(1)]
    }

    /// Whether two nodes see the same.
    #[inline]
    fn same(&self, a: usize, b: usize) -> bool {
        self.own[a] == self.own[b] && self.around(a) == self.around(b)
    }

    /// A hash of what a node sees.
    #[inline]
    fn hash(&self, node: usize) -> u64 {
        let [predecessors, successors] = self.around(node);
        let mut hash = mix(0, self.own[node]);
        for &colour in predecessors {
            hash = mix(hash, colour);
        }
        hash = mix(hash, u32::MAX);
        for &colour in successors {
            hash = mix(hash, colour);
        }
        hash
    }
}

/// Fills in the colours of the neighbours of each node, ascending.
pub(super) fn see(seen: &mut Vec<u32>, (start, nodes): (&[u32], &[u32]), colours: &[u32]) {
    seen.clear();
    seen.extend(nodes.iter().map(|&node| colours[to_usize(node)]));
    for bounds in start.windows(2) {
        sort_short(&mut seen[to_usize(bounds[0])..to_usize(bounds[1])]);
    }
}

impl Outputs {
    /// Numbers the distinct outputs in the order of their first nodes, and fills `numbers` with that of each node.
    /// `members` has the number of nodes with each colour: a node that is alone with its colour has an output of its own.
    pub(super) fn find(&mut self, seen: Seen<'_>, members: &[u32], numbers: &mut Vec<u32>) {
        let n = seen.own.len();
        self.clear(n);
        numbers.clear();
        for (node, &colour) in (0_u32..).zip(seen.own) {
            let number = if members[to_usize(colour)] == 1 {
                self.add(node)
            } else {
                self.intern(node, seen)
            };
            numbers.push(number);
        }
    }

    /// The same where the colours after the layer are known, of which there are `n_colours`: each is an output.
    pub(super) fn look_up(&mut self, colours: &[u32], n_colours: usize, numbers: &mut Vec<u32>) {
        // Every colour has its slot.
        self.clear(n_colours);
        numbers.clear();
        for (node, &colour) in (0_u32..).zip(colours) {
            let slot = self.slots[to_usize(colour)];
            let number = if slot > self.base {
                let output = slot - self.base - 1;
                self.members[to_usize(output)] += 1;
                output
            } else {
                let output = self.add(node);
                self.slots[to_usize(colour)] = self.base + 1 + output;
                output
            };
            numbers.push(number);
        }
    }

    /// Prepares for at most `capacity` outputs.
    fn clear(&mut self, capacity: usize) {
        let size = (2 * capacity).next_power_of_two().max(2);
        let used = to_u32(self.first.len());
        match self.base.checked_add(used) {
            Some(base) if self.slots.len() >= size && base < u32::MAX / 2 => self.base = base,
            _ => {
                self.slots.clear();
                self.slots.resize(size, 0);
                self.base = 0;
            }
        }
        self.first.clear();
        self.members.clear();
    }

    /// Adds the output of a node that shares it with none before it.
    fn add(&mut self, node: u32) -> u32 {
        let output = to_u32(self.first.len());
        self.first.push(node);
        self.members.push(1);
        output
    }

    /// The output of a node, which is added when there is none.
    fn intern(&mut self, node: u32, seen: Seen<'_>) -> u32 {
        let mask = self.slots.len() - 1;
        let mut slot = (seen.hash(to_usize(node)) >> 32) as usize & mask;
        while self.slots[slot] > self.base {
            let output = self.slots[slot] - self.base - 1;
            if seen.same(to_usize(self.first[to_usize(output)]), to_usize(node)) {
                self.members[to_usize(output)] += 1;
                return output;
            }
            slot = (slot + 1) & mask;
        }
        let output = self.add(node);
        self.slots[slot] = self.base + 1 + output;
        output
    }
}

/// Adds a number to a hash.
fn mix(hash: u64, number: u32) -> u64 {
    (hash.rotate_left(23) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
