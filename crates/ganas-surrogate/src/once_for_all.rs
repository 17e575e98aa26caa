//! The accuracy predictors of two once-for-all supernets (Cai and others, 2020), and the table of latencies of a phone.
//!
//! A predictor sees one-hot codes of the kernel and the expansion of each of 20 blocks (zeros for one that is left out)
//! and of the side of the images, and has three hidden layers of 400 rectified units.

use std::sync::Arc;

use ganas_space::Arch;
use ganas_space::chain::{Chain, OFA_MBV3, OFA_PROXYLESS};
use serde::Deserialize;

use ganas_eval::{MetricRole, Property};

use crate::SurrogateError;

use super::folder::{File, Folder};
use super::latency::PhoneLatency;
use super::model::{Model, Prediction};
use super::tensor_graph::dot;

/// The blocks that a predictor has codes of, and the values of their factors.
const N_BLOCKS: usize = 20;
const KERNELS: [u64; 3] = [3, 5, 7];
const EXPANSIONS: [u64; 3] = [3, 4, 6];

/// The codes of the side of the images: from 112 in steps of 16.
const N_SIDES: usize = 8;
const FIRST_SIDE: u64 = 112;
const SIDE_STEP: u64 = 16;

const N_FEATURES: usize = N_BLOCKS * (KERNELS.len() + EXPANSIONS.len()) + N_SIDES;

/// The names of the layers in the file; the last has no rectification after it.
const LAYERS: [&str; 4] = ["0", "2", "4", "6"];

/// The accuracy on held-out training images, in percent.
const HELD_OUT: Prediction = Prediction {
    name: "heldout_top1",
    role: MetricRole::Validation,
    epochs: None,
};

/// The accuracy on ImageNet's validation images, in percent.
const TOP1: Prediction = Prediction {
    name: "top1",
    role: MetricRole::Validation,
    epochs: None,
};

/// A predictor, with the latencies of its space when there are some.
#[derive(Debug)]
pub(super) struct OnceForAll {
    space: Arc<Chain>,
    layers: Vec<Layer>,
    /// What the output is multiplied with to be in percent.
    scale: f32,
    latency: Option<Arc<PhoneLatency>>,
    predictions: Vec<Prediction>,
}

#[derive(Debug)]
struct Layer {
    n_inputs: usize,
    weights: Vec<f32>,
    biases: Vec<f32>,
}

/// What the JSON file says of the weights.
#[derive(Debug, Deserialize)]
struct Layout {
    tensors: Vec<TensorPlace>,
}

#[derive(Debug, Deserialize)]
struct TensorPlace {
    name: String,
    shape: Vec<usize>,
    offset_bytes: usize,
    dtype: String,
}

impl OnceForAll {
    /// The predictor for MobileNetV3 subnets: fractions on held-out images; and the latency on the phone.
    pub(super) fn open_mbv3(folder: &mut Folder) -> Result<Self, SurrogateError> {
        let mut opened = Self::open(folder, OFA_MBV3, "ofa_acc_predictor", HELD_OUT, 100.0)?;
        if PhoneLatency::is_here(folder) {
            let latency = PhoneLatency::open(folder, Arc::clone(&opened.space))?;
            opened.latency = Some(Arc::new(latency));
            opened.predictions.push(PhoneLatency::PREDICTION);
        }
        Ok(opened)
    }

    /// The predictor for ProxylessNAS subnets.
    pub(super) fn open_proxyless(folder: &mut Folder) -> Result<Self, SurrogateError> {
        Self::open(folder, OFA_PROXYLESS, "proxyless_acc_predictor", TOP1, 1.0)
    }

