//! Queries to a target.

use super::grouped::Group;
use super::{Target, TargetResult, Trace, View};
use crate::statistics::{Observation, Survival};

impl View<'_> {
    /// The survival curves of all algorithms on each table, and over all tables when there are several.
    pub(super) fn targets(&self) -> Vec<TargetResult> {
        let mut all = Vec::new();
        for &target in &self.grouped.options.targets {
            for algorithm in &self.grouped.algorithms {
                let groups = self.grouped.groups.iter();
                let mut pooled = Vec::new();
                let mut tables = 0;
                for group in groups.filter(|group| group.algorithm == *algorithm) {
                    let Some(observed) = self.observations(group, target) else {
                        continue;
                    };
                    tables += 1;
                    pooled.extend_from_slice(&observed);
                    let table = Some(group.table.clone());
                    all.push(self.target(target, algorithm, table, &observed));
                }
                if tables > 1 {
                    all.push(self.target(target, algorithm, None, &pooled));
                }
            }
        }
        all
    }

    fn target(
        &self,
        target: Target,
        algorithm: &str,
        table: Option<String>,
        observed: &[Observation],
    ) -> TargetResult {
        let survival = Survival::estimate(observed, self.grouped.options.bootstrap.level);
        TargetResult {
            target,
            algorithm: algorithm.to_owned(),
            table,
            median: survival.median(),
            median_interval: survival.median_interval(),
            survival,
        }
    }

    /// When each run reached the target, or how far it went without it; `None` when nobody can say what reaches it.
    fn observations(&self, group: &Group, target: Target) -> Option<Vec<Observation>> {
        let direction = self.grouped.direction(&group.table, self.side)?;
        let scale = self.scale(&group.table)?;
        let needed = match target {
            Target::Optimum => scale.optimum,
            Target::Regret(regret) => scale.optimum - regret * (scale.optimum - scale.start),
            Target::Value(value) => value,
        };
        let observe = |trace: &Trace| {
            let reached = trace
                .steps
                .iter()
                .find(|(_, values)| direction.compare(self.side.of(*values), needed).is_ge());
            Observation {
                time: reached.map_or(trace.end, |(x, _)| *x),
                reached: reached.is_some(),
            }
        };
        Some(group.traces.iter().map(observe).collect())
    }
}
