//! What an experiment looks up or measures beside the metric that it searches on.

use std::sync::Arc;

use ganas_space::SearchSpace;

use super::Experiment;
#[cfg(feature = "workers")]
use super::{Source, constraints};
use crate::Error;
#[cfg(feature = "tables")]
use crate::tables;

impl Experiment {
    /// These names, and those in bounds that may be those of metrics which workers measure.
    #[cfg(feature = "workers")]
    pub(super) fn with_measurable(
        &self,
        mut further: Vec<String>,
        space: &Arc<dyn SearchSpace>,
    ) -> Vec<String> {
        if matches!(self.source, Source::Workers(..)) {
            for name in constraints::measurable(&self.bounds, space) {
                if !further.contains(&name) {
                    further.push(name);
                }
            }
        }
        further
    }

    #[cfg(not(feature = "workers"))]
    #[expect(clippy::unused_self, reason = "as with workers")]
    pub(super) fn with_measurable(
        &self,
        further: Vec<String>,
        _: &Arc<dyn SearchSpace>,
    ) -> Vec<String> {
        further
    }

    #[cfg(feature = "tables")]
    pub(super) fn open_properties(
        &self,
        space: &dyn SearchSpace,
    ) -> Result<Vec<Arc<ganas_table::Table>>, Error> {
        let paths = self.properties.iter();
        paths
            .map(|path| {
                let table = tables::open(Some(path), space, &self.folders, &self.note)?;
                Ok(Arc::new(table.declared(&self.metrics.declared)))
            })
            .collect()
    }

    #[cfg(not(feature = "tables"))]
    pub(super) fn open_properties(
        &self,
        _: &dyn SearchSpace,
    ) -> Result<Vec<std::convert::Infallible>, Error> {
        Ok(Vec::new())
    }
}
