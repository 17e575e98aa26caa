//! The official surrogates of NAS-Bench-301 (Siems and others, 2020): ensembles of XGBoost for the validation accuracy
//! and of LightGBM for the training time.
//!
//! A folder of a published archive is searched for members, each a folder with `model_config.json` and
//! `surrogate_model.model`: `nb_models/xgb_v1.0` for the accuracy alone, `nb_models` for the time, too.
//! The prediction is the mean over the members, without the noise that the official interface can add.
//!
//! An architecture is put into numbers as ConfigSpace does it: hyperparameters in its order, a choice as its place among
//! the choices, what is fixed in the benchmark scaled to its range, and -1 for what an architecture has not.

use std::collections::{BTreeMap, BTreeSet};

use ganas_space::Arch;
use ganas_space::darts::Darts;
use serde::Deserialize;

use ganas_eval::MetricRole;

use crate::SurrogateError;

use super::folder::{File, Folder};
use super::model::{Model, Prediction};
use super::{lightgbm, xgboost};

/// The files of a member: the booster, what kind it is, and what it was fitted on.
const MEMBER: &str = "surrogate_model.model";
const CONFIG: &str = "model_config.json";
const DATA_CONFIG: &str = "data_config.json";

/// Folders of members may be numbered, from 0 or 1 on; larger numbers are dates.
const MAX_NUMBER: u32 = 1000;

/// The number of an inactive choice.
const INACTIVE: f64 = -1.0;

const OPERATIONS: [&str; 7] = [
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
];

/// A place in the list of features.
enum Feature {
    /// A hyperparameter that is the same in all of the benchmark.
    Fixed(f64),
    /// A key of the architecture.
    Key(&'static str),
}

use Feature::{Fixed, Key};

/// The features, in the order of ConfigSpace: level by level of the conditions, and by name within a level.
///
/// Fixed numbers stand for the batch size, augmentation, channels, layers, optimiser, schedule and so on, at the values
/// that the official interface sets.
const FEATURES: [Feature; 56] = [
    Fixed(0.586_345_179_132_254_5),
    Fixed(0.0),
    Fixed(0.0),
    Fixed(0.0),
    Fixed(0.166_664_444_429_629_52),
    Fixed(0.309_999_923_999_969_7),
    Fixed(0.0),
    Fixed(0.0),
    Fixed(0.0),
    Fixed(0.0),
    Key("edge_normal_0"),
    Key("edge_normal_1"),
    Key("edge_reduce_0"),
    Key("edge_reduce_1"),
    Fixed(0.003_149_999_006_299_998),
    Key("inputs_node_normal_3"),
    Key("inputs_node_normal_4"),
    Key("inputs_node_normal_5"),
    Key("inputs_node_reduce_3"),
    Key("inputs_node_reduce_4"),
    Key("inputs_node_reduce_5"),
    Fixed(0.000_749_999_001_499_998),
    Fixed(0.0),
    Fixed(0.0),
    Fixed(-3.688_879_454_113_936_3),
    Fixed(0.898_876_404_494_382_1),
    Fixed(-8.111_728_083_308_073),
    Fixed(0.009_949_999_019_899_998),
    Fixed(1e-12),
    Fixed(0.0),
    Fixed(0.0),
    Fixed(0.705_127_840_065_305_3),
    Key("edge_normal_10"),
    Key("edge_normal_11"),
    Key("edge_normal_12"),
    Key("edge_normal_13"),
    Key("edge_normal_2"),
    Key("edge_normal_3"),
    Key("edge_normal_4"),
    Key("edge_normal_5"),
    Key("edge_normal_6"),
    Key("edge_normal_7"),
    Key("edge_normal_8"),
    Key("edge_normal_9"),
    Key("edge_reduce_10"),
    Key("edge_reduce_11"),
    Key("edge_reduce_12"),
    Key("edge_reduce_13"),
    Key("edge_reduce_2"),
    Key("edge_reduce_3"),
    Key("edge_reduce_4"),
    Key("edge_reduce_5"),
    Key("edge_reduce_6"),
    Key("edge_reduce_7"),
    Key("edge_reduce_8"),
    Key("edge_reduce_9"),
];

const ACCURACY: Prediction = Prediction {
    name: "val_accuracy",
    role: MetricRole::Validation,
    epochs: None,
};

const RUNTIME: Prediction = Prediction {
    name: "runtime_s",
    role: MetricRole::Cost,
    epochs: None,
};

const PREDICTIONS: [Prediction; 2] = [ACCURACY, RUNTIME];

#[derive(Deserialize)]
struct ModelConfig {
    model: String,
}

/// The ensembles that were found.
#[derive(Debug)]
pub(super) struct Nasbench301 {
    accuracy: Vec<xgboost::Booster>,
    /// Empty when the folder has none.
    runtime: Vec<lightgbm::Booster>,
}

impl Nasbench301 {
    /// Whether there is a member, or what is left of one.
    pub(super) fn is_here(folder: &Folder) -> bool {
        let has = |name| folder.find(name).is_ok_and(|found| !found.is_empty());
        has(MEMBER) || has(CONFIG)
    }

