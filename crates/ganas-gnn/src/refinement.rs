//! Colour refinement: which nodes of a batch have the same embedding, layer by layer.
//!
//! A layer of GraphConv sees of a node its own input, the multiset of its predecessors' and that of its successors'. So
//! nodes whose inputs and neighbours' inputs are equal have equal outputs (Weisfeiler and Leman, 1968; for networks Morris
//! et al., 2019), and a layer need only compute each distinct output, its colour, once. Nothing is approximated; only
//! sums over neighbours are taken in the order of their colours.
//!
//! The colours between two layers are numbered so that those of nodes with successors, which the next layer reads as
//! predecessors, are consecutive, and those of nodes with predecessors as well: no other colour is projected for that.

use std::ops::Range;

use crate::graph::Neighbours;
use crate::{Device, GraphBatch};

/// The colours of a batch after each layer.
#[derive(Debug)]
pub(crate) struct Refinement<D: Device> {
    levels: Vec<Level<D>>,
    /// The colour of each node after the last layer.
    colours: Vec<u32>,
    next: Vec<u32>,
    sorted: [Vec<u32>; 2],
    host: HostLevel,
    ordered: HostLevel,
    order: Order,
    transposed: Lists,
}

/// How the outputs of a layer, one for each colour after it, come from its inputs, one for each colour before it.
#[derive(Debug)]
pub(crate) struct Level<D: Device> {
    /// Colours before the layer.
    pub(crate) n_inputs: usize,
    /// Colours after the layer.
    pub(crate) n_outputs: usize,
    /// The inputs that are read as root, which are all, as predecessor and as successor; there may be others among them.
    pub(crate) read_as: [Range<usize>; 3],
    /// The input of each output's own node.
    pub(crate) root: D::Ints,
    /// The inputs of its predecessors, with repetition.
    pub(crate) predecessors: Neighbours<D>,
    /// The inputs of its successors, with repetition.
    pub(crate) successors: Neighbours<D>,
    /// For each input, the outputs that read it as root, as predecessor and as successor.
    pub(crate) readers: [Neighbours<D>; 3],
}

/// Lists of indices, one after the other.
#[derive(Debug, Default)]
struct Lists {
    start: Vec<u32>,
    entries: Vec<u32>,
}

/// A level on the host, and a table to find an output by its inputs: open addressing with linear probing.
#[derive(Debug, Default)]
struct HostLevel {
    root: Lists,
    predecessors: Lists,
    successors: Lists,
    /// `base + 1` and the number of the output; what is not above `base` is left from earlier levels.
    slots: Vec<u32>,
    base: u32,
}

impl<D: Device> Refinement<D> {
    pub(crate) fn new() -> Self {
        Self {
            levels: Vec::new(),
            colours: Vec::new(),
            next: Vec::new(),
            sorted: [Vec::new(), Vec::new()],
            host: HostLevel::default(),
            ordered: HostLevel::default(),
            order: Order::default(),
            transposed: Lists::default(),
        }
    }

    /// What each layer computes.
    pub(crate) fn levels(&self) -> &[Level<D>] {
        &self.levels
    }

    /// The colour of each node after the last layer.
    pub(crate) fn colours(&self) -> &[u32] {
        &self.colours
    }

    /// Refines the labels of a batch, of which there are `n_labels`, for a number of layers.
    pub(crate) fn refine(
        &mut self,
        device: &D,
        graphs: &GraphBatch<D>,
        n_labels: usize,
        layers: usize,
    ) {
        self.levels.resize_with(layers, || Level::new(device));
        self.colours.clear();
        self.colours.extend_from_slice(graphs.labels_from(0));
        let mut n_inputs = n_labels;
        let mut read_as = [0..n_labels, 0..n_labels, 0..n_labels];
        for layer in 0..layers {
            self.refine_once(graphs);
            let n_outputs = self.host.root.entries.len();
            let level = &mut self.levels[layer];
            (level.n_inputs, level.n_outputs) = (n_inputs, n_outputs);
            level.read_as = read_as;
            read_as = self.order.find(&self.host);
            self.order.apply(&self.host, &mut self.ordered);
            for colour in &mut self.colours {
                *colour = self.order.number[*colour as usize];
            }
            self.ordered.write(device, level, &mut self.transposed);
            n_inputs = n_outputs;
        }
    }

