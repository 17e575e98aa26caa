//! What an evaluation tells step by step.

use std::collections::BTreeMap;

use ganas_eval::{Curve, Progress};

/// So many values are kept of an evaluation.
const MOST: usize = 4096;

/// The values of each metric by step, in the order of telling. Of a step that is told twice the first counts.
#[derive(Debug, Default)]
pub(super) struct Curves {
    by_metric: BTreeMap<String, Curve>,
    n_values: usize,
}

impl Curves {
    /// Adds what was told; nothing that belongs to no step.
    pub(super) fn add(&mut self, told: &Progress) {
        let Some(step) = told.step else {
            return;
        };
        for (name, &value) in &told.metrics {
            if self.n_values == MOST {
                return;
            }
            let curve = match self.by_metric.get_mut(name) {
                Some(curve) => curve,
                None => self.by_metric.entry(name.clone()).or_default(),
            };
            if curve.iter().rev().all(|&(known, _)| known != step) {
                curve.push((step, value + 0.0));
                self.n_values += 1;
            }
        }
    }

    /// The curve of a metric.
    pub(super) fn of(&self, metric: &str) -> &[(u32, f64)] {
        self.by_metric.get(metric).map_or(&[], |curve| curve)
    }

    /// All curves.
    pub(super) fn all(&self) -> &BTreeMap<String, Curve> {
        &self.by_metric
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(step: Option<u32>, value: f64) -> Progress {
        Progress {
            done: None,
            step,
            metrics: [("valid", value), ("loss", 1.0 - value)]
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        }
    }

    #[test]
    fn the_first_value_of_each_step_counts() {
        let mut curves = Curves::default();
        for (step, value) in [
            (Some(3), 0.25),
            (None, 0.5),
            (Some(1), 0.5),
            (Some(3), 0.75),
        ] {
            curves.add(&progress(step, value));
        }
        assert_eq!(curves.of("valid"), [(3, 0.25), (1, 0.5)]);
        assert_eq!(curves.of("loss"), [(3, 0.75), (1, 0.5)]);
        assert!(curves.of("test").is_empty());
    }

    #[test]
    fn a_flood_is_bounded() {
        let mut curves = Curves::default();
        for step in 0..10_000 {
            curves.add(&progress(Some(step), 0.5));
        }
        let lengths: Vec<usize> = curves.all().values().map(Vec::len).collect();
        assert_eq!(lengths, [MOST / 2, MOST / 2]);
    }
}
