//! What every algorithm has: a name, a configuration that can be read and printed, and a searcher.

use std::fmt;
use std::sync::Arc;

use ganas_search::theory::Landscape;
use ganas_search::{Objectives, PropertyOrder, SearchError, Searcher};
use ganas_space::suggestion::{closest, did_you_mean};
use ganas_space::{Arch, SearchSpace};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::config_text::{self, Fields};
use super::overrides::Draft;
use super::{AlgorithmSettings, OrderSource, Towards};
use crate::Error;
use crate::error::Context as _;
use crate::experiment::device::OpenDevice;

/// The configuration of an algorithm: plain data whose fields are documented, and the algorithm that it configures.
pub(super) trait Configuration:
    Serialize + DeserializeOwned + fmt::Debug + Send + Sync + Sized + 'static
{
    /// The name of the algorithm, on the command line and in records.
    const NAME: &'static str;

    /// The fields in the order in which they are printed.
    const FIELDS: Fields;

    /// The fields of each section.
    const SECTIONS: &'static [(&'static str, Fields)] = &[];

    /// The names of the presets, the default first; nothing when there is only one configuration to start from.
    const PRESETS: &'static [&'static str] = &[];

    /// Whether it can start from a given network.
    const STARTS_FROM_GIVEN: bool;

    /// Whether it searches for the front of several objectives.
    const SEARCHES_FRONTS: bool = false;

    /// Whether it needs [properties](Self::orders) that order the architectures before the search.
    const NEEDS_ORDERS: bool = false;

    /// Whether it computes on the device that is asked for.
    const USES_DEVICE: bool = false;

    /// The configuration of the preset with this number in [`PRESETS`](Self::PRESETS).
    ///
    /// # Errors
    ///
    /// The space cannot be searched by the algorithm.
    fn preset(number: usize, space: Option<&dyn SearchSpace>) -> Result<Self, SearchError>;

    /// Checks ranges and combinations.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    fn check(&self) -> Result<(), SearchError>;

    /// How many architectures it proposes in a round.
    fn batch(&self) -> usize;

    /// Whether it builds architectures decision by decision, and takes no action that constraints mask.
    fn masks(&self) -> bool {
        false
    }

    /// The fields, by section and name, that came after the first records and have no effect with these values: records leave
    /// them out.
    fn additions_without_effect(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The properties whose values order the architectures before the search, each with the field that names it.
    fn orders(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// A searcher.
    ///
    /// # Errors
    ///
    /// What it cannot be made of.
    fn searcher(&self, start: Start<'_>) -> Result<Box<dyn Searcher>, SearchError>;
}

/// What a searcher starts with.
pub(super) struct Start<'a> {
    pub(super) device: &'a OpenDevice,
    pub(super) space: Arc<dyn SearchSpace>,
    pub(super) seed: u64,
    /// The network to start from, in the algorithms that can.
    pub(super) given: Option<&'a Arch>,
    /// Several objectives, in the algorithms that search for fronts.
    pub(super) objectives: Option<&'a Objectives>,
    /// What its rounds are measured against, in the algorithms that can be measured.
    pub(super) landscape: Option<&'a Arc<Landscape>>,
    /// What orders the architectures, as [`Configuration::orders`] named it.
    pub(super) orders: &'a [PropertyOrder],
}

/// A configured algorithm, whichever it is.
pub(super) trait Configured: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn batch(&self) -> usize;
    fn masks(&self) -> bool;
    fn starts_from_given(&self) -> bool;
    fn searches_fronts(&self) -> bool;
    fn describe(&self) -> String;
    fn config_json(&self) -> Result<serde_json::Value, Error>;
    fn config_text(&self) -> Result<String, Error>;
    fn find_orders(&mut self, source: &dyn OrderSource) -> Result<(), Error>;
    fn searcher(
        &self,
        device: &OpenDevice,
        space: Arc<dyn SearchSpace>,
        seed: u64,
        towards: Towards<'_>,
    ) -> Result<Box<dyn Searcher>, SearchError>;
}

/// A configuration, and where it came from.
#[derive(Debug)]
pub(super) struct Choice<C> {
    /// The name of the preset, where there are several.
    pub(super) preset: Option<&'static str>,
    /// The configuration, checked.
    pub(super) config: C,
    /// The fields that differ from the preset.
    pub(super) changed: Vec<String>,
    /// What orders the architectures.
    orders: Vec<PropertyOrder>,
    /// The same for records, with the sha256 of the table that each is a column of.
    recorded_orders: Vec<String>,
}