    /// Replaces the colours by those after one more layer, and fills the host's level.
    fn refine_once(&mut self, graphs: &GraphBatch<D>) {
        self.host.clear(graphs.n_nodes());
        self.next.clear();
        for node in 0..graphs.n_nodes() {
            for (sorted, nodes) in self.sorted.iter_mut().zip(graphs.neighbours(node)) {
                sorted.clear();
                sorted.extend(nodes.iter().map(|&u| self.colours[u as usize]));
                sorted.sort_unstable();
            }
            let colour = self.host.intern(self.colours[node], &self.sorted);
            self.next.push(colour);
        }
        std::mem::swap(&mut self.colours, &mut self.next);
    }
}

impl<D: Device> Level<D> {
    fn new(device: &D) -> Self {
        let neighbours = || Neighbours {
            start: device.ints(),
            nodes: device.ints(),
        };
        Self {
            n_inputs: 0,
            n_outputs: 0,
            read_as: [0..0, 0..0, 0..0],
            root: device.ints(),
            predecessors: neighbours(),
            successors: neighbours(),
            readers: [neighbours(), neighbours(), neighbours()],
        }
    }
}

impl HostLevel {
    /// Prepares for at most `capacity` outputs.
    fn clear(&mut self, capacity: usize) {
        let size = (2 * capacity).next_power_of_two().max(2);
        let used = narrow(self.root.entries.len());
        match self.base.checked_add(used) {
            Some(base) if self.slots.len() >= size && base < u32::MAX / 2 => self.base = base,
            _ => {
                self.slots.clear();
                self.slots.resize(size, 0);
                self.base = 0;
            }
        }
        for lists in [&mut self.root, &mut self.predecessors, &mut self.successors] {
            lists.clear();
        }
    }

    /// The output with these inputs, which is added when there is none.
    fn intern(&mut self, root: u32, [predecessors, successors]: &[Vec<u32>; 2]) -> u32 {
        let mut hash = mix(0, root);
        for &input in predecessors {
            hash = mix(hash, input);
        }
        hash = mix(hash, u32::MAX);
        for &input in successors {
            hash = mix(hash, input);
        }
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 32) as usize & mask;
        while self.slots[slot] > self.base {
            let output = (self.slots[slot] - self.base - 1) as usize;
            if self.root.entries[output] == root
                && self.predecessors.list(output) == predecessors.as_slice()
                && self.successors.list(output) == successors.as_slice()
            {
                return narrow(output);
            }
            slot = (slot + 1) & mask;
        }
        let output = narrow(self.root.entries.len());
        self.slots[slot] = self.base + 1 + output;
        self.root.push(&[root]);
        self.predecessors.push(predecessors);
        self.successors.push(successors);
        output
    }

    fn write<D: Device>(&self, device: &D, level: &mut Level<D>, transposed: &mut Lists) {
        device.write_ints(&mut level.root, &self.root.entries);
        self.predecessors.write(device, &mut level.predecessors);
        self.successors.write(device, &mut level.successors);
        let lists = [&self.root, &self.predecessors, &self.successors];
        for (readers, lists) in level.readers.iter_mut().zip(lists) {
            transposed.transpose(lists, level.n_inputs);
            transposed.write(device, readers);
        }
    }
}

/// A new numbering of the outputs of a level.
#[derive(Debug, Default)]
struct Order {
    /// The new number of each output.
    number: Vec<u32>,
    /// The outputs in their new order.
    outputs: Vec<u32>,
}

