//! Parameters and FLOPs in closed form.
//!
//! The network: a 3x3 convolution from 3 to 16 channels with batch normalisation; five cells with 16 channels; a
//! residual block that halves the sides and doubles the channels; five cells with 32; a residual block; five cells
//! with 64; batch normalisation, global average pooling and a linear layer with bias.
//! A residual block is two 3x3 convolutions with batch normalisation and, on the shortcut, average pooling and a 1x1
//! convolution without.
//!
//! A k-by-k convolution from i to o channels has k·k·i·o parameters (no bias), its batch normalisation 2·o.
//! The official FLOPs count multiply-adds: k·k·i·o for each output pixel of a convolution, i·o + o for the linear
//! layer, and nothing for batch normalisation, pooling, ReLU and sums.
//!
//! Every operation in the text counts, also on dead edges: the network holds and runs it, and the published numbers
//! include it. So two cells of a class may differ in cost.
//!
//! | | CIFAR-10 | CIFAR-100 | ImageNet16-120 |
//! |---|---|---|---|
//! | parameters without cells | 73,306 | 79,156 | 80,456 |
//! | parameters of each `nor_conv_1x1` | 28,000 | 28,000 | 28,000 |
//! | parameters of each `nor_conv_3x3` | 243,040 | 243,040 | 243,040 |
//! | FLOPs without cells | 7,783,050 | 7,788,900 | 1,953,400 |
//! | FLOPs of each `nor_conv_1x1` | 3,932,160 | 3,932,160 | 983,040 |
//! | FLOPs of each `nor_conv_3x3` | 35,389,440 | 35,389,440 | 8,847,360 |

use crate::Cost;
use crate::layers::Layers;

use super::cell::{Cell, Op};

/// The data sets that the cells were trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataset {
    /// CIFAR-10: 32x32 pixels, 10 classes; also its half `cifar10-valid`.
    Cifar10,
    /// CIFAR-100: 32x32 pixels, 100 classes.
    Cifar100,
    /// ImageNet16-120: 16x16 pixels, 120 classes.
    ImageNet16_120,
}

impl Dataset {
    /// All data sets.
    pub const ALL: [Self; 3] = [Self::Cifar10, Self::Cifar100, Self::ImageNet16_120];

    /// The number of classes, and so of outputs of the network.
    #[must_use]
    pub fn n_classes(self) -> u64 {
        match self {
            Self::Cifar10 => 10,
            Self::Cifar100 => 100,
            Self::ImageNet16_120 => 120,
        }
    }

    /// The side of an image in pixels.
    #[must_use]
    pub fn side(self) -> u64 {
        match self {
            Self::Cifar10 | Self::Cifar100 => 32,
            Self::ImageNet16_120 => 16,
        }
    }
}

/// Channels of the three stages.
const CHANNELS: [u64; 3] = [16, 32, 64];

/// Cells of a stage.
const CELLS_PER_STAGE: u64 = 5;

/// Parameters and FLOPs of the network built of this cell.
pub(super) fn cost(cell: Cell, dataset: Dataset) -> Cost {
    let mut layers = Layers::default();
    let [first, .., last] = CHANNELS;
    layers.conv(3, 3, first, dataset.side());
    layers.norm(first, dataset.side());

    let mut side = dataset.side();
    let mut previous = first;
    for channels in CHANNELS {
        if channels != previous {
            side /= 2;
            layers.conv(3, previous, channels, side);
            layers.conv(3, channels, channels, side);
            layers.norm(channels, side);
            layers.norm(channels, side);
            layers.conv(1, previous, channels, side);
            previous = channels;
        }
        for op in cell.0 {
            let kernel = match op {
                Op::Conv1x1 => 1,
                Op::Conv3x3 => 3,
                Op::None | Op::Skip | Op::AvgPool3x3 => continue,
            };
            for _ in 0..CELLS_PER_STAGE {
                layers.conv(kernel, channels, channels, side);
                layers.norm(channels, side);
            }
        }
    }

    layers.norm(last, side);
    layers.linear(last, dataset.n_classes());
    Cost {
        parameters: layers.parameters(),
        // The official count has the additions of the bias, too.
        flops: layers
            .multiply_adds()
            .and_then(|flops| flops.checked_add(dataset.n_classes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nasbench201::cell::N_CELLS;

    /// The published closed forms: `(parameters, FLOPs)` of the rest, of a 1x1 and of a 3x3 convolution.
    const FORMS: [(Dataset, [(u64, u64); 3]); 3] = [
        (
            Dataset::Cifar10,
            [
                (73_306, 7_783_050),
                (28_000, 3_932_160),
                (243_040, 35_389_440),
            ],
        ),
        (
            Dataset::Cifar100,
            [
                (79_156, 7_788_900),
                (28_000, 3_932_160),
                (243_040, 35_389_440),
            ],
        ),
        (
            Dataset::ImageNet16_120,
            [(80_456, 1_953_400), (28_000, 983_040), (243_040, 8_847_360)],
        ),
    ];

    #[test]
    fn layers_sum_up_to_the_published_closed_forms() {
        for (dataset, [base, conv_1x1, conv_3x3]) in FORMS {
            for cell in (0..N_CELLS).map(Cell::from_code) {
                let count = |op| cell.0.iter().map(|&o| u64::from(o == op)).sum::<u64>();
                let (n1, n3) = (count(Op::Conv1x1), count(Op::Conv3x3));
                let expected = Cost::new(
                    base.0 + n1 * conv_1x1.0 + n3 * conv_3x3.0,
                    base.1 + n1 * conv_1x1.1 + n3 * conv_3x3.1,
                );
                assert_eq!(cost(cell, dataset), expected, "{dataset:?} {cell:?}");
            }
        }
    }
}
