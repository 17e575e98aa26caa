//! Searches whose rounds are measured exactly, and where that cannot be done.

use std::sync::Arc;

use ganas_eval::Query;
use ganas_search::GaNas;
use ganas_search::theory::Landscape;
use ganas_space::{Arch, ArchKey};

use super::Search;
use crate::Error;

/// The name of the searcher that can be measured.
const MEASURED: &str = GaNas::<ganas_gnn::Cpu<f32>>::NAME;

impl Search {
    /// Evaluates all of the space, so that each round can be measured against it.
    ///
    /// # Errors
    ///
    /// The algorithm has no generator of GA-NAS, what is searched for is no single metric without bounds, the space is too large to
    /// be listed, or something of it cannot be evaluated at no cost.
    pub(super) fn measure_theory(&mut self) -> Result<(), Error> {
        let name = self.algorithm.name();
        let refused = if name != MEASURED {
            format!("{name} is not measured: leave it out, or choose --algorithm {MEASURED}")
        } else if self.several.is_some() || self.improvement.is_some() {
            "truth sets have a level for one metric alone: leave it out with several objectives and with --improve"
                .to_owned()
        } else if !self.measured_bounds.is_empty() {
            "bounds on what is measured leave a part of the space only: measure it without them"
                .to_owned()
        } else if self.evaluating.is_costly {
            "all of the space would have to be evaluated: name a table with --table".to_owned()
        } else {
            self.landscape = Some(Arc::new(self.evaluated()?));
            return Ok(());
        };
        Err(Error::Usage(format!("--measure-theory: {refused}")))
    }

    fn evaluated(&self) -> Result<Landscape, Error> {
        let evaluator = self.evaluating.evaluator();
        let value_of = |key: ArchKey, arch: &Arch| -> Result<_, Error> {
            let measurement = evaluator.evaluate(Query { key, arch });
            let measurement = measurement.map_err(|error| {
                Error::Failed(format!(
                    "--measure-theory: {} has no value, but all of the space is needed: {error}",
                    self.space.encode(arch)
                ))
            })?;
            Ok(Some(measurement.search))
        };
        let listed = Landscape::new(&*self.space, value_of);
        listed.map_err(|error| match error {
            Error::Search(error) => Error::Usage(format!("--measure-theory: {error}")),
            other => other,
        })
    }
}
