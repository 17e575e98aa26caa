//! The algorithm: chosen and configured.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use ganas_gnn::{Backend, Cpu};
use ganas_search::{
    GaNas, GaNasConfig, LocalSearch, Objectives, Preset, RandomSearch, SearchError, Searcher,
    Topology, Violations,
};
use ganas_space::{Arch, SearchSpace};

use super::config_text;
use super::device::{DeviceChoice, OpenDevice};
use super::overrides::Draft;
use crate::error::Context as _;
use crate::{Error, Folders};

/// A search algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlgorithmName {
    /// Generative adversarial NAS.
    #[default]
    GaNas,
    /// Walks to better neighbours, and starts again where there is none.
    LocalSearch,
    /// Uniform over classes, without repetition.
    Random,
}

/// Which algorithm, and its configuration. Only GA-NAS can be configured.
#[derive(Clone, Debug, Default)]
pub struct AlgorithmSettings {
    /// The search algorithm.
    pub algorithm: AlgorithmName,
    /// Where the configuration of ga-nas starts from; without one it is the improved preset.
    pub preset: Option<Preset>,
    /// A TOML file whose fields override the preset.
    pub config: Option<PathBuf>,
    /// Fields that are overridden after that, such as `generator.learning_rate=1e-3`.
    pub sets: Vec<String>,
    /// What ga-nas computes on; without one it is the CPU.
    pub device: Option<DeviceChoice>,
}

impl From<AlgorithmName> for AlgorithmSettings {
    fn from(algorithm: AlgorithmName) -> Self {
        Self {
            algorithm,
            ..Self::default()
        }
    }
}

/// A configured algorithm.
#[derive(Debug)]
pub enum Algorithm {
    /// GA-NAS.
    GaNas(Box<GaNasChoice>),
    /// Local search.
    LocalSearch,
    /// Random search.
    Random,
}

/// A configuration of GA-NAS, and where it came from.
#[derive(Debug)]
pub struct GaNasChoice {
    preset: Preset,
    /// The configuration, checked.
    config: GaNasConfig,
    /// The fields that differ from the preset.
    changed: Vec<String>,
}

impl AlgorithmSettings {
    /// Reads the configuration for a space; without one, for a space with fixed edges.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a field or its value is wrong.
    pub fn resolve(&self, space: Option<&dyn SearchSpace>) -> Result<Algorithm, Error> {
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
                    Some((argument, _)) => Err(Error::Usage(format!(
                        "{argument} configures ga-nas, but the algorithm is {}, which has nothing to configure: \
                         leave it out, or choose --algorithm ga-nas",
                        algorithm.name()
                    ))),
                }
            }
        }
    }

    /// Refuses to start random search from a given network, which it would not see.
    pub(super) fn check_improve(&self) -> Result<(), Error> {
        if self.algorithm == AlgorithmName::Random {
            return Err(Error::Usage(
                "--improve starts from a network, but random search starts nowhere: leave it out, or choose \
                 --algorithm ga-nas or local-search"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Takes the device that was asked for.
    pub(super) fn open_device(
        &self,
        folders: &Folders,
        note: &dyn Fn(&str),
    ) -> Result<OpenDevice, Error> {
        OpenDevice::open(self.device.unwrap_or_default(), folders, note)
    }

    fn ga_nas(&self, space: Option<&dyn SearchSpace>) -> Result<GaNasChoice, Error> {
        let preset = self.preset.unwrap_or(Preset::Improved);
        let topology = space.map_or(Ok(Topology::Fixed), Topology::of)?;
        let base = GaNasConfig::preset(preset, topology);
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
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::GaNas(_) => GaNas::<Cpu<f32>>::NAME,
            Self::LocalSearch => LocalSearch::NAME,
            Self::Random => RandomSearch::NAME,
        }
    }

    /// How many architectures it proposes in a round.
    pub(super) fn batch(&self) -> NonZeroU32 {
        let batch = match self {
            Self::GaNas(choice) => choice.config.batch,
            Self::LocalSearch => 1,
            Self::Random => RandomSearch::PER_ASK,
        };
        u32::try_from(batch)
            .ok()
            .and_then(NonZeroU32::new)
            .unwrap_or(NonZeroU32::MIN)
    }

    /// Whether it builds architectures decision by decision, and takes no action that constraints mask.
    pub(super) fn masks(&self) -> bool {
        match self {
            Self::GaNas(choice) => choice.config.violations == Violations::Mask,
            Self::LocalSearch | Self::Random => false,
        }
    }

    /// Name, preset and changed fields, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let name = self.name();
        match self {
            Self::GaNas(choice) => {
                let preset = match choice.preset {
                    Preset::Faithful => "faithful",
                    Preset::Improved => "improved",
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
    ///
    /// # Errors
    ///
    /// The configuration cannot be written as TOML.
    pub fn config_json(&self) -> Result<serde_json::Value, Error> {
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

    /// The configuration as commented TOML.
    ///
    /// # Errors
    ///
    /// The configuration cannot be written as TOML.
    pub fn config_text(&self) -> Result<String, Error> {
        match self {
            Self::GaNas(choice) => config_text::commented(&choice.config),
            Self::LocalSearch => Ok("# Local search has nothing to configure.\n".to_owned()),
            Self::Random => Ok("# Random search has nothing to configure.\n".to_owned()),
        }
    }

    /// A searcher, which starts from the given network if there is one, and searches for the front of several objectives
    /// if there are any; random search starts nowhere and searches for nothing.
    pub(super) fn searcher(
        &self,
        device: &OpenDevice,
        space: Arc<dyn SearchSpace>,
        seed: u64,
        (given, objectives): (Option<&Arch>, Option<&Objectives>),
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
            preset: Preset::Improved,
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