impl<C: Configuration> Choice<C> {
    /// Reads what was asked for.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a preset, a field or its value is wrong.
    pub(super) fn resolve(
        settings: &AlgorithmSettings,
        space: Option<&dyn SearchSpace>,
    ) -> Result<Self, Error> {
        let number = preset_number::<C>(settings)?;
        check_configurable::<C>(settings)?;
        let mut draft = Draft::new(C::preset(number, space)?)?;
        if let Some(path) = &settings.config {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!("cannot read the configuration file {}", path.display())
            })?;
            draft.read(&path.display().to_string(), &text)?;
        }
        for set in &settings.sets {
            draft.set(set)?;
        }
        let (config, changed) = draft.finish()?;
        Ok(Self::new(C::PRESETS.get(number).copied(), config, changed))
    }

    pub(super) fn new(preset: Option<&'static str>, config: C, changed: Vec<String>) -> Self {
        Self {
            preset,
            config,
            changed,
            orders: Vec::new(),
            recorded_orders: Vec::new(),
        }
    }
}

/// The number of the preset that was asked for.
fn preset_number<C: Configuration>(settings: &AlgorithmSettings) -> Result<usize, Error> {
    let Some(wanted) = &settings.preset else {
        return Ok(0);
    };
    let presets = C::PRESETS;
    let number = presets.iter().position(|preset| preset == wanted);
    number.ok_or_else(|| {
        let known = match presets {
            [] => "there are none; leave it out".to_owned(),
            presets => format!("expected {}", presets.join(" or ")),
        };
        Error::Usage(format!(
            "--preset {wanted}: {} has no such preset{}: {known}",
            C::NAME,
            did_you_mean(closest(wanted, presets).as_deref())
        ))
    })
}

/// Refuses what configures another algorithm.
fn check_configurable<C: Configuration>(settings: &AlgorithmSettings) -> Result<(), Error> {
    let name = C::NAME;
    let (names, _) = C::FIELDS;
    let given = [
        ("--config", settings.config.is_some()),
        ("--set", !settings.sets.is_empty()),
    ];
    let given = given.into_iter().find(|&(_, given)| given);
    if let (true, Some((argument, _))) = (names.is_empty(), given) {
        return Err(Error::Usage(format!(
            "{argument}: the algorithm is {name}, which has nothing to configure: leave it out, or choose another --algorithm"
        )));
    }
    let is_other_device = settings
        .device
        .is_some_and(|device| device != crate::DeviceChoice::Cpu);
    if is_other_device && !C::USES_DEVICE {
        return Err(Error::Usage(format!(
            "--device configures ga-nas, but the algorithm is {name}, which computes on the CPU: leave it out, or choose \
             --algorithm ga-nas"
        )));
    }
    Ok(())
}

impl<C: Configuration> Configured for Choice<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn batch(&self) -> usize {
        self.config.batch()
    }

    fn masks(&self) -> bool {
        self.config.masks()
    }

    fn starts_from_given(&self) -> bool {
        C::STARTS_FROM_GIVEN
    }

    fn searches_fronts(&self) -> bool {
        C::SEARCHES_FRONTS
    }

    fn describe(&self) -> String {
        let mut text = C::NAME.to_owned();
        if let Some(preset) = self.preset {
            text += &format!(", preset {preset}");
        }
        match self.changed.as_slice() {
            [] => text,
            changed if self.preset.is_some() => format!("{text}, except {}", changed.join(", ")),
            changed => format!("{text}, with its own {}", changed.join(", ")),
        }
    }

    fn config_json(&self) -> Result<serde_json::Value, Error> {
        let mut config = toml::Table::try_from(&self.config)?;
        for (section, field) in self.config.additions_without_effect() {
            if let Some(toml::Value::Table(section)) = config.get_mut(*section) {
                section.remove(*field);
            }
        }
        let mut json = json(toml::Value::Table(config));
        if !self.recorded_orders.is_empty() {
            json["ordered_by"] = self.recorded_orders.clone().into();
        }
        Ok(json)
    }

    fn config_text(&self) -> Result<String, Error> {
        config_text::commented(&self.config)
    }

    fn find_orders(&mut self, source: &dyn OrderSource) -> Result<(), Error> {
        for (field, name) in self.config.orders() {
            let place = format!("the field `{field}` of {}", C::NAME);
            let (order, recorded) = source.find(&name, &place)?;
            self.orders.push(order);
            self.recorded_orders.push(recorded);
        }
        if C::NEEDS_ORDERS && self.orders.is_empty() {
            let error = SearchError::NoOrder { searcher: C::NAME };
            return Err(Error::Usage(error.to_string()));
        }
        Ok(())
    }

    fn searcher(
        &self,
        device: &OpenDevice,
        space: Arc<dyn SearchSpace>,
        seed: u64,
        towards: Towards<'_>,
    ) -> Result<Box<dyn Searcher>, SearchError> {
        self.config.searcher(Start {
            device,
            space,
            seed,
            given: towards.given,
            objectives: towards.objectives,
            landscape: towards.landscape,
            orders: &self.orders,
        })
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
