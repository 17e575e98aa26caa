//! The values of a metric that are possible.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The values of a metric that are possible: `0..100`, or `0..` and `..100` where they are bounded on one side.
///
/// Both ends belong to the range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricRange {
    /// The smallest value that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl MetricRange {
    /// The range between these ends; none when there are none.
    #[must_use]
    pub fn between(min: Option<f64>, max: Option<f64>) -> Option<Self> {
        (min.is_some() || max.is_some()).then_some(Self { min, max })
    }

    /// Whether a value is possible.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.min.is_none_or(|min| min <= value) && self.max.is_none_or(|max| value <= max)
    }
}

impl fmt::Display for MetricRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(min) = self.min {
            write!(f, "{min}")?;
        }
        f.write_str("..")?;
        self.max.map_or(Ok(()), |max| write!(f, "{max}"))
    }
}

impl FromStr for MetricRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (min, max) = text.split_once("..").ok_or_else(|| {
            format!("`{text}` is no range: expected MIN..MAX, MIN.. or ..MAX, such as 0..100")
        })?;
        let end = |end: &str| match end.trim() {
            "" => Ok(None),
            number => match number.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(format!(
                    "`{number}` is no finite number: expected MIN..MAX, such as 0..100"
                )),
            },
        };
        let (min, max) = (end(min)?, end(max)?);
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(format!(
                "no value is in `{text}`: {min} is above {max}; swap them"
            ));
        }
        Self::between(min, max)
            .ok_or_else(|| format!("`{text}` has no end: expected MIN..MAX, MIN.. or ..MAX"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_they_are_written() {
        for (text, inside, outside) in [
            ("0..100", &[0.0, 50.0, 100.0][..], &[-0.1, 100.1][..]),
            ("-1.5..-1.5", &[-1.5], &[-1.0, -2.0]),
            ("0..", &[0.0, 1e300], &[-1e-300]),
            ("..1", &[1.0, -1e300], &[1.5]),
        ] {
            let range: MetricRange = text.parse().unwrap();
            assert_eq!(range.to_string(), text);
            assert!(inside.iter().all(|&value| range.contains(value)), "{text}");
            assert!(
                !outside.iter().any(|&value| range.contains(value)),
                "{text}"
            );
        }
        assert_eq!(
            " 0.5 .. 1 ".parse(),
            Ok(MetricRange {
                min: Some(0.5),
                max: Some(1.0)
            })
        );
        for (text, said) in [
            ("", "is no range"),
            ("1", "is no range"),
            ("0-1", "is no range"),
            ("..", "has no end"),
            ("a..1", "`a` is no finite number"),
            ("0..inf", "`inf` is no finite number"),
            ("nan..", "`nan` is no finite number"),
            ("0...1.", "`.1.` is no finite number"),
            ("2..1", "2 is above 1"),
        ] {
            let error = text.parse::<MetricRange>().unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
