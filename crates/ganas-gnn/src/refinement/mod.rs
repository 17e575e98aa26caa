//! Colour refinement: which nodes of a batch have the same embedding, layer by layer.
//!
//! A layer of GraphConv sees of a node its own input, the multiset of its predecessors' and that of its successors'. So
//! nodes whose inputs and neighbours' inputs are equal have equal outputs (Weisfeiler and Leman, 1968; for networks Morris
//! et al., 2019), and a layer need only compute each distinct output, its colour, once. Nothing is approximated; only
//! sums over neighbours are taken in the order of their colours.
//!
//! The colours between two layers are numbered so that those of nodes with successors, which the next layer reads as
//! predecessors, are consecutive, and those of nodes with predecessors as well: no other colour is projected for that.
//!
//! Colours depend on the graphs only. They are found at the first pass over a batch, while the device works, and stay
//! for all passes until the batch changes.

mod outputs;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::outputs::{Outputs, Seen, see};
use crate::graph::Contents;
use crate::index::{to_u32, to_usize};
use crate::lists::{Lists, Neighbours};
use crate::{Device, GraphBatch};

/// The colours of a batch after each layer.
#[derive(Debug)]
pub(crate) struct Refinement<D: Device> {
    /// What all levels are of; `None` while they are not found.
    of: Option<Refined>,
    levels: Vec<Level<D>>,
    /// The same on the host.
    lists: Vec<HostLevel>,
    work: Work,
    transposed: Lists,
}

/// What is refined: the contents of a batch, with the number of labels, and that of layers.
pub(crate) type Refined = (Contents, usize, usize);

/// Colours that a layer gave to the nodes, or labels before the first one.
#[derive(Debug, Default)]
struct Colours {
    of_nodes: Vec<u32>,
    /// How many nodes have each colour.
    members: Vec<u32>,
    /// What the next layer reads as root, as predecessor and as successor.
    read_as: [Range<usize>; 3],
}

/// The colours so far, and scratch memory of a level.
#[derive(Debug, Default)]
struct Work {
    last: Colours,
    /// The colours of each node's predecessors and successors, ascending; they lie as in the batch.
    seen: [Vec<u32>; 2],
    outputs: Outputs,
    /// The output of each node, before outputs are ordered.
    numbers: Vec<u32>,
    order: Order,
}

/// The levels that follow the first one.
#[derive(Debug)]
pub(crate) struct Following<'a, D: Device> {
    levels: &'a mut [Level<D>],
    lists: &'a mut [HostLevel],
    work: &'a mut Work,
    /// What they are of.
    of: &'a mut Option<Refined>,
    /// What they shall be of.
    wanted: Refined,
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
    /// For each input, the outputs that read it as root, as predecessor and as successor; a backward pass needs them, see
    /// [`Refinement::write_readers`].
    pub(crate) readers: [Neighbours<D>; 3],
    has_readers: bool,
}

/// What each output of a level reads: its root, its predecessors and its successors.
#[derive(Debug, Default)]
struct HostLevel([Lists; 3]);

impl<D: Device> Refinement<D> {
    pub(crate) fn new() -> Self {
        Self {
            of: None,
            levels: Vec::new(),
            lists: Vec::new(),
            work: Work::default(),
            transposed: Lists::default(),
        }
    }

    /// What each layer computes.
    pub(crate) fn levels(&self) -> &[Level<D>] {
        &self.levels
    }

    /// The colour of each node after the last layer.
    pub(crate) fn colours(&self) -> &[u32] {
        &self.work.last.of_nodes
    }

