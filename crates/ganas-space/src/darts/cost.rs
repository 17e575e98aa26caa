//! Parameters and FLOPs in closed form.
//!
//! The network, for 32x32 images: a 3x3 convolution from 3 to 3·C channels with batch normalisation, which is both
//! inputs of the first cell; then cells, of which those at one third and at two thirds of the depth are reduction cells,
//! which double the channels and halve the sides; global average pooling; a linear layer with bias.
//! The network of the DARTS paper has C = 36 channels and 20 cells.
//! The auxiliary head, which is used in training only, is not counted.
//!
//! A cell first brings both inputs to its number of channels: ReLU, 1x1 convolution, batch normalisation; where the
//! sides differ, the first input goes through a factorised reduction, two 1x1 convolutions with stride 2 to half of the
//! channels each.
//! Operations on these inputs have stride 2 in a reduction cell.
//!
//! | operation | layers |
//! |---|---|
//! | `sep_conv` | twice: ReLU, depthwise convolution, 1x1 convolution, batch normalisation |
//! | `dil_conv` | ReLU, depthwise convolution, 1x1 convolution, batch normalisation |
//! | `skip_connect` | none; with stride 2 a factorised reduction and batch normalisation |
//! | pooling | none with parameters |
//!
//! FLOPs are those of the published table of 545 networks, which a test compares row by row: one for a multiply-add,
//! four for a normalised value, one for a value of average pooling.

use crate::layers::Layers;
use crate::{Cost, SpaceError};

use super::cell::{Genotype, Op};

/// The size of the network that cells are stacked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DartsNetwork {
    channels: u64,
    cells: u64,
}

impl DartsNetwork {
    /// The most channels of the first cells.
    pub const MAX_CHANNELS: u64 = 65_536;

    /// The most cells. The costs of the largest network are below 2^62.
    pub const MAX_CELLS: u64 = 10_000;

    /// The network of the DARTS paper: 36 channels, 20 cells.
    pub const DARTS: Self = Self {
        channels: 36,
        cells: 20,
    };

    /// The network of NAS-Bench-301: 32 channels, 8 cells.
    pub const NASBENCH301: Self = Self {
        channels: 32,
        cells: 8,
    };

    /// A network with so many channels in its first cells, and so many cells.
    ///
    /// # Errors
    ///
    /// [`SpaceError::BadNetwork`] when one of them is 0, or above [`Self::MAX_CHANNELS`] or [`Self::MAX_CELLS`].
    pub fn new(channels: u64, cells: u64) -> Result<Self, SpaceError> {
        let fits =
            (1..=Self::MAX_CHANNELS).contains(&channels) && (1..=Self::MAX_CELLS).contains(&cells);
        if fits {
            return Ok(Self { channels, cells });
        }
        Err(SpaceError::BadNetwork {
            channels,
            cells,
            max_channels: Self::MAX_CHANNELS,
            max_cells: Self::MAX_CELLS,
        })
    }

    /// Channels of the first cells.
    #[must_use]
    pub fn channels(self) -> u64 {
        self.channels
    }

    /// The number of cells.
    #[must_use]
    pub fn cells(self) -> u64 {
        self.cells
    }
}

const IMAGE_SIDE: u64 = 32;
const IMAGE_CHANNELS: u64 = 3;
const N_CLASSES: u64 = 10;

/// The stem has this many times the channels of the first cells.
const STEM_FACTOR: u64 = 3;

/// A cell concatenates so many nodes.
const CONCATENATED: u64 = 4;

/// What a cell makes: sides and channels.
#[derive(Clone, Copy)]
struct Shape {
    side: u64,
    channels: u64,
}

/// Parameters and FLOPs of the network for CIFAR-10.
pub(super) fn cost(genotype: &Genotype, network: DartsNetwork) -> Cost {
    let mut layers = Layers::default();
    let mut channels = network.channels;
    let stem = Shape {
        side: IMAGE_SIDE,
        channels: STEM_FACTOR * channels,
    };
    layers.conv(3, IMAGE_CHANNELS, stem.channels, stem.side);
    layers.norm(stem.channels, stem.side);
    let (mut before, mut last) = (stem, stem);
    for cell in 0..network.cells {
        let reduces = cell == network.cells / 3 || cell == 2 * network.cells / 3;
        channels *= if reduces { 2 } else { 1 };
        for input in [before, last] {
            // A factorised reduction has as many weights and multiply-adds as one convolution.
            layers.conv(1, input.channels, channels, last.side);
            layers.norm(channels, last.side);
        }
        let side = if reduces { last.side / 2 } else { last.side };
        let nodes = &genotype.0[usize::from(reduces)].0;
        for (op, source) in nodes.iter().flat_map(|node| node.pairs()) {
            let stride = if reduces && source < 2 { 2 } else { 1 };
            operation(&mut layers, op, stride, Shape { side, channels });
        }
        before = last;
        last = Shape {
            side,
            channels: CONCATENATED * channels,
        };
    }
    layers.global_pool(last.channels, last.side);
    layers.linear(last.channels, N_CLASSES);
    Cost {
        parameters: layers.parameters(),
        flops: layers.thop_flops(),
    }
}

/// An operation with a result of this shape.
fn operation(layers: &mut Layers, op: Op, stride: u64, Shape { side, channels }: Shape) {
    let mut separable = |kernel| {
        layers.depthwise(kernel, channels, side);
        layers.conv(1, channels, channels, side);
        layers.norm(channels, side);
    };
    match op {
        Op::SepConv3x3 => {
            separable(3);
            separable(3);
        }
        Op::SepConv5x5 => {
            separable(5);
            separable(5);
        }
        Op::DilConv3x3 => separable(3),
        Op::DilConv5x5 => separable(5),
        Op::Skip if stride > 1 => {
            layers.conv(1, channels, channels, side);
            layers.norm(channels, side);
        }
        Op::AvgPool3x3 => layers.pool(channels, side),
        Op::Skip | Op::MaxPool3x3 => {}
    }
}
