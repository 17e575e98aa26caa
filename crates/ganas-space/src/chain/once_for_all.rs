//! The subnets of two once-for-all supernets (Cai and others, ICLR 2020) on ImageNet: five stages of two to four
//! inverted residual blocks, each with its own kernel and expansion, and the side of the images.
//!
//! `ofa-proxyless` has the widths of ProxylessNAS times 1.3 and a last block that is always the same; `ofa-mbv3` has
//! those of MobileNetV3 times 1.2, with squeeze-and-excitation in three of the stages.

use crate::KnownNetwork;

use super::description::{
    Absence, Block, CostModel, Description, LayerChoice, MbConv, RESOLUTION, Separators, Stage,
    factor, set,
};
use super::network::{Counting, Network, Shape, Squeeze, StageShape, rounded_to_8};

/// The subnets of once-for-all's ProxylessNAS supernet.
pub const OFA_PROXYLESS: &str = "ofa-proxyless";

/// The subnets of once-for-all's MobileNetV3 supernet.
pub const OFA_MBV3: &str = "ofa-mbv3";

const KERNELS: [u64; 3] = [3, 5, 7];
const EXPANSIONS: [u64; 3] = [3, 4, 6];
const RESOLUTIONS: [(u64, &str); 5] = [
    (160, "r160"),
    (176, "r176"),
    (192, "r192"),
    (208, "r208"),
    (224, "r224"),
];

/// Blocks of a stage, and how many of them must be there.
const DEPTH: usize = 4;
const LEAST_DEPTH: usize = 2;
const N_STAGES: usize = 5;

const PROXYLESS_KNOWN: [KnownNetwork<'static>; 3] = [
    KnownNetwork {
        name: "proxyless-mobile",
        text: "r224 k5e3,k3e3 k7e3,k3e3,k5e3,k5e3 k7e6,k5e3,k5e3,k5e3 k5e6,k5e3,k5e3,k5e3 k7e6,k7e6,k7e3,k7e3",
        differs: Some(
            "the widths are 1.3 times those of the published network, but for its first stage, which has 32 channels in both",
        ),
    },
    KnownNetwork {
        name: "proxyless-gpu",
        text: "r224 k5e3,k3e3 k7e3,k3e3 k7e6,k5e3 k5e6,k3e3,k5e3 k7e6,k7e6,k7e6,k5e6",
        differs: Some(
            "the first stage has 2 blocks, not 1, and the last three stages and the last block are narrower (104, 128, 248, 416 for 112, 128, 256, 432)",
        ),
    },
    KnownNetwork {
        name: "mobilenet-v2",
        text: "r224 k3e6,k3e6 k3e6,k3e6,k3e6 k3e6,k3e6,k3e6,k3e6 k3e6,k3e6,k3e6 k3e6,k3e6,k3e6",
        differs: Some(
            "the widths are those of ProxylessNAS times 1.3, and the last block has a 7x7 kernel, not 3x3",
        ),
    },
];

/// Subnets of the ProxylessNAS supernet of width 1.3.
pub(super) fn proxyless() -> Description {
    proxyless_of_width(OFA_PROXYLESS, 13, &PROXYLESS_KNOWN)
}

/// A space of ProxylessNAS blocks, with so many tenths of its widths.
pub(super) fn proxyless_of_width(
    name: &str,
    tenths: u64,
    known: &'static [KnownNetwork<'static>],
) -> Description {
    let width = |channels: u64| rounded_to_8(tenths * channels);
    let stage = |(channels, stride)| StageShape {
        shape: Shape {
            channels: width(channels),
            stride,
        },
        squeeze: false,
    };
    let network = Network {
        resolution: 224,
        stem: Shape {
            channels: width(32),
            stride: 2,
        },
        first: Some((block(3, 1), width(16))),
        stages: [(24, 2), (40, 2), (80, 2), (96, 1), (192, 2)]
            .map(stage)
            .to_vec(),
        last: Some((block(7, 6), width(320))),
        head: width(1280),
        hidden: None,
        classes: 1000,
        squeeze: Squeeze::QuarterOfExpanded,
        counting: Counting::MultiplyAdds,
    };
    description(name, network, known)
}

/// Subnets of the MobileNetV3 supernet of width 1.2.
pub(super) fn mobile_net_v3() -> Description {
    let width = |channels: u64| rounded_to_8(12 * channels);
    let stage = |(channels, stride, squeeze)| StageShape {
        shape: Shape {
            channels: width(channels),
            stride,
        },
        squeeze,
    };
    let network = Network {
        resolution: 224,
        stem: Shape {
            channels: width(16),
            stride: 2,
        },
        first: Some((block(3, 1), width(16))),
        stages: [
            (24, 2, false),
            (40, 2, true),
            (80, 2, false),
            (112, 1, true),
            (160, 2, true),
        ]
        .map(stage)
        .to_vec(),
        last: None,
        head: width(960),
        hidden: Some(width(1280)),
        classes: 1000,
        squeeze: Squeeze::QuarterOfExpanded,
        counting: Counting::MultiplyAdds,
    };
    description(OFA_MBV3, network, &[])
}

fn description(
    name: &str,
    network: Network,
    known: &'static [KnownNetwork<'static>],
) -> Description {
    let mut choices = Vec::new();
    for kernel in KERNELS {
        for expansion in EXPANSIONS {
            let word = format!("k{kernel}e{expansion}");
            choices.push(LayerChoice {
                label: word.clone(),
                word,
                block: Block::MbConv(block(kernel, expansion)),
                factors: [("kernel", kernel), ("expand", expansion)]
                    .map(factor)
                    .to_vec(),
            });
        }
    }
    let blocks = set(0..choices.len());
    let optional = blocks | set([choices.len()]);
    choices.push(LayerChoice {
        word: String::new(),
        label: "absent".to_owned(),
        block: Block::Absent,
        factors: Vec::new(),
    });
    let resolutions = set(choices.len()..choices.len() + RESOLUTIONS.len());
    choices.extend(RESOLUTIONS.map(|(side, word)| LayerChoice {
        word: word.to_owned(),
        label: word.to_owned(),
        block: Block::Resolution(side),
        factors: vec![factor((RESOLUTION, side))],
    }));
    let mut layers = vec![optional; DEPTH];
    layers[..LEAST_DEPTH].fill(blocks);
    let mut stages = vec![Stage {
        layers: vec![resolutions],
        absence: Absence::Anywhere,
    }];
    let stage = Stage {
        layers,
        absence: Absence::AtEnd,
    };
    stages.extend(std::iter::repeat_n(stage, N_STAGES));
    Description {
        name: name.to_owned(),
        choices,
        stages,
        text: Separators {
            stages: " ",
            layers: ",",
        },
        subnets: true,
        costs: CostModel::Network(network),
        known,
        bounds: Vec::new(),
    }
}

fn block(kernel: u64, expansion: u64) -> MbConv {
    MbConv {
        kernel,
        expansion,
        repeats: 1,
        squeeze: false,
    }
}
