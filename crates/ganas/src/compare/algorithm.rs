//! An algorithm with a name: `ga-nas`, `ga-nas:faithful`, `ga-nas:improved batch=5`, `random window=1`.

use std::num::NonZeroU32;
use std::str::FromStr;

use crate::{AlgorithmSettings, Error};

/// An algorithm that is compared with others, and what it is called.
#[derive(Clone, Debug)]
pub struct NamedAlgorithm {
    name: String,
    settings: AlgorithmSettings,
    window: Option<NonZeroU32>,
}

impl NamedAlgorithm {
    /// An algorithm with its configuration.
    #[must_use]
    pub fn new(name: impl Into<String>, settings: AlgorithmSettings) -> Self {
        Self {
            name: name.into(),
            settings,
            window: None,
        }
    }

    /// The same with proposals one by one, as [`Experiment::window`](crate::Experiment::window) has them.
    #[must_use]
    pub fn window(self, window: NonZeroU32) -> Self {
        Self {
            window: Some(window),
            ..self
        }
    }

    /// Fails for the name of another algorithm, under which its results would be taken for those of that one.
    pub(super) fn check_name(&self) -> Result<(), Error> {
        match self.name.parse::<Self>() {
            Ok(other) if other.settings.algorithm != self.settings.algorithm => {
                Err(Error::Usage(format!(
                    "an algorithm is called `{}`, which is the name of another one: give it a name of its own",
                    self.name
                )))
            }
            _ => Ok(()),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many evaluations go on at the same time; nothing when it proposes in rounds.
    #[must_use]
    pub fn window_of(&self) -> Option<NonZeroU32> {
        self.window
    }

    /// Its configuration.
    #[must_use]
    pub fn settings(&self) -> &AlgorithmSettings {
        &self.settings
    }
}

/// What stands before the size of a window.
const WINDOW: &str = "window=";

impl FromStr for NamedAlgorithm {
    type Err = String;

    /// Reads `ALGORITHM`, `ALGORITHM:PRESET`, each with fields of its configuration behind it, such as
    /// `ga-nas:improved batch=5`; `window=N` has it propose one by one. The text is the name.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();
        let (algorithm, preset) = match first.split_once(':') {
            None => (first, None),
            Some((_, "")) => {
                return Err(format!("`{first}` names no preset behind its colon"));
            }
            Some((algorithm, preset)) => (algorithm, Some(preset)),
        };
        let words: Vec<&str> = words.collect();
        let (windows, sets): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| word.starts_with(WINDOW));
        if let Some(set) = sets.iter().find(|set| !set.contains('=')) {
            return Err(format!(
                "`{set}` behind `{first}` is no field of a configuration: expected FIELD=VALUE, such as `{first} batch=5`"
            ));
        }
        let settings = AlgorithmSettings {
            algorithm: algorithm.parse()?,
            preset: preset.map(str::to_owned),
            sets: sets.into_iter().map(str::to_owned).collect(),
            ..AlgorithmSettings::default()
        };
        let window = match windows.as_slice() {
            [] => None,
            [one] => Some(one[WINDOW.len()..].parse().map_err(|_| {
                format!("`{one}`: expected the number of evaluations that go on at the same time, such as `window=1`")
            })?),
            [_, again, ..] => return Err(format!("`{again}`: the window is named twice")),
        };
        let name = [&[first], words.as_slice()].concat().join(" ");
        Ok(Self {
            window,
            ..Self::new(name, settings)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlgorithmName;

    #[test]
    fn algorithms_are_read_with_preset_and_fields() {
        let read: NamedAlgorithm = " ga-nas:faithful  batch=5 generator.learning_rate=1e-3 "
            .parse()
            .unwrap();
        assert_eq!(
            read.name(),
            "ga-nas:faithful batch=5 generator.learning_rate=1e-3"
        );
        assert_eq!(read.settings().algorithm, AlgorithmName::GaNas);
        assert_eq!(read.settings().preset.as_deref(), Some("faithful"));
        assert_eq!(
            read.settings().sets,
            ["batch=5", "generator.learning_rate=1e-3"]
        );
        let plain: NamedAlgorithm = "random".parse().unwrap();
        assert_eq!((&plain.settings().preset, plain.window_of()), (&None, None));
        let one_by_one: NamedAlgorithm = "ga-nas window=3 batch=5".parse().unwrap();
        assert_eq!(one_by_one.name(), "ga-nas window=3 batch=5");
        assert_eq!(one_by_one.window_of(), NonZeroU32::new(3));
        assert_eq!(one_by_one.settings().sets, ["batch=5"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("", "there is no algorithm ``: expected ga-nas"),
            ("randon", "did you mean `random`"),
            ("ga-nas:", "`ga-nas:` names no preset"),
            ("ga-nas batch", "`batch` behind `ga-nas`"),
            ("random window=0", "`window=0`: expected the number"),
            (
                "random window=1 window=2",
                "`window=2`: the window is named twice",
            ),
        ] {
            let error = text.parse::<NamedAlgorithm>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