    /// Refines the labels of a batch, of which there are `n_labels`, for the first of a number of layers; the others follow.
    /// Where all that was done for the same batch before, it is there still.
    ///
    /// # Panics
    ///
    /// When there is no layer, or a label is not below `n_labels`.
    pub(crate) fn start<'a>(
        &'a mut self,
        device: &D,
        graphs: &GraphBatch<D>,
        n_labels: usize,
        layers: usize,
    ) -> (&'a Level<D>, Following<'a, D>) {
        let wanted = (graphs.contents(), n_labels, layers);
        if self.of != Some(wanted) {
            self.of = None;
            self.first(device, graphs, n_labels, layers);
        }
        let (first, levels) = self.levels.split_first_mut().expect(NO_LAYER);
        let (_, lists) = self.lists.split_first_mut().expect(NO_LAYER);
        let following = Following {
            levels,
            lists,
            work: &mut self.work,
            of: &mut self.of,
            wanted,
        };
        (first, following)
    }

    /// Refines for the first layer.
    fn first(&mut self, device: &D, graphs: &GraphBatch<D>, n_labels: usize, layers: usize) {
        self.levels.resize_with(layers, || Level::new(device));
        self.lists.resize_with(layers, HostLevel::default);
        self.work.last.label(graphs.labels_from(0), n_labels);
        let first = self.levels.first_mut().expect(NO_LAYER);
        let lists = self.lists.first_mut().expect(NO_LAYER);
        first.refine(device, (graphs, 0), lists, &mut self.work);
    }

    /// Refines for all layers.
    #[cfg(test)]
    pub(crate) fn refine(
        &mut self,
        device: &D,
        graphs: &GraphBatch<D>,
        n_labels: usize,
        layers: usize,
    ) {
        let (_, following) = self.start(device, graphs, n_labels, layers);
        following.refine(device, graphs);
        for level in 0..layers {
            self.write_readers(device, level);
        }
    }

    /// Fills in which outputs of a level read each input, unless it was done.
    pub(crate) fn write_readers(&mut self, device: &D, level: usize) {
        let (level, HostLevel(lists)) = (&mut self.levels[level], &self.lists[level]);
        if std::mem::replace(&mut level.has_readers, true) {
            return;
        }
        for (readers, lists) in level.readers.iter_mut().zip(lists) {
            let Lists { start, entries } = lists;
            self.transposed.transpose(start, entries, level.n_inputs);
            self.transposed.write(device, readers);
        }
    }
}

impl<D: Device> Following<'_, D> {
    /// What the second layer reads as root, as predecessor and as successor, all of its inputs being read as root.
    pub(crate) fn read_as(&self) -> [Range<usize>; 3] {
        match self.levels.first() {
            Some(level) if self.are_found() => level.read_as.clone(),
            _ => self.work.last.read_as.clone(),
        }
    }

    fn are_found(&self) -> bool {
        *self.of == Some(self.wanted)
    }

    /// Refines for the other layers, unless it was done.
    pub(crate) fn refine(self, device: &D, graphs: &GraphBatch<D>) {
        if self.are_found() {
            return;
        }
        let levels = self.levels.iter_mut().zip(self.lists);
        for (number, (level, lists)) in (1..).zip(levels) {
            level.refine(device, (graphs, number), lists, self.work);
        }
        *self.of = Some(self.wanted);
    }
}

impl Colours {
    /// Begins with labels.
    fn label(&mut self, labels: &[u32], n_labels: usize) {
        self.of_nodes.clear();
        self.of_nodes.extend_from_slice(labels);
        self.members.clear();
        self.members.resize(n_labels, 0);
        for &label in labels {
            self.members[to_usize(label)] += 1;
        }
        self.read_as = [0..n_labels, 0..n_labels, 0..n_labels];
    }
}

impl<D: Device> Level<D> {
    fn new(device: &D) -> Self {
        let neighbours = || Neighbours::new(device);
        Self {
            n_inputs: 0,
            n_outputs: 0,
            read_as: [0..0, 0..0, 0..0],
            root: device.ints(),
            predecessors: neighbours(),
            successors: neighbours(),
            readers: [neighbours(), neighbours(), neighbours()],
            has_readers: false,
        }
    }

