//! Orders of the vertices of a graph: the canonical one, and random ones.
//!
//! The canonical order is exact: of two graphs, the reordered ones are equal if and only if the graphs are isomorphic.
//! Vertices are first told apart by what they are, what is around them, and so on (colour refinement).
//! Then all orders are grown together, vertex by vertex; those are kept whose next vertex, seen from the ones before, is
//! the least.
//! Of vertices with the same colour, sources and targets, only the first is tried, since exchanging them changes nothing.
//! What is left to try are true symmetries; with twelve inner vertices, at worst some hundreds of orders.

use std::collections::BTreeSet;

use rand::RngExt;
use rand_core::Rng;

/// A graph without cycles, with a number on each vertex and each edge.
///
/// The first vertex comes first in every order, and the last one last.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    labels: Vec<u8>,
    /// By target and source; 0 where there is no edge.
    edges: Vec<Vec<u8>>,
}

impl Graph {
    /// A graph of vertices with these numbers, without edges.
    pub(super) fn new(labels: Vec<u8>) -> Self {
        let n = labels.len();
        Self {
            labels,
            edges: vec![vec![0; n]; n],
        }
    }

    /// Puts a number, not 0, on an edge.
    pub(super) fn connect(&mut self, from: usize, to: usize, number: u8) {
        self.edges[to][from] = number;
    }

    fn n(&self) -> usize {
        self.labels.len()
    }

    /// The canonical order, as a list of the vertices.
    pub(super) fn canonical_order(&self) -> Vec<usize> {
        let colours = self.colours();
        let twins = self.twins(&colours);
        let mut orders = vec![vec![0]];
        while orders[0].len() < self.n() {
            let mut least: Option<Vec<usize>> = None;
            let mut longer: Vec<Vec<usize>> = Vec::new();
            for order in &orders {
                for v in self.next(order) {
                    let is_second = |u: usize| twins[u] == twins[v] && u < v && !order.contains(&u);
                    if (0..self.n()).any(is_second) {
                        continue;
                    }
                    let before = order.iter().map(|u| usize::from(self.edges[v][*u]));
                    let row: Vec<usize> = std::iter::once(colours[v]).chain(before).collect();
                    if least.as_ref().is_none_or(|least| row < *least) {
                        longer.clear();
                        least = Some(row.clone());
                    }
                    if least.as_ref() == Some(&row) {
                        let mut order = order.clone();
                        order.push(v);
                        longer.push(order);
                    }
                }
            }
            orders = longer;
        }
        orders.swap_remove(0)
    }

    /// A random order, every vertex that can come next being equally likely.
    pub(super) fn random_order(&self, rng: &mut dyn Rng) -> Vec<usize> {
        let mut order = vec![0];
        while order.len() < self.n() {
            let next: Vec<usize> = self.next(&order).collect();
            order.push(next[rng.random_range(0..next.len())]);
        }
        order
    }

    /// The vertices that can come next.
    fn next<'a>(&'a self, order: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        let last = self.n() - 1;
        let ready = move |v: usize| (0..=last).all(|u| self.edges[v][u] == 0 || order.contains(&u));
        (1..=last).filter(move |&v| {
            let in_turn = v < last || order.len() == last;
            in_turn && !order.contains(&v) && ready(v)
        })
    }

    /// A number for each vertex, the same for vertices that no isomorphism tells apart; refined until nothing changes.
    fn colours(&self) -> Vec<usize> {
        let last = self.n() - 1;
        let of_ends = |v: usize| usize::from(v == 0) + 2 * usize::from(v == last);
        let first = |v: usize| (of_ends(v), self.labels[v]);
        let mut colours = ranks((0..=last).map(first).collect());
        loop {
            let around = |v: usize, edge: &dyn Fn(usize) -> u8| {
                let mut around: Vec<(u8, usize)> = (0..=last)
                    .filter(|u| edge(*u) != 0 && *u != v)
                    .map(|u| (edge(u), colours[u]))
                    .collect();
                around.sort_unstable();
                around
            };
            let signature = |v: usize| {
                let before = around(v, &|u| self.edges[v][u]);
                let after = around(v, &|u| self.edges[u][v]);
                (colours[v], before, after)
            };
            let finer = ranks((0..=last).map(signature).collect());
            if finer == colours {
                return colours;
            }
            colours = finer;
        }
    }

    /// The first vertex with the same colour, sources and targets as each.
    fn twins(&self, colours: &[usize]) -> Vec<usize> {
        let same = |u: usize, v: usize| {
            colours[u] == colours[v]
                && self.edges[u] == self.edges[v]
                && self.edges.iter().all(|sources| sources[u] == sources[v])
        };
        let first = |v: usize| (0..=v).find(|u| same(*u, v)).unwrap_or(v);
        (0..self.n()).map(first).collect()
    }
}

/// The place of each value among the distinct ones.
fn ranks<T: Ord>(values: Vec<T>) -> Vec<usize> {
    let distinct: BTreeSet<&T> = values.iter().collect();
    let distinct: Vec<&T> = distinct.into_iter().collect();
    let place = |value: &T| distinct.partition_point(|other| *other < value);
    values.iter().map(place).collect()
}
