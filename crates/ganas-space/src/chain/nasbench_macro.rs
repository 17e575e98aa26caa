//! NAS-Bench-Macro (Su and others, CVPR 2021): eight layers on CIFAR-10, each the identity or one of two inverted
//! residual blocks.
//!
//! The first layer of each of three stages changes the channels and the side, so its identity is a 1x1 convolution.
//! Any other identity is nothing: the published table has the same values wherever it stands among the other layers of
//! its stage.

use crate::KnownNetwork;

use super::description::{
    Absence, Block, CostModel, Description, LayerChoice, MbConv, Separators, Stage, set,
};
use super::network::{Counting, Network, Shape, Squeeze, StageShape};

/// NAS-Bench-Macro: eight layers on CIFAR-10.
pub const NASBENCH_MACRO: &str = "nasbench-macro";

/// Layers, channels and stride of each stage.
const STAGES: [(usize, u64, u64); 3] = [(2, 64, 2), (3, 128, 2), (3, 256, 2)];

const KNOWN: [KnownNetwork<'static>; 1] = [KnownNetwork {
    name: "best-of-table",
    text: "22212202",
    differs: None,
}];

/// The space.
pub(super) fn description() -> Description {
    let block = |expansion, kernel| {
        Block::MbConv(MbConv {
            kernel,
            expansion,
            repeats: 1,
            squeeze: false,
        })
    };
    let choice = |word: &str, label: &str, block| LayerChoice {
        word: word.to_owned(),
        label: label.to_owned(),
        block,
        factors: vec![("block".to_owned(), label.to_owned())],
    };
    // The order of the digits, for the first layer of a stage as for the others.
    let choices = vec![
        choice("0", "projection", Block::Projection),
        choice("0", "identity", Block::Absent),
        choice("1", "mb3_k3", block(3, 3)),
        choice("2", "mb6_k5", block(6, 5)),
    ];
    let stages = STAGES.map(|(n_layers, ..)| {
        let mut layers = vec![set([1, 2, 3]); n_layers];
        layers[0] = set([0, 2, 3]);
        Stage {
            layers,
            absence: Absence::Anywhere,
        }
    });
    Description {
        name: NASBENCH_MACRO.to_owned(),
        choices,
        stages: stages.to_vec(),
        text: Separators {
            stages: "",
            layers: "",
        },
        subnets: false,
        costs: CostModel::Network(Network {
            resolution: 32,
            stem: Shape {
                channels: 32,
                stride: 1,
            },
            first: None,
            stages: STAGES
                .map(|(_, channels, stride)| StageShape {
                    shape: Shape { channels, stride },
                    squeeze: false,
                })
                .to_vec(),
            last: None,
            head: 1280,
            hidden: None,
            classes: 10,
            squeeze: Squeeze::QuarterOfInput,
            counting: Counting::MultiplyAdds,
        }),
        known: &KNOWN,
        bounds: Vec::new(),
    }
}
