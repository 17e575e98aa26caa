//! The arguments that choose and configure an algorithm.

use std::path::PathBuf;

use clap::ValueEnum;
use ganas::search::Preset;
use ganas::{AlgorithmSettings, DeviceChoice};

/// Which algorithm, and its configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct AlgorithmArguments {
    /// The search algorithm.
    #[arg(long, value_enum, default_value_t = AlgorithmName::GaNas)]
    algorithm: AlgorithmName,
    /// Where the configuration of ga-nas starts from [default: improved].
    #[arg(long, value_enum)]
    preset: Option<PresetName>,
    /// A TOML file whose fields override the preset; `ganas config` prints one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Overrides one field, after --config; for example `--set generator.learning_rate=1e-3`.
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
    /// Walks to better neighbours, and starts again where there is none.
    LocalSearch,
    /// Uniform over classes, without repetition.
    Random,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PresetName {
    /// The algorithm as the paper describes it.
    Faithful,
    /// A discriminator that ranks all history and picks what is evaluated.
    Improved,
}

impl AlgorithmArguments {
    pub(crate) fn settings(&self) -> AlgorithmSettings {
        AlgorithmSettings {
            algorithm: match self.algorithm {
                AlgorithmName::GaNas => ganas::AlgorithmName::GaNas,
                AlgorithmName::LocalSearch => ganas::AlgorithmName::LocalSearch,
                AlgorithmName::Random => ganas::AlgorithmName::Random,
            },
            preset: self.preset.map(|preset| match preset {
                PresetName::Faithful => Preset::Faithful,
                PresetName::Improved => Preset::Improved,
            }),
            config: self.config.clone(),
            sets: self.sets.clone(),
            device: self.device,
        }
    }
}
