//! The network around a chain, and its parameters and FLOPs in closed form.
//!
//! A convolution has no bias and is followed by batch normalisation, unless it says otherwise.
//! Squeeze-and-excitation is two 1x1 convolutions with bias; linear layers have a bias.

use crate::layers::Layers;
use crate::{Cost, OpId};

use super::description::{Block, CostModel, Description, MbConv};

/// The network around a chain, as data.
#[derive(Debug)]
pub(crate) struct Network {
    /// The side of an image, unless the architecture says it.
    pub(crate) resolution: u64,
    /// The 3x3 convolution on the image.
    pub(crate) stem: Shape,
    /// A block between the stem and the chain.
    pub(crate) first: Option<(MbConv, u64)>,
    /// The stages of the chain that have layers, in order.
    pub(crate) stages: Vec<StageShape>,
    /// A block between the chain and the head, with its channels.
    pub(crate) last: Option<(MbConv, u64)>,
    /// The channels of the 1x1 convolution before global pooling.
    pub(crate) head: u64,
    /// The channels of a 1x1 convolution without normalisation between pooling and the linear layer.
    pub(crate) hidden: Option<u64>,
    /// Outputs of the linear layer.
    pub(crate) classes: u64,
    /// How channels are rounded between the convolutions of a block, and squeezed.
    pub(crate) squeeze: Squeeze,
    /// What a floating-point operation is.
    pub(crate) counting: Counting,
}

/// Channels and stride.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) channels: u64,
    /// Of the first layer; the others have stride 1.
    pub(crate) stride: u64,
}

/// The size of a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StageShape {
    pub(crate) shape: Shape,
    /// Whether all blocks have squeeze-and-excitation, whatever the choice says.
    pub(crate) squeeze: bool,
}

/// The inner channels of squeeze-and-excitation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Squeeze {
    /// A quarter of the block's input channels.
    QuarterOfInput,
    /// A quarter of the expanded channels, rounded to a multiple of 8.
    QuarterOfExpanded,
}

/// What a floating-point operation is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counting {
    /// A multiply-add of a convolution or a linear layer.
    MultiplyAdds,
    /// What the profiler `thop` counts; see [`Layers::thop_flops`].
    Thop,
}

/// The nearest multiple of 8, but never less than nine tenths, as MobileNets round channels.
pub(crate) const fn rounded_to_8(tenths: u64) -> u64 {
    let rounded = (tenths + 40) / 80 * 8;
    let rounded = if rounded == 0 { 8 } else { rounded };
    if 100 * rounded < 9 * tenths {
        rounded + 8
    } else {
        rounded
    }
}

/// An inverted residual block in its place in a network: what a table of latencies is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlacedBlock {
    /// The stage of the chain, from 0; `None` for a block before or after the chain.
    pub stage: Option<usize>,
    /// The sides of what it reads and makes, in pixels.
    pub sides: [u64; 2],
    /// The channels of what it reads and makes.
    pub channels: [u64; 2],
    /// The channels of the depthwise convolution.
    pub expanded: u64,
    /// The side of the depthwise kernel.
    pub kernel: u64,
    /// Whether channels are weighed by squeeze-and-excitation.
    pub squeeze: bool,
}

/// Parameters and FLOPs of the network of an architecture, given as the labels of its layers.
pub(crate) fn cost(description: &Description, labels: &[OpId]) -> Cost {
    match &description.costs {
        CostModel::Network(network) => walk(description, network, labels).0,
        CostModel::Table(costs) => costs.cost(description.present(labels)),
    }
}

