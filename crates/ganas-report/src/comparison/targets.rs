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
                let mut on_tables = Vec::new();
                // A table whose runs are shorter says nothing of what comes after them.
                let mut common = f64::INFINITY;
                for group in groups.filter(|group| group.algorithm == *algorithm) {
                    let Some(observed) = self.observations(group, target) else {
                        continue;
                    };
                    common = common.min(end(group));
                    let table = Some(group.table.clone());
                    all.push(self.target(target, algorithm, table, &observed));
                    on_tables.push(observed);
                }
                if on_tables.len() > 1 {
                    let pooled = on_tables.into_iter().flatten();
                    let pooled: Vec<Observation> = pooled.map(|o| until(o, common)).collect();
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

/// How far it is known whether the runs of a group reach a target.
fn end(group: &Group) -> f64 {
    let ends = group.traces.iter().map(|trace| trace.end);
    if group.traces.iter().all(|trace| trace.is_final) {
        f64::INFINITY
    } else {
        ends.fold(0.0, f64::max)
    }
}

/// What was observed until some time.
fn until(observed: Observation, time: f64) -> Observation {
    if observed.time <= time {
        observed
    } else {
        Observation {
            time,
            reached: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_not_observed() {
        let early = Observation {
            time: 5.0,
            reached: true,
        };
        let late = Observation {
            time: 27.0,
            reached: true,
        };
        assert_eq!(until(early, 5.0), early);
        let censored = Observation {
            time: 5.0,
            reached: false,
        };
        assert_eq!(until(late, 5.0), censored);
    }
}
