//! The accuracy surrogate of Accel-NASBench (Ahmad and others, 2024): six boosters, whose mean is the prediction.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_space::Arch;
use ganas_space::chain::{Chain, MBCONV, MbConv};
use serde::Deserialize;
use serde_json::Value;

use ganas_eval::MetricRole;

use crate::SurrogateError;

use super::folder::{File, Folder};
use super::model::{Model, Prediction};
use super::xgboost::Booster;

/// The members of the published ensemble, numbered from 0.
const N_MEMBERS: usize = 6;

/// The files of a member, one of which is read.
const MEMBER_FILES: [&str; 4] = [
    "xgboost.json.gz",
    "xgboost.json",
    "surrogate_model.model.gz",
    "surrogate_model.model",
];

/// ImageNet top-1 after the benchmark's shortened training, in percent.
const PREDICTIONS: [Prediction; 1] = [Prediction {
    name: "val_top1",
    role: MetricRole::Validation,
    epochs: None,
}];

/// A feature: its name, such as `block0_e`, and its values in the order of their codes.
#[derive(Debug, Deserialize)]
struct Feature {
    name: String,
    choices: Vec<Value>,
}

/// The ensemble, and how an architecture is put into numbers.
#[derive(Debug)]
pub(super) struct AccelEnsemble {
    space: Arc<Chain>,
    members: Vec<Booster>,
    /// Of each feature the block, its factor, and the codes of the factor's values.
    features: Vec<(usize, Factor, BTreeMap<u64, f32>)>,
    file: File,
}

/// A factor of a block.
#[derive(Clone, Copy, Debug)]
enum Factor {
    Expansion,
    Kernel,
    Layers,
    Squeeze,
}

impl Factor {
    fn of(self, block: MbConv) -> u64 {
        match self {
            Self::Expansion => block.expansion,
            Self::Kernel => block.kernel,
            Self::Layers => block.repeats,
            Self::Squeeze => u64::from(block.squeeze),
        }
    }
}

impl AccelEnsemble {
    /// Whether a member is there.
    pub(super) fn is_here(folder: &Folder) -> bool {
        let mut names = (0..N_MEMBERS).flat_map(member_files);
        names.any(|name| folder.has(&name))
    }

    pub(super) fn open(folder: &mut Folder) -> Result<Self, SurrogateError> {
        let file = folder.read("feature_order.json")?;
        let features: Vec<Feature> = file.json()?;
        let features = features
            .iter()
            .map(|feature| {
                coded(feature).ok_or_else(|| {
                    file.problem(
                        format!("`{}`", feature.name),
                        "expected a factor of a block, `block0_e` to `block6_se`, with its values",
                    )
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut members = Vec::new();
        for number in 0..N_MEMBERS {
            let names = member_files(number);
            let Some(name) = names.iter().find(|name| folder.has(name)) else {
                return Err(folder.missing(
                    &names[0],
                    &format!(
                        "the ensemble has members 0 to {}, and its prediction is the mean over all of them",
                        N_MEMBERS - 1
                    ),
                ));
            };
            let file = folder.read(name)?;
            let member = Booster::read(&file.bytes)
                .map_err(|problem| file.problem("the booster", problem))?;
            if member.n_features() != features.len() {
                return Err(file.problem(
                    "the booster",
                    format!(
                        "{} features; expected {}",
                        member.n_features(),
                        features.len()
                    ),
                ));
            }
            members.push(member);
        }
        if let Some(name) = member_files(N_MEMBERS).iter().find(|name| folder.has(name)) {
            return Err(SurrogateError::File {
                file: folder.path().join(name),
                place: "the file".to_owned(),
                problem: format!(
                    "the ensemble has {N_MEMBERS} members, numbered from 0; this is one more"
                ),
            });
        }
        let space = Chain::by_name(MBCONV).expect("invariant: the space is built in");
        Ok(Self {
            space,
            members,
            features,
            file,
        })
    }

    /// What each member predicts.
    pub(super) fn of_members(&self, arch: &Arch) -> Result<Vec<f32>, SurrogateError> {
        let blocks: Vec<MbConv> = self
            .space
            .blocks(arch)
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let features = self.features.iter().map(|(block, factor, codes)| {
            let value = blocks.get(*block).map(|block| factor.of(*block));
            let code = value.and_then(|value| codes.get(&value)).copied();
            code.ok_or_else(|| {
                self.file.problem(
                    format!("{factor:?} of block {block}"),
                    format!("no code of {value:?}"),
                )
            })
        });
        let features = features.collect::<Result<Vec<f32>, _>>()?;
        Ok(self
            .members
            .iter()
            .map(|member| member.predict(&features))
            .collect())
    }
}

impl Model for AccelEnsemble {
    fn predictions(&self) -> &[Prediction] {
        &PREDICTIONS
    }

    fn predict(&self, arch: &Arch) -> Result<Vec<f64>, SurrogateError> {
        let of_members = self.of_members(arch)?;
        let n = u32::try_from(of_members.len()).expect("invariant: few members");
        let sum: f64 = of_members.into_iter().map(f64::from).sum();
        Ok(vec![sum / f64::from(n)])
    }
}

fn member_files(member: usize) -> [String; MEMBER_FILES.len()] {
    MEMBER_FILES.map(|name| format!("member_{member}.{name}"))
}

/// `block0_e` and the codes of its values.
fn coded(feature: &Feature) -> Option<(usize, Factor, BTreeMap<u64, f32>)> {
    let (block, factor) = feature.name.strip_prefix("block")?.split_once('_')?;
    let factor = match factor {
        "e" => Factor::Expansion,
        "k" => Factor::Kernel,
        "l" => Factor::Layers,
        "se" => Factor::Squeeze,
        _ => return None,
    };
    let codes = feature.choices.iter().zip(0_u16..).map(|(choice, code)| {
        let value = match choice {
            Value::Bool(value) => u64::from(*value),
            other => other.as_u64()?,
        };
        Some((value, f32::from(code)))
    });
    Some((block.parse().ok()?, factor, codes.collect::<Option<_>>()?))
}
