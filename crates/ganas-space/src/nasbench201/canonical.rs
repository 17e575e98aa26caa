//! The normal form of a cell, which names its class: the query key of this space.
//!
//! Two cells are in one class when they compute the same function because
//!
//! * they differ in **dead edges** only: edges that the input does not reach, or from which the output is not
//!   reached, contribute nothing, whatever their operation; and
//! * they differ in the **order of nodes 1 and 2**, which are interchangeable when no edge connects them.
//!
//! The normal form has `none` on every dead edge and is the smaller of its two orders.
//! The 15,625 cells form 8,765 classes: 8,080 of one cell, 600 of two, 80 of 58 and 5 of 341.
//!
//! # Why not the official unique string?
//!
//! The [official string](super::unique_string) takes `skip_connect` for the identity that it is in theory and merges,
//! for example, a convolution of node 1 with the same convolution of node 0 when node 1 is a copy of node 0.
//! The merged networks have different numbers of convolutions and of normalisations and different sums; they were
//! trained separately and the table holds different values for them, so one query does not answer for the other.
//! The best cell of each metric is alone in its class either way, and counting 8,765 classes is the stricter
//! accounting: a search pays for more queries, never for fewer.
//! The query counts published with this project use it.
//!
//! # How the two relate
//!
//! Neither refines the other, since the official string keeps a `#` for every absent edge.
//! Two absent edges into node 2 read `#+#`, which the official rule no longer takes for an absent node, and the
//! number of `#` tells nodes 1 and 2 apart.
//! In 685 classes the members have several official strings.
//! Once absent terms are dropped, and sums bracketed, all members of a class share one string; 5,773 are left.
//! The tests of this file hold these numbers.

use super::cell::{Cell, EDGES, Op};

/// The cell that stands for the class of this one.
pub(super) fn normal_form(cell: Cell) -> Cell {
    let pruned = without_dead_edges(cell);
    match swapped(pruned) {
        Some(swapped) => pruned.min(swapped),
        None => pruned,
    }
}

/// The cell with nodes 1 and 2 swapped, where they are interchangeable: no edge connects them.
pub(super) fn swapped(cell: Cell) -> Option<Cell> {
    let [to_1, to_2, between, across, from_1, from_2] = cell.0;
    (between == Op::None).then_some(Cell([to_2, to_1, between, across, from_2, from_1]))
}

/// The cell with `none` on every edge that is not on a path from node 0 to node 3.
fn without_dead_edges(cell: Cell) -> Cell {
    let mut from_input = [true, false, false, false];
    for ((from, to), op) in EDGES.into_iter().zip(cell.0) {
        from_input[to] |= op != Op::None && from_input[from];
    }
    let mut to_output = [false, false, false, true];
    for ((from, to), op) in EDGES.into_iter().zip(cell.0).rev() {
        to_output[from] |= op != Op::None && to_output[to];
    }
    let mut pruned = cell;
    for ((from, to), op) in EDGES.into_iter().zip(&mut pruned.0) {
        if !(from_input[from] && to_output[to]) {
            *op = Op::None;
        }
    }
    pruned
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::nasbench201::cell::N_CELLS;
    use crate::nasbench201::unique_string::unique_string;

    fn all_cells() -> impl Iterator<Item = Cell> {
        (0..N_CELLS).map(Cell::from_code)
    }

    #[test]
    fn there_are_8765_classes() {
        let mut sizes = BTreeMap::<Cell, usize>::new();
        for cell in all_cells() {
            *sizes.entry(normal_form(cell)).or_default() += 1;
        }
        assert_eq!(sizes.len(), 8_765);

        let mut histogram = BTreeMap::<usize, usize>::new();
        for size in sizes.into_values() {
            *histogram.entry(size).or_default() += 1;
        }
        assert_eq!(
            histogram.into_iter().collect::<Vec<_>>(),
            [(1, 8_080), (2, 600), (58, 80), (341, 5)]
        );
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form() {
        for cell in all_cells() {
            assert_eq!(normal_form(normal_form(cell)), normal_form(cell));
        }
    }

    #[test]
    fn swapping_twice_is_the_identity_and_stays_in_the_class() {
        for cell in all_cells() {
            if let Some(other) = swapped(cell) {
                assert_eq!(swapped(other), Some(cell));
                assert_eq!(normal_form(other), normal_form(cell));
            }
        }
    }

    #[test]
    fn removing_dead_edges_one_by_one_ends_in_the_same_cell() {
        for cell in all_cells() {
            let mut ops = cell.0;
            loop {
                let before = ops;
                for (edge, (from, to)) in EDGES.into_iter().enumerate() {
                    let present = |wanted: &dyn Fn((usize, usize)) -> bool| {
                        (0..EDGES.len()).any(|e| wanted(EDGES[e]) && ops[e] != Op::None)
                    };
                    let fed = from == 0 || present(&|(_, t)| t == from);
                    let read = to == 3 || present(&|(f, _)| f == to);
                    if !(fed && read) {
                        ops[edge] = Op::None;
                    }
                }
                if ops == before {
                    break;
                }
            }
            assert_eq!(without_dead_edges(cell), Cell(ops));
        }
    }

    #[test]
    fn the_official_string_splits_685_classes() {
        assert_eq!(n_classes_split_by(unique_string), 685);
    }

    #[test]
    fn without_absent_terms_members_of_a_class_share_one_string() {
        assert_eq!(n_classes_split_by(string_without_absent_terms), 0);
        let strings: BTreeSet<String> = all_cells().map(string_without_absent_terms).collect();
        assert_eq!(strings.len(), 5_773);
    }

    fn n_classes_split_by(string: impl Fn(Cell) -> String) -> usize {
        let mut classes = BTreeMap::<Cell, BTreeSet<String>>::new();
        for cell in all_cells() {
            classes
                .entry(normal_form(cell))
                .or_default()
                .insert(string(cell));
        }
        classes.values().filter(|strings| strings.len() > 1).count()
    }

    /// The official string with absent terms dropped and sums in brackets; a node without terms is `#`.
    fn string_without_absent_terms(cell: Cell) -> String {
        let mut nodes = ["0".to_owned(), String::new(), String::new(), String::new()];
        for node in 1..4 {
            let mut terms: Vec<String> = EDGES
                .into_iter()
                .zip(cell.0)
                .filter(|((from, to), op)| *to == node && *op != Op::None && nodes[*from] != "#")
                .map(|((from, _), op)| match op {
                    Op::Skip => nodes[from].clone(),
                    _ => format!("({})@{}", nodes[from], op.name()),
                })
                .collect();
            terms.sort_unstable();
            nodes[node] = match terms.as_slice() {
                [] => "#".to_owned(),
                [term] => term.clone(),
                _ => format!("[{}]", terms.join("+")),
            };
        }
        nodes[3].clone()
    }
}