    fn open(
        folder: &mut Folder,
        space: &str,
        stem: &str,
        prediction: Prediction,
        scale: f32,
    ) -> Result<Self, SurrogateError> {
        let file = folder.read(&format!("{stem}.json"))?;
        let layout: Layout = file.json()?;
        let weights = folder.read(&format!("{stem}.f32.bin"))?;
        let mut layers: Vec<Layer> = Vec::new();
        for name in LAYERS {
            let n_inputs = layers.last().map_or(N_FEATURES, |layer| layer.biases.len());
            let biases = tensor(&file, &weights, &layout, &format!("{name}.bias"), &[])?;
            let shape = [biases.len(), n_inputs];
            layers.push(Layer {
                n_inputs,
                weights: tensor(&file, &weights, &layout, &format!("{name}.weight"), &shape)?,
                biases,
            });
        }
        if layers.last().is_none_or(|layer| layer.biases.len() != 1) {
            return Err(file.problem("`6.bias`", "expected one output"));
        }
        Ok(Self {
            space: Chain::by_name(space).expect("invariant: the space is built in"),
            layers,
            scale,
            latency: None,
            predictions: vec![prediction],
        })
    }

    /// The codes of an architecture.
    fn features(&self, arch: &Arch) -> Vec<f32> {
        let mut features = vec![0.0; N_FEATURES];
        let mut set = |place: Option<usize>| {
            if let Some(feature) = place.and_then(|place| features.get_mut(place)) {
                *feature = 1.0;
            }
        };
        let place = |values: &[u64], value| values.iter().position(|v| *v == value);
        let first_expansion = N_BLOCKS * KERNELS.len();
        let first_side = first_expansion + N_BLOCKS * EXPANSIONS.len();
        for (b, block) in self.space.blocks(arch).into_iter().flatten().enumerate() {
            let Some(block) = block else { continue };
            set(place(&KERNELS, block.kernel).map(|k| b * KERNELS.len() + k));
            set(place(&EXPANSIONS, block.expansion)
                .map(|e| first_expansion + b * EXPANSIONS.len() + e));
        }
        let side = (self.space.resolution(arch) - FIRST_SIDE) / SIDE_STEP;
        set(usize::try_from(side).ok().map(|side| first_side + side));
        features
    }
}

impl Model for OnceForAll {
    fn predictions(&self) -> &[Prediction] {
        &self.predictions
    }

    fn predict(&self, arch: &Arch) -> Result<Vec<f64>, SurrogateError> {
        let mut values = self.features(arch);
        for (l, layer) in self.layers.iter().enumerate() {
            let rows = layer
                .weights
                .chunks_exact(layer.n_inputs)
                .zip(&layer.biases);
            let rectified = l + 1 < self.layers.len();
            values = rows
                .map(|(weights, bias)| dot(&values, weights) + bias)
                .map(|sum| if rectified { sum.max(0.0) } else { sum })
                .collect();
        }
        let mut predicted = vec![f64::from(values[0] * self.scale)];
        if let Some(latency) = &self.latency {
            predicted.push(latency.of(arch)?);
        }
        Ok(predicted)
    }

    fn properties(&self) -> Vec<Arc<dyn Property>> {
        let latency = self.latency.iter();
        latency.map(|latency| Arc::clone(latency) as _).collect()
    }
}

/// The values of a tensor; of any length when no shape is expected.
fn tensor(
    file: &File,
    weights: &File,
    layout: &Layout,
    name: &str,
    expected: &[usize],
) -> Result<Vec<f32>, SurrogateError> {
    let missing = || file.problem(format!("`{name}`"), "expected a tensor of this name");
    let found = layout
        .tensors
        .iter()
        .find(|tensor| tensor.name == name)
        .ok_or_else(missing)?;
    if found.dtype != "f32le"
        || !(expected.is_empty() && found.shape.len() == 1 || found.shape == expected)
    {
        return Err(file.problem(
            format!("`{name}`"),
            format!(
                "type {} and shape {:?}; expected f32le and {expected:?}",
                found.dtype, found.shape
            ),
        ));
    }
    let n_bytes = found
        .shape
        .iter()
        .try_fold(4_usize, |n, side| n.checked_mul(*side));
    let part = n_bytes
        .and_then(|n| found.offset_bytes.checked_add(n))
        .and_then(|end| weights.bytes.get(found.offset_bytes..end))
        .ok_or_else(|| {
            weights.problem(
                format!("tensor `{name}`"),
                "its bytes are beyond the end: the file is cut short",
            )
        })?;
    let (values, _) = part.as_chunks();
    Ok(values
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect())
}
