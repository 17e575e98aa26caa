//! What episodes share, on three small graphs.

use super::*;
use crate::Cpu;

#[test]
fn equal_beginnings_are_shared() {
    let device = Cpu::<f64>::new();
    let mut graphs = GraphBatch::new(&device);
    // The first two differ in their last label; the third has the second's nodes 1 and 2 in the other order.
    graphs.push([0, 1, 2, 3].into_iter(), &[0, 0b1, 0b1, 0b110]);
    graphs.push([0, 1, 2, 4].into_iter(), &[0, 0b1, 0b1, 0b110]);
    graphs.push([0, 2, 1, 4].into_iter(), &[0, 0b1, 0b1, 0b110]);
    let mut tree = PrefixTree::new(&device);
    tree.start(3, 4);
    for prefix in [1, 2, 3, 4] {
        tree.step(&device, &graphs, prefix, Distinction::Nodes);
    }
    // Distinct nodes: 0, 1, 2, and the two outputs.
    assert_eq!(tree.nodes.n_nodes(), 5);
    assert_eq!(tree.state_of, [0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7]);
    assert_eq!(tree.states.n_states(), 8);
    assert_eq!(tree.last_step_states().collect::<Vec<_>>(), [0, 1, 2]);
    let mut rows = [3, 4 + 3, 8 + 1, 8 + 3];
    tree.distinct(&mut rows, 4);
    assert_eq!(rows[1], rows[3]);
    assert_eq!(tree.list_nodes[..4], [0, 0, 1, 0]);
}

#[test]
fn last_labels_tell_apart_what_nothing_else_does() {
    let device = Cpu::<f64>::new();
    let mut graphs = GraphBatch::new(&device);
    graphs.push([0, 1].into_iter(), &[0, 0]);
    graphs.push([0, 1].into_iter(), &[0, 0b1]);
    let mut tree = PrefixTree::new(&device);
    tree.start(2, 2);
    tree.step(&device, &graphs, 1, Distinction::LastLabels(&[0, 0]));
    tree.step(&device, &graphs, 2, Distinction::LastLabels(&[1, 1]));
    assert_eq!(tree.state_of, [0, 0, 1, 1]);
    assert_eq!(tree.last_labels, [0, 1]);
}
