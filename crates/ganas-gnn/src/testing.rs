//! What the tests of operations, layers and networks share.

pub(crate) use ganas_testkit::{Tolerance, check_gradient, values, weighted_sum};

use ndarray::{Array2, ArrayView2};

use crate::{Backend, Cpu, Device as _, Element, Mat, View};

/// A matrix from double-precision values.
pub(crate) fn mat<T: Element>(
    device: &Cpu<T>,
    values: &[f64],
    rows: usize,
    cols: usize,
) -> Mat<Cpu<T>> {
    let values = ArrayView2::from_shape([rows, cols], values).unwrap();
    Mat::from_host(device, values.mapv(T::of).view())
}

/// The values of a matrix in double precision.
pub(crate) fn wide<T: Element>(view: View<'_, Cpu<T>>) -> Vec<f64> {
    view.host().iter().map(|x| x.wide()).collect()
}

/// Panics when a value differs by more than the tolerance.
#[track_caller]
pub(crate) fn close<T: Element>(
    _device: &Cpu<T>,
    found: View<'_, Cpu<T>>,
    expected: &[f64],
    tolerance: Tolerance,
) {
    tolerance.check("value", &wide(found), expected);
}

/// What work gives on a device, for comparison between devices.
pub(crate) trait OnDevice {
    /// Does the work; all results, by name.
    fn results<B: Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)>;
}

/// Panics when a device gives other results than the CPU in double precision, by more than the tolerance.
#[track_caller]
pub(crate) fn agree(work: &impl OnDevice, tolerance: Tolerance) {
    let expected = work.results(&Cpu::<f64>::new());
    #[cfg_attr(
        not(feature = "cuda"),
        expect(unused_mut, reason = "there is no other device")
    )]
    let mut found = vec![("cpu-f32", work.results(&Cpu::<f32>::new()))];
    #[cfg(feature = "cuda")]
    found.extend(cuda::devices().map(|device| ("cuda", work.results(&device))));
    for (device, found) in found {
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            tolerance.check(&format!("{name} on {device}"), found, expected);
        }
    }
}

/// Calls a function for each device: the CPU in both precisions, and CUDA where it is tested.
macro_rules! on_every_device {
    ($check:ident $(, $argument:expr)* $(,)?) => {
        $check(crate::Cpu::<f64>::new() $(, $argument)*);
        $check(crate::Cpu::<f32>::new() $(, $argument)*);
        #[cfg(feature = "cuda")]
        for device in crate::testing::cuda::devices() {
            $check(device $(, $argument)*);
        }
    };
}
pub(crate) use on_every_device;

/// The values of a view in double precision, from any device.
pub(crate) fn read<B: Backend>(device: &B, view: View<'_, B>) -> Vec<f64> {
    view.to_host(device).iter().map(|x| x.wide()).collect()
}

/// A matrix on any device, from random numbers.
pub(crate) fn random<B: Backend>(device: &B, seed: u64, rows: usize, cols: usize) -> Mat<B> {
    let values = Array2::from_shape_vec([rows, cols], values(seed, rows * cols)).unwrap();
    Mat::from_host(device, values.mapv(B::Elem::of).view())
}

/// A matrix on any device whose contents no result may keep.
pub(crate) fn unset<B: Backend>(device: &B, rows: usize, cols: usize) -> Mat<B> {
    let nan = <B::Elem as num_traits::Float>::nan();
    Mat::from_host(device, Array2::from_elem([rows, cols], nan).view())
}

/// An index of a device.
pub(crate) fn index_of(index: usize) -> u32 {
    u32::try_from(index).unwrap()
}

/// Indices on any device.
pub(crate) fn indices<B: Backend>(device: &B, values: &[u32]) -> B::Ints {
    let mut ints = device.ints();
    device.write_ints(&mut ints, values);
    ints
}

/// Uniform numbers for `n` decisions: the middles of `n` equal parts of the unit interval.
pub(crate) fn evenly_spread<B: Backend>(device: &B, n: usize) -> Mat<B> {
    let middle = |i| B::Elem::of((f64::of_count(i) + 0.5) / f64::of_count(n));
    Mat::from_host(
        device,
        Array2::from_shape_fn([n, 1], |(i, _)| middle(i)).view(),
    )
}

/// The `n` actions that a device drew, as numbers.
pub(crate) fn drawn_actions<B: Backend>(device: &B, drawn: &B::Ints, n: usize) -> Vec<f64> {
    let mut actions = vec![0; n];
    device.read_ints(&mut actions, drawn);
    actions.into_iter().map(f64::from).collect()
}

/// Masks on any device.
pub(crate) fn masks<B: Backend>(device: &B, values: &[u64]) -> B::Masks {
    let mut masks = device.masks();
    device.write_masks(&mut masks, values);
    masks
}

/// The devices that CUDA tests run on.
#[cfg(all(feature = "cuda", target_os = "linux"))]
pub(crate) mod cuda {
    use std::sync::OnceLock;

    use ganas_cuda_emulation::Order;

    use crate::Cuda;

    /// The emulation, once for each order of threads, or the GPU with the number in `GANAS_TEST_GPU` (when compiling).
    ///
    /// The order of the emulation is that of the calling thread from one item to the next.
    pub(crate) fn devices() -> impl Iterator<Item = Cuda> {
        static DEVICE: OnceLock<Cuda> = OnceLock::new();
        let gpu = gpu();
        let orders = [Order::Ascending, Order::Descending, Order::Shuffled(7)];
        let n = if gpu.is_some() { 1 } else { orders.len() };
        orders.into_iter().take(n).map(move |order| {
            let emulation = gpu.is_none().then(ganas_cuda_emulation::install);
            if let Some(emulation) = emulation {
                emulation.set_order(order);
            }
            let open = || Cuda::open(gpu.unwrap_or(0), None).unwrap();
            DEVICE.get_or_init(open).clone()
        })
    }

    /// The number of a real GPU to be tested, as given when the tests were compiled.
    pub(crate) fn gpu() -> Option<usize> {
        let number = option_env!("GANAS_TEST_GPU")?;
        Some(
            number
                .parse()
                .expect("GANAS_TEST_GPU is the number of a GPU"),
        )
    }
}

/// There is no emulation here.
#[cfg(all(feature = "cuda", not(target_os = "linux")))]
pub(crate) mod cuda {
    pub(crate) fn devices() -> impl Iterator<Item = crate::Cuda> {
        std::iter::empty()
    }
}

/// Random directed acyclic graphs of the sizes that kernels have to cope with: one node, a hub, isolated nodes, many graphs.
pub(crate) fn many_graphs<B: Backend>(device: &B, n: usize) -> crate::GraphBatch<B> {
    let mut batch = crate::GraphBatch::new(device);
    let numbers = values(99, 64 * n.max(1));
    for (g, numbers) in numbers.chunks(64).take(n).enumerate() {
        let nodes = 1 + g % 9;
        // Bits from the middle of the fraction.
        let bits = |at: usize| index_of((numbers[at].to_bits() >> 16 & 0xffff) as usize);
        let labels = (0..nodes).map(|v| bits(v) % 5);
        let edges: Vec<u64> = (0..nodes)
            .map(|v| match g % 4 {
                // A hub reads all, or is read by all.
                0 => (1 << v) - 1,
                1 => u64::from(v > 0),
                _ => u64::from(bits(10 + v)) & ((1 << v) - 1),
            })
            .collect();
        batch.push(labels, &edges);
    }
    batch.upload(device);
    batch
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
