//! The space of Accel-NASBench (Ahmad and others, 2024): seven stages of EfficientNet's widths on ImageNet, each with
//! an expansion, a kernel, a number of blocks, and squeeze-and-excitation or not.

use crate::KnownNetwork;

use super::description::{
    Absence, Block, CostModel, Description, LayerChoice, MbConv, Separators, Stage, factor, set,
};
use super::network::{Counting, Network, Shape, Squeeze, StageShape};

/// Seven blocks of EfficientNet's widths on ImageNet: the space of Accel-NASBench.
pub const MBCONV: &str = "mbconv";

/// Expansions, kernels and numbers of blocks; 4 blocks are possible in one stage only.
const EXPANSIONS: [u64; 3] = [1, 4, 6];
const KERNELS: [u64; 2] = [3, 5];
const REPEATS: [u64; 4] = [1, 2, 3, 4];

/// The stage that can have 4 blocks.
const LONG_STAGE: usize = 5;

/// Channels and strides.
const STAGES: [(u64, u64); 7] = [
    (16, 1),
    (24, 2),
    (40, 2),
    (80, 2),
    (112, 1),
    (192, 2),
    (320, 1),
];

const KNOWN: [KnownNetwork<'static>; 2] = [
    KnownNetwork {
        name: "efficientnet-b0",
        text: "e1k3l1se1 e6k3l2se1 e6k5l2se1 e6k3l3se1 e6k5l3se1 e6k5l4se1 e6k3l1se1",
        differs: None,
    },
    KnownNetwork {
        name: "mobilenet-v2",
        text: "e1k3l1se0 e6k3l2se0 e6k3l3se0 e6k3l3se0 e6k3l3se0 e6k3l3se0 e6k3l1se0",
        differs: Some(
            "the widths are those of EfficientNet-B0 (40, 80, 112, 192 for 32, 64, 96, 160), and the fourth stage has 3 blocks, not 4",
        ),
    },
];

/// The space.
pub(super) fn description() -> Description {
    let mut choices = Vec::new();
    for expansion in EXPANSIONS {
        for kernel in KERNELS {
            for repeats in REPEATS {
                for squeeze in [false, true] {
                    let word = format!("e{expansion}k{kernel}l{repeats}se{}", u8::from(squeeze));
                    choices.push(LayerChoice {
                        label: word.clone(),
                        word,
                        block: Block::MbConv(MbConv {
                            kernel,
                            expansion,
                            repeats,
                            squeeze,
                        }),
                        factors: [
                            ("expand", expansion),
                            ("kernel", kernel),
                            ("layers", repeats),
                            ("se", u64::from(squeeze)),
                        ]
                        .map(factor)
                        .to_vec(),
                    });
                }
            }
        }
    }
    let fits =
        |block: Block, longest: u64| matches!(block, Block::MbConv(b) if b.repeats <= longest);
    let stages = (0..STAGES.len()).map(|stage| {
        let longest = if stage == LONG_STAGE { 4 } else { 3 };
        let layer = set((0..choices.len()).filter(|c| fits(choices[*c].block, longest)));
        Stage {
            layers: vec![layer],
            absence: Absence::Anywhere,
        }
    });
    Description {
        name: MBCONV.to_owned(),
        stages: stages.collect(),
        choices,
        text: Separators {
            stages: " ",
            layers: ",",
        },
        subnets: false,
        costs: CostModel::Network(Network {
            resolution: 224,
            stem: Shape {
                channels: 32,
                stride: 2,
            },
            first: None,
            stages: STAGES
                .map(|(channels, stride)| StageShape {
                    shape: Shape { channels, stride },
                    squeeze: false,
                })
                .to_vec(),
            last: None,
            head: 1280,
            hidden: None,
            classes: 1000,
            squeeze: Squeeze::QuarterOfInput,
            counting: Counting::Thop,
        }),
        known: &KNOWN,
        bounds: Vec::new(),
    }
}