    /// Replaces the colours by those after this level, which is the layer with that number, and fills the level in.
    fn refine(
        &mut self,
        device: &D,
        (graphs, number): (&GraphBatch<D>, usize),
        lists: &mut HostLevel,
        work: &mut Work,
    ) {
        let adjacency = graphs.adjacency();
        let (last, outputs, order) = (&mut work.last, &mut work.outputs, &mut work.order);
        let starts = adjacency.map(|(start, _)| start);
        let read_as = if let Some((colours, n_colours)) = graphs.known_colours(number) {
            outputs.look_up(colours, n_colours, &mut work.numbers);
            let read_as = order.find(starts, &outputs.first);
            lists.fill_from_neighbours(adjacency, &last.of_nodes, &order.outputs, &outputs.first);
            read_as
        } else {
            for (seen, adjacency) in work.seen.iter_mut().zip(adjacency) {
                see(seen, adjacency, &last.of_nodes);
            }
            let seen = Seen {
                own: &last.of_nodes,
                starts,
                colours: [&work.seen[0], &work.seen[1]],
            };
            outputs.find(seen, &last.members, &mut work.numbers);
            let read_as = order.find(starts, &outputs.first);
            lists.fill(seen, &order.outputs, &outputs.first);
            read_as
        };
        lists.write(device, self);
        self.has_readers = false;
        self.n_inputs = last.members.len();
        self.n_outputs = outputs.first.len();
        self.read_as = std::mem::replace(&mut last.read_as, read_as);
        last.of_nodes.clear();
        let colours = work
            .numbers
            .iter()
            .map(|&output| order.number[to_usize(output)]);
        last.of_nodes.extend(colours);
        last.members.clear();
        let outputs = order
            .outputs
            .iter()
            .map(|&output| outputs.members[to_usize(output)]);
        last.members.extend(outputs);
    }
}

impl HostLevel {
    /// Fills in what the outputs read, in their new order.
    fn fill(&mut self, seen: Seen<'_>, outputs: &[u32], first: &[u32]) {
        let [root, predecessors, successors] = &mut self.0;
        for lists in [&mut *root, &mut *predecessors, &mut *successors] {
            lists.clear();
        }
        for &output in outputs {
            let node = to_usize(first[to_usize(output)]);
            let around = seen.around(node);
            root.push(&seen.own[node..=node]);
            predecessors.push(around[0]);
            successors.push(around[1]);
        }
    }

    /// The same where what nodes see was not written down.
    fn fill_from_neighbours(
        &mut self,
        adjacency: [(&[u32], &[u32]); 2],
        own: &[u32],
        outputs: &[u32],
        first: &[u32],
    ) {
        let [root, neighbours @ ..] = &mut self.0;
        root.clear();
        neighbours.iter_mut().for_each(Lists::clear);
        for &output in outputs {
            let node = to_usize(first[to_usize(output)]);
            root.push(&own[node..=node]);
            for (lists, (starts, nodes)) in neighbours.iter_mut().zip(adjacency) {
                lists.push_sorted(
                    &nodes[to_usize(starts[node])..to_usize(starts[node + 1])],
                    own,
                );
            }
        }
    }

    fn write<D: Device>(&self, device: &D, level: &mut Level<D>) {
        let [root, predecessors, successors] = &self.0;
        device.write_ints(&mut level.root, &root.entries);
        predecessors.write(device, &mut level.predecessors);
        successors.write(device, &mut level.successors);
    }
}

/// A new numbering of the outputs of a level.
#[derive(Debug, Default)]
struct Order {
    /// The new number of each output.
    number: Vec<u32>,
    /// The outputs in their new order.
    outputs: Vec<u32>,
    /// The class of each output.
    classes: Vec<u8>,
}

impl Order {
    /// Orders outputs by what their nodes have: successors only, both, predecessors only, none; otherwise as they were.
    /// Returns which of them the next layer reads as root, as predecessor and as successor.
    fn find(&mut self, starts: [&[u32]; 2], first: &[u32]) -> [Range<usize>; 3] {
        let n = first.len();
        let [predecessors, successors] = starts;
        let has = |start: &[u32], node: usize| start[node] < start[node + 1];
        let class = |node| match (has(predecessors, node), has(successors, node)) {
            (false, true) => 0,
            (true, true) => 1,
            (true, false) => 2,
            (false, false) => 3,
        };
        self.classes.clear();
        self.classes
            .extend(first.iter().map(|&node| class(to_usize(node))));
        // Where each class begins; while they are filled, where its next output goes.
        let mut next = [0; 5];
        for &class in &self.classes {
            next[usize::from(class) + 1] += 1;
        }
        for class in 1..5 {
            next[class] += next[class - 1];
        }
        let read_as = [0..n, 0..next[2], next[1]..next[3]];
        self.number.clear();
        self.outputs.clear();
        self.outputs.resize(n, 0);
        for (output, &class) in (0_u32..).zip(&self.classes) {
            let number = &mut next[usize::from(class)];
            self.outputs[*number] = output;
            self.number.push(to_u32(*number));
            *number += 1;
        }
        read_as
    }
}

const NO_LAYER: &str = "an encoder has layers";
