//! Places of the vertices of a graph in layers.
//!
//! Kozo Sugiyama, Shojiro Tagawa and Mitsuhiko Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE
//! Transactions on Systems, Man, and Cybernetics 11(2), 1981: layers by longest paths, edges through more than one layer by way of
//! invisible vertices, the order within a layer by the mean place of neighbours.

use ganas_space::Arch;

/// Between layers, and between vertices of a layer.
const GAP: (f64, f64) = (34.0, 22.0);

/// The height of a vertex.
pub(crate) const HEIGHT: f64 = 28.0;

/// How much room an edge has that passes a layer.
const PASSING: f64 = 14.0;

/// A chain that is longer is broken into columns.
const COLUMN: usize = 12;

/// Sweeps up and down.
const SWEEPS: usize = 12;

/// Where everything is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    /// The middle of each vertex; nothing for one without edges.
    pub(crate) places: Vec<Option<(f64, f64)>>,
    /// The corners of each edge, from one vertex to another.
    pub(crate) edges: Vec<Vec<(f64, f64)>>,
    /// The size of all of it.
    pub(crate) size: (f64, f64),
}

/// A vertex of a layer: one of the graph, or a place where an edge passes.
#[derive(Clone, Debug)]
struct Node {
    layer: usize,
    width: f64,
    above: Vec<usize>,
    below: Vec<usize>,
    x: f64,
}

/// Places the vertices of an architecture, whose widths are given.
pub(crate) fn layout(arch: &Arch, widths: &[f64]) -> Layout {
    let n = arch.labels().len();
    let edges = edges_of(arch);
    let is_used = |v: usize| edges.iter().any(|&(from, to)| from == v || to == v);
    let mut layer = vec![0; n];
    for &(from, to) in &edges {
        // Edges are sorted by where they go, so `from` has its layer already.
        layer[to] = layer[to].max(layer[from] + 1);
    }
    let mut nodes: Vec<Node> = (0..n)
        .map(|v| Node {
            layer: layer[v],
            width: widths[v],
            above: Vec::new(),
            below: Vec::new(),
            x: 0.0,
        })
        .collect();
    let mut routes = Vec::with_capacity(edges.len());
    for &(from, to) in &edges {
        let mut route = vec![from];
        for passed in layer[from] + 1..layer[to] {
            nodes.push(Node {
                layer: passed,
                width: PASSING,
                above: Vec::new(),
                below: Vec::new(),
                x: 0.0,
            });
            route.push(nodes.len() - 1);
        }
        route.push(to);
        for pair in route.windows(2) {
            nodes[pair[0]].below.push(pair[1]);
            nodes[pair[1]].above.push(pair[0]);
        }
        routes.push(route);
    }
    let depth = layer.iter().max().map_or(0, |deepest| deepest + 1);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (v, node) in nodes.iter().enumerate() {
        if v >= n || is_used(v) {
            layers[node.layer].push(v);
        }
    }
    order(&nodes, &mut layers);
    spread(&mut nodes, &layers);
    finish(&nodes, &layers, &routes, n)
}

/// The edges of an architecture by where they go.
pub(crate) fn edges_of(arch: &Arch) -> Vec<(usize, usize)> {
    let predecessors = arch.predecessors().iter().enumerate();
    predecessors
        .flat_map(|(v, set)| {
            (0..v)
                .filter(move |u| set >> u & 1 == 1)
                .map(move |u| (u, v))
        })
        .collect()
}

/// Orders each layer by the mean position of the neighbours in the layer before, and keeps the order with the fewest crossings.
fn order(nodes: &[Node], layers: &mut Vec<Vec<usize>>) {
    let mut best = (crossings(nodes, layers), layers.clone());
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let depth = layers.len();
        for step in 1..depth {
            let at = if down { step } else { depth - 1 - step };
            let before = if down { at - 1 } else { at + 1 };
            let position = positions(nodes.len(), &layers[before]);
            let mut keyed: Vec<(f64, usize)> = (layers[at].iter().enumerate())
                .map(|(i, &v)| {
                    let neighbours = if down {
                        &nodes[v].above
                    } else {
                        &nodes[v].below
                    };
                    let found: Vec<f64> = neighbours.iter().filter_map(|&u| position[u]).collect();
                    let own = float(i);
                    let mean = if found.is_empty() {
                        own
                    } else {
                        found.iter().sum::<f64>() / float(found.len())
                    };
                    (mean, v)
                })
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            layers[at] = keyed.into_iter().map(|(_, v)| v).collect();
        }
        let crossed = crossings(nodes, layers);
        if crossed < best.0 {
            best = (crossed, layers.clone());
        }
    }
    *layers = best.1;
}

