//! Cells that compute the same function.
//!
//! The results of all nodes are concatenated, so the order of the nodes is free as long as each comes after what it
//! reads; the convolution that follows reads the same channels in another order.
//! The two operations of a node are summed, and are kept in the order of what they read.
//! The canonical cell is the first in the order of the cells.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::cell::{Cell, N_NODES, Node, Op};

/// All orders of the nodes: entry `new` is the old place.
static ORDERS: LazyLock<Vec<[usize; N_NODES]>> = LazyLock::new(|| {
    let mut orders = vec![[0; N_NODES]];
    for at in 0..N_NODES {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                let free = (0..N_NODES).filter(move |node| !order[..at].contains(node));
                free.map(move |node| {
                    let mut order = order;
                    order[at] = node;
                    order
                })
            })
            .collect();
    }
    orders
});

/// The canonical cell of the class.
pub(super) fn canonical(cell: &Cell) -> Cell {
    reordered(cell)
        .min()
        .expect("invariant: a cell is in an order of its own")
}

/// The cell in every possible order of its nodes, the given one included; equal cells come as often as they arise.
pub(super) fn reordered(cell: &Cell) -> impl Iterator<Item = Cell> {
    let cell = *cell;
    ORDERS
        .iter()
        .filter_map(move |order| in_order(&cell, order))
}

/// The distinct cells of the class, ascending.
pub(super) fn members(cell: &Cell) -> BTreeSet<Cell> {
    reordered(cell).collect()
}

/// The canonical cells of the classes one change away: another operation, or another result that is read, of any node
/// of any member. The class itself is not among them.
///
/// Changes of all members count, so the relation is one between classes, and it is symmetric because each change of a
/// cell can be undone by a change of the same kind.
pub(super) fn neighbours(cell: &Cell) -> BTreeSet<Cell> {
    let mut found = BTreeSet::new();
    for member in members(cell) {
        for (n, node) in member.0.iter().enumerate() {
            for slot in 0..2 {
                let ops = Op::ALL.into_iter().filter(|op| *op != node.ops[slot]);
                let with_op = ops.filter_map(|op| changed(node, slot, (op, node.sources[slot])));
                let sources = 0..n + 2;
                let with_source =
                    sources.filter_map(|source| changed(node, slot, (node.ops[slot], source)));
                for node in with_op.chain(with_source) {
                    let mut cell = member;
                    cell.0[n] = node;
                    found.insert(canonical(&cell));
                }
            }
        }
    }
    found.remove(&canonical(cell));
    found
}

/// A node with one of its two pairs replaced.
fn changed(node: &Node, slot: usize, pair: (Op, usize)) -> Option<Node> {
    let mut pairs = node.pairs();
    pairs[slot] = pair;
    Node::of_pairs(pairs)
}

/// The cell with its nodes in another order, where each node comes after what it reads.
fn in_order(cell: &Cell, order: &[usize; N_NODES]) -> Option<Cell> {
    let mut place = [0; N_NODES];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    let mut nodes = cell.0;
    for (new, &old) in order.iter().enumerate() {
        let moved = |(op, source): (Op, usize)| match source.checked_sub(2) {
            None => Some((op, source)),
            Some(node) => (place[node] < new).then_some((op, place[node] + 2)),
        };
        let [a, b] = cell.0[old].pairs();
        nodes[new] = Node::of_pairs([moved(a)?, moved(b)?])
            .expect("invariant: different results stay different");
    }
    Some(Cell(nodes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_read_no_node_can_be_in_any_order() {
        assert_eq!(ORDERS.len(), 24);
        let node = |op| Node {
            sources: [0, 1],
            ops: [Op::Skip, op],
        };
        let cell = Cell([Op::SepConv3x3, Op::Skip, Op::DilConv3x3, Op::MaxPool3x3].map(node));
        assert_eq!(members(&cell).len(), 24);
        let expected = Cell([Op::MaxPool3x3, Op::Skip, Op::SepConv3x3, Op::DilConv3x3].map(node));
        assert_eq!(canonical(&cell), expected);
        let equal = Cell([node(Op::Skip); 4]);
        assert_eq!(members(&equal).len(), 1);
    }

    #[test]
    fn a_chain_of_nodes_has_one_order() {
        let cell = Cell([0, 1, 2, 3].map(|n| Node {
            sources: [n, n + 1],
            ops: [Op::Skip; 2],
        }));
        assert_eq!(reordered(&cell).count(), 1);
        // 12 operations for each node, and 0, 2, 4 and 6 results.
        assert_eq!(neighbours(&cell).len(), 48 + 12);
    }
}
