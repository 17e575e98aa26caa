//! What the tests of operations, layers and networks share.

pub(crate) use ganas_testkit::{Tolerance, check_gradient, values, weighted_sum};

use crate::{Cpu, Device as _, Element, Mat, View};

/// A matrix from double-precision values.
pub(crate) fn mat<T: Element>(
    device: &Cpu<T>,
    values: &[f64],
    rows: usize,
    cols: usize,
) -> Mat<Cpu<T>> {
    let values: Vec<T> = values.iter().map(|&x| T::of(x)).collect();
    Mat::from_host(device, &values, rows, cols)
}

/// The values of a matrix in double precision.
pub(crate) fn wide<T: Element>(view: View<'_, Cpu<T>>) -> Vec<f64> {
    view.host().iter().map(|x| x.wide()).collect()
}

/// Panics when a value differs by more than `tolerance (1 + |expected|)`.
#[track_caller]
pub(crate) fn close<T: Element>(
    _device: &Cpu<T>,
    found: View<'_, Cpu<T>>,
    expected: &[f64],
    tolerance: f64,
) {
    Tolerance {
        absolute: tolerance,
        relative: tolerance,
    }
    .check("value", &wide(found), expected);
}

/// Three small graphs with an isolated node, a hub, and a single node.
pub(crate) mod graphs {
    use super::{Cpu, Element};
    use crate::GraphBatch;

    /// Predecessor sets of each graph.
    const GRAPHS: [&[u64]; 3] = [&[0, 0b1, 0b1, 0, 0b111, 0b10110], &[0], &[0, 0b1, 0b10]];

    /// Labels, one for each node of all graphs.
    pub(crate) const LABELS: [u32; 10] = [3, 0, 1, 2, 0, 4, 4, 3, 2, 4];

    /// The number of labels.
    pub(crate) const N_LABELS: usize = 5;

    /// All edges in global numbers, and the number of nodes.
    pub(crate) fn edges() -> (Vec<(usize, usize)>, usize) {
        let (mut edges, mut base) = (Vec::new(), 0);
        for graph in GRAPHS {
            for (v, mask) in graph.iter().enumerate() {
                edges.extend(
                    (0..v)
                        .filter(|u| mask >> u & 1 == 1)
                        .map(|u| (base + u, base + v)),
                );
            }
            base += graph.len();
        }
        (edges, base)
    }

    /// The graphs on the device.
    pub(crate) fn batch<T: Element>(device: &Cpu<T>) -> GraphBatch<Cpu<T>> {
        let mut batch = GraphBatch::new(device);
        let mut base = 0;
        for graph in GRAPHS {
            let labels = &LABELS[base..base + graph.len()];
            batch.push(labels.iter().copied(), graph);
            base += graph.len();
        }
        batch.upload(device);
        batch
    }
}

/// A device for tests in double precision.
#[test]
fn describes_itself() {
    let text = Cpu::<f32>::new().describe();
    assert!(
        text.starts_with("cpu-f32 ") && text.split(' ').count() == 3,
        "{text}"
    );
}
