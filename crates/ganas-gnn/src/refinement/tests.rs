//! Colours of small batches, and the same colours from known graphs.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::Cpu;
use crate::KnownGraphs;

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

/// Everything that a level says.
fn written(level: &Level<Cpu<f64>>) -> Vec<Vec<u32>> {
    let neighbours = [
        &level.predecessors,
        &level.successors,
        &level.readers[0],
        &level.readers[1],
        &level.readers[2],
    ];
    let sizes = [level.n_inputs, level.n_outputs].map(to_u32);
    let read = level.read_as.iter().flat_map(|r| [r.start, r.end]);
    let lists = neighbours.map(|n| [n.start.clone(), n.nodes.clone()]);
    [
        sizes.to_vec(),
        read.map(to_u32).collect(),
        level.root.clone(),
    ]
    .into_iter()
    .chain(lists.into_iter().flatten())
    .collect()
}

/// Labels and predecessors.
type Graph = (Vec<u32>, Vec<u64>);

fn graph() -> impl Strategy<Value = Graph> {
    (1..7_usize).prop_flat_map(|n| {
        let sources: Vec<_> = (0..n).map(|v| 0..1_u64 << v).collect();
        (vec(0..3_u32, n), sources)
    })
}

proptest! {
    /// Batches of some of the known graphs, in any order and with repetition, are refined as if they were not known; a layer
    /// more than is known is searched for.
    #[test]
    fn known_graphs_have_the_same_colours(
        graphs in vec(graph(), 1..20),
        batches in vec((vec(any::<Index>(), 0..30), 1..5_usize), 1..4),
    ) {
        let device = Cpu::<f64>::new();
        let mut known = KnownGraphs::new(3);
        let (mut batch, mut expected) = (GraphBatch::new(&device), GraphBatch::new(&device));
        let mut refinements = [Refinement::new(), Refinement::new()];
        for (chosen, layers) in batches {
            // Some are added between batches.
            let half = (known.len() + graphs.len()).div_ceil(2);
            for (labels, predecessors) in &graphs[known.len()..half] {
                known.push(labels.iter().copied(), predecessors);
            }
            let numbers: Vec<usize> = chosen.iter().map(|index| index.index(known.len())).collect();
            batch.fill(&known, &numbers);
            expected.clear();
            for &number in &numbers {
                let (labels, predecessors) = &graphs[number];
                expected.push(labels.iter().copied(), predecessors);
            }
            prop_assert_eq!(batch.adjacency(), expected.adjacency());
            prop_assert_eq!(batch.starts(), expected.starts());
            prop_assert_eq!(batch.labels_from(0), expected.labels_from(0));
            for (refinement, batch) in refinements.iter_mut().zip([&batch, &expected]) {
                refinement.refine(&device, batch, 3, layers);
            }
            let [found, expected] = &refinements;
            prop_assert_eq!(found.colours(), expected.colours());
            for (found, expected) in found.levels().iter().zip(expected.levels()) {
                prop_assert_eq!(written(found), written(expected));
            }
        }
    }
}

#[test]
fn a_batch_is_refined_once_until_it_changes() {
    let device = Cpu::<f64>::new();
    let [mut graphs, mut same] = [GraphBatch::new(&device), GraphBatch::new(&device)];
    let add = |graphs: &mut GraphBatch<_>| graphs.push([0, 1].into_iter(), &[0, 1]);
    add(&mut graphs);
    add(&mut same);
    let mut refinement = Refinement::new();
    // Whether a pass finds the marks that the one before it has left, in the colours and in their readers.
    let mut finds = |graphs: &GraphBatch<_>, n_labels, layers| {
        refinement.refine(&device, graphs, n_labels, layers);
        let level = &mut refinement.levels[0];
        let places = [&mut level.root[0], &mut level.readers[0].nodes[0]];
        places.map(|place| std::mem::replace(place, 7) == 7)
    };
    assert_eq!(finds(&graphs, 3, 2), [false; 2]);
    assert_eq!(finds(&graphs, 3, 2), [true; 2]);
    assert_eq!(finds(&graphs, 3, 1), [false; 2], "fewer layers");
    assert_eq!(finds(&graphs, 4, 1), [false; 2], "more labels");
    assert_eq!(finds(&same, 4, 1), [false; 2], "another batch");
    assert_eq!(finds(&same, 4, 1), [true; 2]);
    add(&mut same);
    assert_eq!(finds(&same, 4, 1), [false; 2], "another graph");
    same.clear();
    add(&mut same);
    assert_eq!(finds(&same, 4, 1), [false; 2], "filled again");
}

#[test]
fn a_batch_with_an_unknown_graph_is_not_known() {
    let device = Cpu::<f64>::new();
    let mut known = KnownGraphs::new(1);
    known.push([0, 1].into_iter(), &[0, 1]);
    let mut batch = GraphBatch::new(&device);
    batch.fill(&known, &[0, 0]);
    assert_eq!(batch.known_colours(0), Some(([0, 1, 0, 1].as_slice(), 2)));
    assert_eq!(batch.known_colours(1), None);
    batch.push([0].into_iter(), &[0]);
    assert_eq!(batch.known_colours(0), None);
}
