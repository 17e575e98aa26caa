//! Rungs as text: `epochs=3,9,27`, or `3,9,27` where the workers declare one fidelity.

use ganas_eval::{Fidelity, fidelity_words};
use ganas_search::Rungs;

use super::source::Evaluating;
use crate::Error;

/// The fidelities of a run, and which share goes on from each to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct RungSettings {
    /// The name of the fidelity; without one it is the one that the workers declare.
    name: Option<String>,
    values: Vec<f64>,
    promote: f64,
}

impl RungSettings {
    /// Reads `NAME=VALUE,VALUE,...`; the name can be left out where the workers declare one fidelity. `promote` is the share
    /// that goes on.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub fn new(text: &str, promote: f64) -> Result<Self, String> {
        let (name, values) = match text.split_once('=') {
            Some((name, values)) if !name.is_empty() => (Some(name.to_owned()), values),
            Some(_) => return Err(format!("`{text}` has no name before the `=`")),
            None => (None, text),
        };
        let values: Option<Vec<f64>> = (values.split(','))
            .map(|value| value.trim().parse().ok().filter(|v: &f64| v.is_finite()))
            .collect();
        let rises = |values: &Vec<f64>| values.len() > 1 && values.is_sorted_by(|a, b| a < b);
        let values = values.filter(rises).ok_or_else(|| {
            format!(
                "`{text}` are no rungs: expected at least two rising numbers, such as epochs=3,9,27"
            )
        })?;
        Ok(Self {
            name,
            values,
            promote,
        })
    }

    /// The rungs of a search with this evaluator.
    pub(super) fn resolve(&self, evaluating: &Evaluating) -> Result<Rungs, Error> {
        let Some(declared) = evaluating.declared_fidelities() else {
            return Err(Error::Usage(
                "--rungs: only workers can be told how thorough they are to be: name them with --evaluator"
                    .to_owned(),
            ));
        };
        let name = self.name.clone().or_else(|| sole_name(&declared));
        let name = name.ok_or_else(|| {
            Error::Usage(
                "--rungs: the workers do not declare one fidelity alone: name it, such as epochs=3,9,27"
                    .to_owned(),
            )
        })?;
        let fidelities: Vec<Fidelity> = (self.values.iter())
            .map(|&value| {
                let mut fidelity = evaluating.fidelity.clone();
                fidelity.insert(name.clone(), value);
                fidelity
            })
            .collect();
        for fidelity in &fidelities {
            check_declared("--rungs", fidelity, &declared)?;
        }
        Rungs::new(fidelities, self.promote)
            .map_err(|error| Error::Usage(format!("--rungs: {error}")))
    }
}

/// Fails for a fidelity that workers do not declare, when they declare some.
pub(super) fn check_declared(
    argument: &str,
    fidelity: &Fidelity,
    declared: &[Fidelity],
) -> Result<(), Error> {
    if declared.is_empty() || declared.contains(fidelity) {
        return Ok(());
    }
    let known: Vec<String> = declared.iter().map(text).collect();
    Err(Error::Usage(format!(
        "{argument}: the workers do not know the fidelity {}; they declare {}",
        text(fidelity),
        known.join("; ")
    )))
}

/// A fidelity as it is written: `epochs=3,size=16`.
pub(super) fn text(fidelity: &Fidelity) -> String {
    fidelity_words(fidelity).collect::<Vec<_>>().join(",")
}

fn sole_name(declared: &[Fidelity]) -> Option<String> {
    let mut names = declared.iter().flat_map(Fidelity::keys);
    let first = names.next()?;
    names.all(|name| name == first).then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_are_read() {
        let read = RungSettings::new("epochs=3,9,27", 0.5).unwrap();
        assert_eq!(read.name.as_deref(), Some("epochs"));
        assert_eq!(read.values, [3.0, 9.0, 27.0]);
        assert_eq!(RungSettings::new("3,9", 0.5).unwrap().name, None);
        for bad in ["", "3", "epochs=", "=3,9", "9,3", "3,3", "3,x", "3,inf"] {
            assert!(RungSettings::new(bad, 0.5).is_err(), "{bad}");
        }
    }
}