impl Order {
    /// Orders outputs by what their nodes have: successors only, both, predecessors only, none; otherwise as they were.
    /// Returns which of them the next layer reads as root, as predecessor and as successor.
    fn find(&mut self, level: &HostLevel) -> [Range<usize>; 3] {
        let n = level.root.entries.len();
        let class = |output: usize| match [&level.predecessors, &level.successors]
            .map(|lists| !lists.list(output).is_empty())
        {
            [false, true] => 0,
            [true, true] => 1,
            [true, false] => 2,
            [false, false] => 3,
        };
        // Where each class begins; while they are filled, where its next output goes.
        let mut next = [0; 5];
        for output in 0..n {
            next[class(output) + 1] += 1;
        }
        for class in 1..5 {
            next[class] += next[class - 1];
        }
        let read_as = [0..n, 0..next[2], next[1]..next[3]];
        self.number.clear();
        self.outputs.clear();
        self.outputs.resize(n, 0);
        for output in 0..n {
            let number = &mut next[class(output)];
            self.outputs[*number] = narrow(output);
            self.number.push(narrow(*number));
            *number += 1;
        }
        read_as
    }

    /// Copies the lists of a level in the new order.
    fn apply(&self, from: &HostLevel, to: &mut HostLevel) {
        for (from, to) in [
            (&from.root, &mut to.root),
            (&from.predecessors, &mut to.predecessors),
            (&from.successors, &mut to.successors),
        ] {
            to.clear();
            for &output in &self.outputs {
                to.push(from.list(output as usize));
            }
        }
    }
}

/// Adds a number to a hash.
fn mix(hash: u64, number: u32) -> u64 {
    (hash.rotate_left(23) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Lists {
    fn clear(&mut self) {
        self.start.clear();
        self.start.push(0);
        self.entries.clear();
    }

    fn list(&self, number: usize) -> &[u32] {
        &self.entries[self.start[number] as usize..self.start[number + 1] as usize]
    }

    fn push(&mut self, list: &[u32]) {
        self.entries.extend_from_slice(list);
        self.start.push(narrow(self.entries.len()));
    }

    fn write<D: Device>(&self, device: &D, to: &mut Neighbours<D>) {
        device.write_ints(&mut to.start, &self.start);
        device.write_ints(&mut to.nodes, &self.entries);
    }

    /// For each of `n` values, the lists in which it stands, ascending, as often as it does.
    fn transpose(&mut self, lists: &Self, n: usize) {
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

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("invariant: a batch has fewer than 2^32 nodes and edges")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cpu;

    #[test]
    fn colours_of_two_chains() {
        let device = Cpu::<f64>::new();
        let mut graphs = GraphBatch::new(&device);
        // 0 -> 1 -> 1 -> 2 and 0 -> 1 -> 2.
        graphs.push([0, 1, 1, 2].into_iter(), &[0, 0b1, 0b10, 0b100]);
        graphs.push([0, 1, 2].into_iter(), &[0, 0b1, 0b10]);
        let mut refinement = Refinement::new();
        refinement.refine(&device, &graphs, 3, 2);
        // After one layer the ends look alike, after two the inputs and outputs tell how far the other end is.
        let [first, second] = refinement.levels() else {
            panic!("two levels");
        };
        assert_eq!([first.n_inputs, first.n_outputs], [3, 5]);
        assert_eq!([second.n_inputs, second.n_outputs], [5, 7]);
        assert_eq!(refinement.colours(), [0, 2, 3, 5, 1, 4, 6]);
        assert_eq!(first.root, [0, 1, 1, 1, 2]);
        assert_eq!(first.readers[0].start, [0, 1, 4, 5]);
        assert_eq!(first.readers[0].nodes, [0, 1, 2, 3, 4]);
        assert_eq!(first.readers[1].nodes, [1, 3, 2, 4]);
        assert_eq!(second.root, [0, 0, 1, 2, 3, 4, 4]);
        // The inputs have no predecessors and the outputs no successors.
        assert_eq!(second.read_as, [0..5, 0..4, 1..5]);
    }
}
