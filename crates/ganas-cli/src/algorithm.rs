//! The algorithm: chosen and configured by arguments.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::ValueEnum;
use ganas_gnn::{Backend, Cpu};
use ganas_search::{
    GaNas, GaNasConfig, LocalSearch, Objectives, Preset, RandomSearch, SearchError, Searcher,
    Topology, Violations,
};
use ganas_space::{Arch, SearchSpace};

use crate::device::{DeviceChoice, OpenDevice};
use crate::exit::UsageError;
use crate::overrides::Draft;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AlgorithmName {
    /// Generative adversarial NAS.
    GaNas,
    /// Walks to better neighbours, and starts again where there is none.
    LocalSearch,
    /// Uniform over classes, without repetition.
    Random,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PresetName {
    /// The algorithm as the paper describes it.
    Faithful,
    /// A discriminator that ranks all history and picks what is evaluated.
    Improved,
}

/// A configured algorithm.
#[derive(Debug)]
pub(crate) enum Algorithm {
    /// GA-NAS.
    GaNas(Box<GaNasChoice>),
    /// Local search.
    LocalSearch,
    /// Random search.
    Random,
}

/// A configuration of GA-NAS, and where it came from.
#[derive(Debug)]
pub(crate) struct GaNasChoice {
    preset: PresetName,
    /// The configuration, checked.
    pub(crate) config: GaNasConfig,
    /// The fields that differ from the preset.
    changed: Vec<String>,
}

impl AlgorithmArguments {
    /// Reads the configuration for a space; without one, for a space with fixed edges.
    pub(crate) fn resolve(&self, space: Option<&dyn SearchSpace>) -> anyhow::Result<Algorithm> {
        match self.algorithm {
            AlgorithmName::GaNas => Ok(Algorithm::GaNas(Box::new(self.ga_nas(space)?))),
            simple @ (AlgorithmName::LocalSearch | AlgorithmName::Random) => {
                let algorithm = if simple == AlgorithmName::Random {
                    Algorithm::Random
                } else {
                    Algorithm::LocalSearch
                };
                let given = [
                    ("--preset", self.preset.is_some()),
                    ("--config", self.config.is_some()),
                    ("--set", !self.sets.is_empty()),
                    (
                        "--device",
                        self.device.is_some_and(|d| d != DeviceChoice::Cpu),
                    ),
                ];
                match given.into_iter().find(|&(_, given)| given) {
                    None => Ok(algorithm),
                    Some((argument, _)) => Err(UsageError(format!(
                        "{argument} configures ga-nas, but the algorithm is {}, which has nothing to configure: \
                         leave it out, or choose --algorithm ga-nas",
                        algorithm.name()
                    ))
                    .into()),
                }
            }
        }
    }

    /// Refuses to start random search from a given network, which it would not see.
    pub(crate) fn check_improve(&self, given: bool) -> Result<(), UsageError> {
        if given && self.algorithm == AlgorithmName::Random {
            return Err(UsageError(
                "--improve starts from a network, but random search starts nowhere: leave it out, or choose \
                 --algorithm ga-nas or local-search"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Takes the device that was asked for.
    pub(crate) fn open_device(&self, note: &dyn Fn(&str)) -> anyhow::Result<OpenDevice> {
        OpenDevice::open(self.device.unwrap_or(DeviceChoice::Cpu), note)
    }

    fn ga_nas(&self, space: Option<&dyn SearchSpace>) -> anyhow::Result<GaNasChoice> {
        let preset = self.preset.unwrap_or(PresetName::Improved);
        let chosen = match preset {
            PresetName::Faithful => Preset::Faithful,
            PresetName::Improved => Preset::Improved,
        };
        let topology = space.map_or(Ok(Topology::Fixed), Topology::of)?;
        let base = GaNasConfig::preset(chosen, topology);
        let mut draft = Draft::new(base)?;
        if let Some(path) = &self.config {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!("cannot read the configuration file {}", path.display())
            })?;
            draft.read(&path.display().to_string(), &text)?;
        }
        for set in &self.sets {
            draft.set(set)?;
        }
        let (config, changed) = draft.finish()?;
        Ok(GaNasChoice {
            preset,
            config,
            changed,
        })
    }
}

impl Algorithm {
    /// The name in records.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::GaNas(_) => GaNas::<Cpu<f32>>::NAME,
            Self::LocalSearch => LocalSearch::NAME,
            Self::Random => RandomSearch::NAME,
        }
    }

    /// Whether it builds architectures decision by decision, and takes no action that constraints mask.
    pub(crate) fn masks(&self) -> bool {
        match self {
            Self::GaNas(choice) => choice.config.violations == Violations::Mask,
            Self::LocalSearch | Self::Random => false,
        }
    }

    /// Name, preset and changed fields, for people.
    pub(crate) fn describe(&self) -> String {
        let name = self.name();
        match self {
            Self::GaNas(choice) => {
                let preset = match choice.preset {
                    PresetName::Faithful => "faithful",
                    PresetName::Improved => "improved",
                };
                match choice.changed.as_slice() {
                    [] => format!("{name}, preset {preset}"),
                    changed => format!("{name}, preset {preset}, except {}", changed.join(", ")),
                }
            }
            Self::LocalSearch | Self::Random => name.to_owned(),
        }
    }

    /// The configuration as it is recorded: JSON with every field that has an effect or was there from the start, in the
    /// order of their names.
    pub(crate) fn config_json(&self) -> anyhow::Result<serde_json::Value> {
        match self {
            Self::GaNas(choice) => {
                let mut config = toml::Table::try_from(&choice.config)?;
                for (section, field) in choice.config.additions_without_effect() {
                    if let Some(toml::Value::Table(section)) = config.get_mut(*section) {
                        section.remove(*field);
                    }
                }
                Ok(json(toml::Value::Table(config)))
            }
            Self::LocalSearch | Self::Random => Ok(serde_json::json!({})),
        }
    }

    /// A searcher, which starts from the given network if there is one, and searches for the front of several objectives
    /// if there are any; random search starts nowhere and searches for nothing.
    pub(crate) fn searcher(
        &self,
        device: &OpenDevice,
        space: Arc<dyn SearchSpace>,
        seed: u64,
        given: Option<&Arch>,
        objectives: Option<&Objectives>,
    ) -> Result<Box<dyn Searcher>, SearchError> {
        Ok(match self {
            Self::GaNas(choice) => {
                let config = choice.config.clone();
                match device {
                    OpenDevice::Cpu(cpu) => {
                        let searcher = ga_nas(cpu, space, config, objectives, seed)?;
                        Box::new(starting(searcher, given, GaNas::starting_from))
                    }
                    #[cfg(feature = "cuda")]
                    OpenDevice::Cuda(cuda) => {
                        let searcher = ga_nas(cuda, space, config, objectives, seed)?;
                        Box::new(starting(searcher, given, GaNas::starting_from))
                    }
                }
            }
            Self::LocalSearch => {
                let searcher = LocalSearch::new(space, seed);
                let searcher = match objectives {
                    Some(objectives) => searcher.for_front(objectives.clone()),
                    None => searcher,
                };
                Box::new(starting(searcher, given, LocalSearch::starting_from))
            }
            Self::Random => Box::new(RandomSearch::new(space, seed)),
        })
    }
}

/// GA-NAS for one objective or for several.
fn ga_nas<B: Backend>(
    device: &B,
    space: Arc<dyn SearchSpace>,
    config: GaNasConfig,
    objectives: Option<&Objectives>,
    seed: u64,
) -> Result<GaNas<B>, SearchError> {
    match objectives {
        Some(objectives) => GaNas::for_front(device, space, config, objectives.clone(), seed),
        None => GaNas::new(device, space, config, seed),
    }
}

/// A searcher that starts from the given architecture, if there is one.
fn starting<S>(searcher: S, given: Option<&Arch>, from: impl FnOnce(S, Arch) -> S) -> S {
    match given {
        Some(given) => from(searcher, given.clone()),
        None => searcher,
    }
}

/// TOML as JSON. JSON has no infinity, which is a valid value of some fields: it becomes the text `inf`, as in TOML.
fn json(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(name, value)| (name, json(value)))
            .collect(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Float(number) if number.is_finite() => number.into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is recorded of the improved preset after this change.
    fn recorded(set: &str) -> serde_json::Value {
        let mut draft = Draft::new(GaNasConfig::preset(Preset::Improved, Topology::Fixed)).unwrap();
        draft.set(set).unwrap();
        let (config, changed) = draft.finish().unwrap();
        let algorithm = Algorithm::GaNas(Box::new(GaNasChoice {
            preset: PresetName::Improved,
            config,
            changed,
        }));
        algorithm.config_json().unwrap()
    }

    #[test]
    fn infinity_is_recorded() {
        let json = recorded("batch=10");
        assert_eq!(json["generator"]["max_gradient_norm"], "inf");
        assert_eq!(json["proposal"]["pick"], "thompson");
    }

    /// A run from before the setting came has this configuration on record.
    #[test]
    fn neighbours_are_recorded_only_where_they_have_a_share() {
        let without = recorded("proposal.neighbour_share=0");
        let fields = without["proposal"].as_object().unwrap().keys();
        assert_eq!(
            fields.collect::<Vec<_>>(),
            [
                "attempts",
                "patience",
                "pick",
                "pool",
                "temperature_growth",
                "uniform_mix"
            ]
        );
        let with = recorded("proposal.neighbour_share=0.5");
        assert_eq!(with["proposal"]["neighbour_share"], 0.5);
        assert!(with["proposal"]["neighbours"].is_u64());
        assert!(with["proposal"]["stall"].is_u64());
    }
}