    pub(super) fn open(folder: &mut Folder) -> Result<Self, SurrogateError> {
        let (mut accuracy, mut runtime) = (Vec::new(), Vec::new());
        let mut others = Vec::new();
        for member in members(folder)? {
            let path = format!("{member}{MEMBER}");
            let config: ModelConfig = folder.read(&format!("{member}{CONFIG}"))?.json()?;
            match &*config.model {
                "xgb" => {
                    let file = folder.read(&path)?;
                    let member = xgboost::Booster::read(&file.bytes);
                    let member = member.map_err(|problem| file.problem("the booster", problem))?;
                    check_features(&file, member.n_features())?;
                    accuracy.push(member);
                }
                "lgb_time" | "lgb_runtime" => {
                    let file = folder.read(&path)?;
                    let member = lightgbm::Booster::read(&file.bytes);
                    let member = member.map_err(|problem| file.problem("the booster", problem))?;
                    check_features(&file, member.n_features())?;
                    runtime.push(member);
                }
                _ => others.push(config.model),
            }
        }
        if accuracy.is_empty() {
            return Err(SurrogateError::File {
                file: folder.path().to_owned(),
                place: format!("the files `{MEMBER}`"),
                problem: format!(
                    "no member of the kind `xgb`, which predicts the accuracy; found {} for the time, and {}",
                    runtime.len(),
                    if others.is_empty() {
                        "no others".to_owned()
                    } else {
                        format!("others that are not read: {}", others.join(", "))
                    }
                ),
            });
        }
        Ok(Self { accuracy, runtime })
    }
}

/// The folders of all members, each with a slash behind it; an error names what is missing of an ensemble.
fn members(folder: &Folder) -> Result<Vec<String>, SurrogateError> {
    let mut members = BTreeSet::new();
    for name in [MEMBER, CONFIG] {
        let found = folder.find(name)?.into_iter();
        members.extend(found.map(|path| path[..path.len() - name.len()].to_owned()));
    }
    const WHY: &str = "the prediction of an ensemble is the mean over all its members";
    let mut ensembles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for member in &members {
        for name in [MEMBER, CONFIG] {
            let path = format!("{member}{name}");
            if !folder.has(&path) {
                return Err(folder.missing(&path, WHY));
            }
        }
        if let Some(path) = member.strip_suffix('/') {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            ensembles.entry(parent).or_default().insert(name);
        }
    }
    for (parent, names) in ensembles {
        let path = |name: &str| match parent {
            "" => format!("{name}/{MEMBER}"),
            _ => format!("{parent}/{name}/{MEMBER}"),
        };
        for other in folder.folders_in(parent)? {
            let own = path(&other);
            let own = own.trim_end_matches(MEMBER);
            // A folder of other ensembles is none of a member.
            let was_member = folder.is_empty(own)
                || folder.has(&format!("{own}{DATA_CONFIG}"))
                || number(&other).is_some();
            let has_members = members.iter().any(|member| member.starts_with(own));
            if !names.contains(&*other) && was_member && !has_members {
                return Err(folder.missing(&path(&other), WHY));
            }
        }
        let numbers: Option<BTreeSet<u32>> = names.iter().map(|name| number(name)).collect();
        if let Some(numbers) = numbers
            && let Some(&last) = numbers.last()
            && let Some(gap) = (1..=last).find(|n| !numbers.contains(n))
        {
            return Err(folder.missing(&path(&gap.to_string()), WHY));
        }
    }
    Ok(members.into_iter().collect())
}

/// The number that the name of a folder begins with.
fn number(name: &str) -> Option<u32> {
    let end = name.find(|c: char| !c.is_ascii_digit());
    let digits = &name[..end.unwrap_or(name.len())];
    digits.parse().ok().filter(|n| *n <= MAX_NUMBER)
}

fn check_features(file: &File, n: usize) -> Result<(), SurrogateError> {
    if n == FEATURES.len() {
        return Ok(());
    }
    Err(file.problem(
        "the booster",
        format!("{n} features; expected {}", FEATURES.len()),
    ))
}

impl Model for Nasbench301 {
    fn predictions(&self) -> &[Prediction] {
        if self.runtime.is_empty() {
            &PREDICTIONS[..1]
        } else {
            &PREDICTIONS
        }
    }

    fn predict(&self, arch: &Arch) -> Result<Vec<f64>, SurrogateError> {
        let features = features(arch);
        let singles = singles(&features);
        let accuracy = self
            .accuracy
            .iter()
            .map(|member| f64::from(member.predict(&singles)));
        let mut predictions = vec![mean(accuracy)];
        if !self.runtime.is_empty() {
            predictions.push(mean(
                self.runtime.iter().map(|member| member.predict(&features)),
            ));
        }
        Ok(predictions)
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = u32::try_from(values.len()).expect("invariant: few members");
    values.sum::<f64>() / f64::from(n)
}

/// An architecture as numbers.
pub(super) fn features(arch: &Arch) -> Vec<f64> {
    let values: BTreeMap<String, String> = Darts::new().config_space(arch).into_iter().collect();
    let features = FEATURES.iter().map(|feature| match feature {
        Fixed(value) => *value,
        Key(key) => values
            .get(*key)
            .map_or(INACTIVE, |value| f64::from(code(key, value))),
    });
    features.collect()
}

/// The numbers in single precision, which is what XGBoost takes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded to single precision, as XGBoost does"
)]
pub(super) fn singles(features: &[f64]) -> Vec<f32> {
    features.iter().map(|value| *value as f32).collect()
}

/// The place of a value among the choices of its key: operations as in [`OPERATIONS`], pairs of inputs in order.
fn code(key: &str, value: &str) -> u32 {
    let place = if key.starts_with("edge_") {
        OPERATIONS.iter().position(|operation| *operation == value)
    } else {
        // The inputs of node n are the results 0 to n - 1.
        let node: u32 = key
            .rsplit('_')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let pairs = (0..node).flat_map(|i| (i + 1..node).map(move |j| format!("{i}_{j}")));
        pairs.into_iter().position(|pair| pair == value)
    };
    let place = place.and_then(|place| u32::try_from(place).ok());
    place.expect("invariant: the codec writes values of ConfigSpace")
}