/// The costs of a network, and its inverted residual blocks in order.
pub(crate) fn walk(
    description: &Description,
    network: &Network,
    labels: &[OpId],
) -> (Cost, Vec<PlacedBlock>) {
    let resolution = labels
        .iter()
        .find_map(|label| match description.block(*label) {
            Block::Resolution(side) => Some(side),
            _ => None,
        });
    let mut builder = Builder {
        layers: Layers::default(),
        squeeze: network.squeeze,
        channels: 3,
        side: resolution.unwrap_or(network.resolution),
        stage: None,
        placed: Vec::new(),
    };
    builder.conv(3, network.stem);
    if let Some((block, channels)) = network.first {
        builder.blocks(
            block,
            Shape {
                channels,
                stride: 1,
            },
        );
    }
    let stages = description.divided(labels);
    let is_layer = |label: &&OpId| {
        !matches!(
            description.block(**label),
            Block::Absent | Block::Resolution(_)
        )
    };
    let stages = stages
        .into_iter()
        .map(|stage| stage.iter().filter(is_layer).collect::<Vec<_>>())
        .filter(|stage| !stage.is_empty());
    for (s, (stage, size)) in stages.zip(&network.stages).enumerate() {
        builder.stage = Some(s);
        let mut shape = size.shape;
        for label in stage {
            match description.block(*label) {
                Block::Projection => builder.conv(1, shape),
                Block::MbConv(block) => builder.blocks(
                    MbConv {
                        squeeze: block.squeeze || size.squeeze,
                        ..block
                    },
                    shape,
                ),
                Block::Absent | Block::Resolution(_) | Block::Opaque => {}
            }
            shape.stride = 1;
        }
    }
    builder.stage = None;
    if let Some((block, channels)) = network.last {
        builder.blocks(
            block,
            Shape {
                channels,
                stride: 1,
            },
        );
    }
    builder.head(network)
}

/// The layers so far, and the shape of what they make.
struct Builder {
    layers: Layers,
    squeeze: Squeeze,
    channels: u64,
    side: u64,
    stage: Option<usize>,
    placed: Vec<PlacedBlock>,
}

impl Builder {
    fn conv(&mut self, kernel: u64, shape: Shape) {
        // Padding keeps the side, so a stride divides it and rounds up.
        self.side = self.side.div_ceil(shape.stride);
        self.layers
            .conv(kernel, self.channels, shape.channels, self.side);
        self.layers.norm(shape.channels, self.side);
        self.channels = shape.channels;
    }

    /// Blocks of which the first has the stride.
    fn blocks(&mut self, block: MbConv, shape: Shape) {
        for n in 0..block.repeats {
            let stride = if n == 0 { shape.stride } else { 1 };
            self.block(block, Shape { stride, ..shape });
        }
    }

    fn block(&mut self, block: MbConv, shape: Shape) {
        let (inputs, side) = (self.channels, self.side);
        let expanded = match self.squeeze {
            Squeeze::QuarterOfInput => inputs * block.expansion,
            Squeeze::QuarterOfExpanded => rounded_to_8(10 * inputs * block.expansion),
        };
        if block.expansion != 1 {
            self.conv(
                1,
                Shape {
                    channels: expanded,
                    stride: 1,
                },
            );
        }
        self.side = self.side.div_ceil(shape.stride);
        self.layers.depthwise(block.kernel, expanded, self.side);
        self.layers.norm(expanded, self.side);
        if block.squeeze {
            let inner = match self.squeeze {
                Squeeze::QuarterOfInput => (inputs / 4).max(1),
                Squeeze::QuarterOfExpanded => rounded_to_8(10 * expanded / 4),
            };
            self.layers.global_pool(expanded, self.side);
            self.layers.linear(expanded, inner);
            self.layers.linear(inner, expanded);
        }
        self.channels = expanded;
        self.conv(1, Shape { stride: 1, ..shape });
        self.placed.push(PlacedBlock {
            stage: self.stage,
            sides: [side, self.side],
            channels: [inputs, self.channels],
            expanded,
            kernel: block.kernel,
            squeeze: block.squeeze,
        });
    }

    fn head(mut self, network: &Network) -> (Cost, Vec<PlacedBlock>) {
        self.conv(
            1,
            Shape {
                channels: network.head,
                stride: 1,
            },
        );
        self.layers.global_pool(self.channels, self.side);
        if let Some(hidden) = network.hidden {
            self.layers.conv(1, self.channels, hidden, 1);
            self.channels = hidden;
        }
        self.layers.linear(self.channels, network.classes);
        let cost = Cost {
            parameters: self.layers.parameters(),
            flops: match network.counting {
                Counting::MultiplyAdds => self.layers.multiply_adds(),
                Counting::Thop => self.layers.thop_flops(),
            },
        };
        (cost, self.placed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_rounded_as_in_mobile_nets() {
        // 1.2 times the widths of MobileNetV3, in tenths.
        let widths = [16, 24, 40, 80, 112, 160, 960, 1280].map(|width| rounded_to_8(12 * width));
        assert_eq!(widths, [24, 32, 48, 96, 136, 192, 1152, 1536]);
        assert_eq!(rounded_to_8(10), 8);
    }
}