fn positions(n: usize, layer: &[usize]) -> Vec<Option<f64>> {
    let mut positions = vec![None; n];
    for (i, &v) in layer.iter().enumerate() {
        positions[v] = Some(float(i));
    }
    positions
}

/// How many pairs of edges cross.
fn crossings(nodes: &[Node], layers: &[Vec<usize>]) -> usize {
    let mut crossed = 0;
    for pair in layers.windows(2) {
        let below = positions(nodes.len(), &pair[1]);
        let mut ends: Vec<f64> = Vec::new();
        for &v in &pair[0] {
            let of_v: Vec<f64> = nodes[v].below.iter().filter_map(|&u| below[u]).collect();
            for end in &of_v {
                crossed += ends.iter().filter(|other| *other > end).count();
            }
            ends.extend(of_v);
        }
    }
    crossed
}

/// Gives every vertex a place in its layer: near its neighbours, without touching the next one.
fn spread(nodes: &mut [Node], layers: &[Vec<usize>]) {
    for layer in layers {
        let mut x = 0.0;
        for &v in layer {
            nodes[v].x = x + nodes[v].width / 2.0;
            x += nodes[v].width + GAP.1;
        }
        for &v in layer {
            nodes[v].x -= (x - GAP.1) / 2.0;
        }
    }
    for _ in 0..SWEEPS {
        for layer in layers {
            let wanted: Vec<f64> = (layer.iter())
                .map(|&v| {
                    let near = nodes[v].above.iter().chain(&nodes[v].below);
                    let near: Vec<f64> = near.map(|&u| nodes[u].x).collect();
                    if near.is_empty() {
                        nodes[v].x
                    } else {
                        near.iter().sum::<f64>() / float(near.len())
                    }
                })
                .collect();
            place_layer(nodes, layer, &wanted);
        }
    }
}

/// Moves the vertices of a layer to where they want to be, as far as they do not touch.
fn place_layer(nodes: &mut [Node], layer: &[usize], wanted: &[f64]) {
    let mut left = f64::NEG_INFINITY;
    let mut from_left = Vec::with_capacity(layer.len());
    for (&v, &want) in layer.iter().zip(wanted) {
        let x = want.max(left + nodes[v].width / 2.0);
        left = x + nodes[v].width / 2.0 + GAP.1;
        from_left.push(x);
    }
    let mut right = f64::INFINITY;
    for ((&v, &want), from_left) in layer.iter().zip(wanted).zip(from_left).rev() {
        let from_right = want.min(right - nodes[v].width / 2.0);
        // Both keep the distances, and so does their mean.
        nodes[v].x = f64::midpoint(from_left, from_right);
        right = from_right - nodes[v].width / 2.0 - GAP.1;
    }
}

