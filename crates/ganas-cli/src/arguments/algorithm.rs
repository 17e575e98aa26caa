//! The arguments that choose and configure an algorithm.

use std::path::PathBuf;

use clap::ValueEnum;
use ganas::{AlgorithmSettings, DeviceChoice};

/// Which algorithm, and its configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct AlgorithmArguments {
    /// The search algorithm.
    #[arg(long, value_enum, default_value_t = AlgorithmName::GaNas)]
    algorithm: AlgorithmName,
    /// Where the configuration starts from: `improved` or `faithful` of ga-nas, `natsbench` or `nasbench101` of evolution,
    /// `paper` or `code` of local-search-naszilla, `light` or `naszilla` of bananas [default: the first of them].
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// A TOML file whose fields override the preset; `ganas config --algorithm NAME` prints one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Overrides one field, after --config; for example `--set generator.learning_rate=1e-3`; `ganas config --algorithm NAME` prints all fields.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    sets: Vec<String>,
    /// What ga-nas computes on: `cpu`, `cuda:N`, or `auto` for a GPU when there is one [default: cpu].
    #[arg(long, value_name = "DEVICE")]
    device: Option<DeviceChoice>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AlgorithmName {
    /// Generative adversarial NAS.
    GaNas,
    /// Walks to better neighbours, and goes on from the best other architecture where there is none.
    LocalSearch,
    /// Uniform over classes, without repetition.
    Random,
    /// Regularized evolution: the best of a few members of the population is mutated, the oldest member goes.
    Evolution,
    /// Local search as it was published: from the best of ten to the best neighbour, and anew where none is better.
    LocalSearchNaszilla,
    /// Bayesian optimisation: a Gaussian process over the decisions, and expected improvement.
    GaussianProcess,
    /// An ensemble of networks predicts the metric of mutations of the best, and Thompson sampling picks among them.
    Bananas,
    /// The cross-entropy method: the generator of ga-nas is fitted to the best, without a discriminator or a policy gradient.
    CrossEntropy,
    /// Policy gradient on the measured metric, with the generator of ga-nas.
    Reinforce,
    /// A control that learns nothing: the largest architectures first.
    ByParameters,
    /// A control that looks up what was measured: by the mean rank of the columns in its field `columns`.
    ByColumns,
}

impl From<AlgorithmName> for ganas::AlgorithmName {
    fn from(name: AlgorithmName) -> Self {
        match name {
            AlgorithmName::GaNas => Self::GaNas,
            AlgorithmName::LocalSearch => Self::LocalSearch,
            AlgorithmName::Random => Self::Random,
            AlgorithmName::Evolution => Self::Evolution,
            AlgorithmName::LocalSearchNaszilla => Self::LocalSearchNaszilla,
            AlgorithmName::GaussianProcess => Self::GaussianProcess,
            AlgorithmName::Bananas => Self::Bananas,
            AlgorithmName::CrossEntropy => Self::CrossEntropy,
            AlgorithmName::Reinforce => Self::Reinforce,
            AlgorithmName::ByParameters => Self::ByParameters,
            AlgorithmName::ByColumns => Self::ByColumns,
        }
    }
}

impl AlgorithmArguments {
    pub(crate) fn settings(&self) -> AlgorithmSettings {
        AlgorithmSettings {
            algorithm: self.algorithm.into(),
            preset: self.preset.clone(),
            config: self.config.clone(),
            sets: self.sets.clone(),
            device: self.device,
        }
    }
}
