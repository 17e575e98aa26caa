//! Parameters and FLOPs in closed form.
//!
//! The network, for 32x32 images: a 3x3 convolution from 3 to 128 channels; three stacks of three modules with 128,
//! 256 and 512 channels, and a 2x2 max pooling before the second and the third; global average pooling; a linear layer
//! with bias from 512 to 10.
//! Every convolution is followed by batch normalisation and ReLU, and has no bias.
//!
//! A module divides its output channels among the inner vertices with an edge to the output, whose results are
//! concatenated; the first ones get one more when the division is not even.
//! Any other inner vertex has as many channels as the widest vertex that it feeds; what is too wide is cut.
//! Every edge from the input is a 1x1 convolution to the channels of its target; one to the output is added to the
//! concatenation, or is all of the output.
//!
//! | layer | parameters | FLOPs |
//! |---|---|---|
//! | k-by-k convolution from i to o channels, result s by s | k·k·i·o | k·k·i·o·s·s |
//! | its batch normalisation | 2·o | 2·o·s·s |
//! | linear layer | 512·10 + 10 | 512·10 |
//! | pooling, ReLU, sums, concatenation | 0 | 0 |
//!
//! The parameters are the official ones.
//! There are no official FLOPs; these are those of the published table (multiply-adds as profiled in PyTorch, two
//! operations for each normalised value), which a test compares row by row.
//!
//! "The first ones get one more" depends on the order of the vertices, so isomorphic cells may differ by a few
//! parameters. Published numbers are those of the official representative, so that is what is counted here.

use crate::Cost;

use super::cell::{Cell, MAX_VERTICES};

/// Channels of the three stacks.
const CHANNELS: [u64; 3] = [128, 256, 512];

/// Modules of a stack.
const MODULES_PER_STACK: usize = 3;

/// The side of an image in pixels.
const IMAGE_SIDE: u64 = 32;

/// Channels of an image.
const IMAGE_CHANNELS: u64 = 3;

/// Outputs of the network.
const N_CLASSES: u64 = 10;

/// Side of the kernel of each operation, in the order of the official labels; 0 for the pooling.
const KERNELS: [u64; 3] = [3, 1, 0];

/// Parameters and FLOPs of the network built of a cell in the order that it has.
pub(super) fn cost(cell: &Cell) -> Cost {
    let mut layers = Layers::default();
    let (mut side, mut channels) = (IMAGE_SIDE, CHANNELS[0]);
    layers.conv(3, IMAGE_CHANNELS, channels, side);
    for (stack, outputs) in CHANNELS.into_iter().enumerate() {
        if stack > 0 {
            side /= 2;
        }
        for _ in 0..MODULES_PER_STACK {
            layers.module(cell, channels, outputs, side);
            channels = outputs;
        }
    }
    layers.parameters += channels * N_CLASSES + N_CLASSES;
    layers.flops += channels * N_CLASSES;
    Cost::new(layers.parameters, layers.flops)
}

/// The channels of each vertex of a module with this many output channels; entry 0, the input's, is not used.
fn vertex_channels(cell: &Cell, outputs: u64) -> [u64; MAX_VERTICES] {
    let last = cell.n_vertices() - 1;
    let mut channels = [0; MAX_VERTICES];
    channels[last] = outputs;
    let concatenated = (1..last).filter(|v| cell.has_edge(*v, last));
    let n = concatenated.clone().map(|_| 1).sum::<u64>();
    for (nth, v) in (0..n).zip(concatenated) {
        channels[v] = outputs / n + u64::from(nth < outputs % n);
    }
    for v in (1..last).rev() {
        if !cell.has_edge(v, last) {
            let fed = (v + 1..last).filter(|to| cell.has_edge(v, *to));
            channels[v] = fed.map(|to| channels[to]).max().unwrap_or(0);
        }
    }
    channels
}

/// The sum over the layers so far; the largest cell is far from what a `u64` holds.
#[derive(Default)]
struct Layers {
    parameters: u64,
    flops: u64,
}

impl Layers {
    fn module(&mut self, cell: &Cell, inputs: u64, outputs: u64, side: u64) {
        let channels = vertex_channels(cell, outputs);
        for (v, &own) in channels.iter().enumerate().take(cell.n_vertices()).skip(1) {
            if cell.has_edge(0, v) {
                self.conv(1, inputs, own, side);
            }
        }
        for (op, &own) in cell.ops().iter().zip(&channels[1..]) {
            let kernel = KERNELS[usize::from(*op)];
            if kernel > 0 {
                self.conv(kernel, own, own, side);
            }
        }
    }

    /// A convolution with its batch normalisation.
    fn conv(&mut self, kernel: u64, inputs: u64, outputs: u64, side: u64) {
        let weights = kernel * kernel * inputs * outputs;
        self.parameters += weights + 2 * outputs;
        self.flops += (weights + 2 * outputs) * side * side;
    }
}