/// Places and corners on the canvas; a long chain is broken into columns.
fn finish(nodes: &[Node], layers: &[Vec<usize>], routes: &[Vec<usize>], n: usize) -> Layout {
    let is_chain = layers.iter().all(|layer| layer.len() <= 1);
    let rows = if is_chain && layers.len() > COLUMN {
        layers.len().div_ceil(layers.len().div_ceil(COLUMN))
    } else {
        layers.len().max(1)
    };
    let drawn = || layers.iter().flatten().map(|&v| &nodes[v]);
    let left = drawn()
        .map(|node| node.x - node.width / 2.0)
        .fold(f64::INFINITY, f64::min);
    let right = drawn()
        .map(|node| node.x + node.width / 2.0)
        .fold(f64::NEG_INFINITY, f64::max);
    let column = right - left + 2.0 * GAP.1;
    let place = |v: usize| {
        let node = &nodes[v];
        let (over, down) = (node.layer / rows, node.layer % rows);
        let x = node.x - left + float(over) * column;
        (x, float(down) * (HEIGHT + GAP.0) + HEIGHT / 2.0)
    };
    let mut places = vec![None; n];
    for &v in layers.iter().flatten().filter(|&&v| v < n) {
        places[v] = Some(place(v));
    }
    let corners = |route: &Vec<usize>| -> Vec<(f64, f64)> {
        let last = route.len() - 1;
        let (from, to) = (place(route[0]), place(route[last]));
        let mut all = vec![(from.0, from.1 + HEIGHT / 2.0)];
        if to.1 <= from.1 {
            // To the top of the next column, between the two.
            let between = from.0 + column / 2.0;
            all.push((from.0, from.1 + HEIGHT / 2.0 + GAP.0 / 3.0));
            all.push((between, from.1 + HEIGHT / 2.0 + GAP.0 / 3.0));
            all.push((between, to.1 - HEIGHT / 2.0 - GAP.0 / 3.0));
            all.push((to.0, to.1 - HEIGHT / 2.0 - GAP.0 / 3.0));
        }
        for &v in &route[1..last] {
            let (x, y) = place(v);
            all.push((x, y - HEIGHT / 2.0));
            all.push((x, y + HEIGHT / 2.0));
        }
        all.push((to.0, to.1 - HEIGHT / 2.0));
        all
    };
    let columns = layers.len().div_ceil(rows).max(1);
    Layout {
        places,
        edges: routes.iter().map(corners).collect(),
        size: (
            float(columns) * column - 2.0 * GAP.1,
            float(rows) * (HEIGHT + GAP.0) - GAP.0,
        ),
    }
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("invariant: a graph has few vertices"))
}

#[cfg(test)]
mod tests {
    use ganas_space::OpId;
    use proptest::prelude::*;

    use super::*;

    fn arch(n: usize, edges: &[(usize, usize)]) -> Arch {
        let mut sets = vec![0u64; n];
        for &(from, to) in edges {
            sets[to] |= 1 << from;
        }
        Arch::new(vec![OpId(0); n], sets).unwrap()
    }

    #[test]
    fn a_long_chain_has_columns() {
        let edges: Vec<(usize, usize)> = (1..20).map(|v| (v - 1, v)).collect();
        let layout = layout(&arch(20, &edges), &[60.0; 20]);
        let places: Vec<(f64, f64)> = layout.places.into_iter().flatten().collect();
        assert_eq!(places.len(), 20);
        assert!(places[0].0 < places[10].0 && (places[0].1 - places[10].1).abs() < 1e-9);
    }

    /// In either order of the lower layer, two edges that cross need not.
    #[test]
    fn crossings_are_avoided() {
        let layout = layout(
            &arch(6, &[(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5)]),
            &[60.0; 6],
        );
        let x = |v: usize| layout.places[v].unwrap().0;
        assert_eq!(x(1) < x(2), x(4) < x(3));
    }

    proptest! {
        /// No two vertices touch, every edge goes down, and all of it lies on the canvas.
        #[test]
        fn vertices_do_not_touch(
            n in 2..12usize, bits in proptest::collection::vec(any::<bool>(), 66), widths in proptest::collection::vec(20.0..120.0f64, 12),
        ) {
            let mut bits = bits.into_iter();
            let mut edges = vec![(0, n - 1)];
            for to in 1..n {
                for from in 0..to {
                    if bits.next().unwrap() && (from, to) != (0, n - 1) {
                        edges.push((from, to));
                    }
                }
            }
            let found = layout(&arch(n, &edges), &widths[..n]);
            let boxes: Vec<(usize, (f64, f64))> = found.places.iter().enumerate().filter_map(|(v, p)| Some((v, (*p)?))).collect();
            for (v, (x, y)) in &boxes {
                prop_assert!(x - widths[*v] / 2.0 >= -1e-6 && x + widths[*v] / 2.0 <= found.size.0 + 1e-6);
                prop_assert!(*y >= 0.0 && *y <= found.size.1);
                for (u, (other, height)) in &boxes {
                    let same_row = u != v && (y - height).abs() < 1.0;
                    prop_assert!(!same_row || (x - other).abs() >= (widths[*u] + widths[*v]) / 2.0 - 1e-6);
                }
            }
            prop_assert_eq!(found.edges.len(), edges.len());
        }
    }
}
