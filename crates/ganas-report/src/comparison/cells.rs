//! Each algorithm on each table at each budget.

use ganas_store::Direction;

use super::grouped::Group;
use super::{Cell, Estimate, Middle, Scale, ShareOfRuns, Side, Trace, Versus, View};
use crate::statistics::{
    Bootstrap, Proportion, holm, interquartile_mean, mean_of_steps, median, moments,
    probability_of_improvement, quantile, wilcoxon,
};

impl View<'_> {
    /// Each algorithm on each table at each budget that a run of it has reached.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let mut all = Vec::new();
        for &budget in &self.grouped.options.budgets {
            let groups = self.grouped.groups.iter();
            let mut cells: Vec<Cell> = groups.filter_map(|g| self.cell(g, budget)).collect();
            correct(cells.iter_mut().filter_map(|cell| cell.versus.as_mut()));
            all.append(&mut cells);
        }
        all
    }

    fn cell(&self, group: &Group, budget: f64) -> Option<Cell> {
        let options = &self.grouped.options;
        let seeded = group.values_at(budget, self.side);
        let values: Vec<f64> = seeded.iter().map(|(_, value)| *value).collect();
        let best = middle(&options.bootstrap, &[&values])?;
        let known = group.traces.iter().filter(|t| t.covers(budget)).count();
        let direction = self.grouped.direction(&group.table, self.side);
        let scale = self.scale(&group.table).zip(direction);
        let at = |q| quantile(&values, q).unwrap_or(f64::NAN);
        Some(Cell {
            algorithm: group.algorithm.clone(),
            table: group.table.clone(),
            budget,
            runs: values.len(),
            shorter: group.traces.len() - known,
            without_value: known - values.len(),
            best,
            sd: moments(&values)?.sd,
            spread: [at(0.0), at(0.25), at(0.75), at(1.0)],
            regret: scale.map(|(scale, direction)| regret(best, scale, direction)),
            at_optimum: scale.and_then(|(scale, direction)| {
                let count = (values.iter())
                    .filter(|value| direction.compare(**value, scale.optimum).is_ge())
                    .count();
                let of = values.len();
                share(Proportion { count, of }, options.bootstrap.level)
            }),
            area: area(&options.bootstrap, &group.traces, budget, self.side),
            versus: direction.and_then(|direction| self.versus(group, &seeded, budget, direction)),
        })
    }

    fn versus(
        &self,
        group: &Group,
        values: &[(u64, f64)],
        budget: f64,
        direction: Direction,
    ) -> Option<Versus> {
        let baseline = self.grouped.baseline();
        if group.algorithm == baseline {
            return None;
        }
        let baseline = self.grouped.group(baseline, &group.table)?;
        let gains = |values: &[(u64, f64)]| -> Vec<(u64, f64)> {
            let gains = values
                .iter()
                .map(|(seed, value)| (*seed, direction.gain(*value)));
            gains.collect()
        };
        let ours = gains(values);
        let theirs = gains(&baseline.values_at(budget, self.side));
        versus(&self.grouped.options.bootstrap, &[Pairs { ours, theirs }])
    }
}

/// Mean, median and interquartile mean of all values, with intervals that are drawn within the strata; `None` when one is empty.
pub(super) fn middle(bootstrap: &Bootstrap, strata: &[&[f64]]) -> Option<Middle> {
    let mut pooled: Vec<f64> = Vec::new();
    let mut of = |strata: &mut dyn Iterator<Item = &[f64]>| {
        pooled.clear();
        strata.for_each(|stratum| pooled.extend(stratum));
        Some([
            moments(&pooled)?.mean,
            median(&pooled)?,
            interquartile_mean(&pooled)?,
        ])
    };
    let values = of(&mut strata.iter().copied())?;
    let intervals = bootstrap.intervals(strata, |drawn| {
        of(&mut drawn.iter().map(Vec::as_slice)).expect("invariant: strata are not empty")
    })?;
    let estimate = |i: usize| Estimate {
        value: values[i],
        interval: intervals[i],
    };
    Some(Middle {
        mean: estimate(0),
        median: estimate(1),
        interquartile_mean: estimate(2),
    })
}

/// A share with its interval; `None` of no runs.
pub(super) fn share(runs: Proportion, level: f64) -> Option<ShareOfRuns> {
    let interval = runs.interval(level)?;
    Some(ShareOfRuns { runs, interval })
}

/// Gains of an algorithm and of the baseline on a table, by seed, which ascends.
pub(super) struct Pairs {
    pub(super) ours: Vec<(u64, f64)>,
    pub(super) theirs: Vec<(u64, f64)>,
}

/// The comparison of gains by seed, on one table or several; `None` without a pair, or when a table has no runs of either.
pub(super) fn versus(bootstrap: &Bootstrap, tables: &[Pairs]) -> Option<Versus> {
    let mut differences = Vec::new();
    for Pairs { ours, theirs } in tables {
        let pairs = ours.iter().filter_map(|(seed, our)| {
            let at = theirs.binary_search_by_key(seed, |(seed, _)| *seed).ok()?;
            Some(our - theirs[at].1)
        });
        differences.extend(pairs);
    }
    let p = wilcoxon(&differences);
    Some(Versus {
        pairs: differences.len(),
        mean_gain: moments(&differences)?.mean,
        p,
        p_holm: p,
        improvement: improvement(bootstrap, tables)?,
    })
}

/// The mean probability of improvement over tables.
fn improvement(bootstrap: &Bootstrap, tables: &[Pairs]) -> Option<Estimate> {
    let gains = |values: &[(u64, f64)]| values.iter().map(|(_, gain)| *gain).collect();
    let strata: Vec<Vec<f64>> = (tables.iter())
        .flat_map(|Pairs { ours, theirs }| [gains(ours), gains(theirs)])
        .collect();
    let mean = |strata: &[Vec<f64>]| {
        let each =
            (strata.chunks_exact(2)).map(|pair| probability_of_improvement(&pair[0], &pair[1]));
        moments(&each.collect::<Option<Vec<f64>>>()?).map(|m| m.mean)
    };
    let value = mean(&strata)?;
    let slices: Vec<&[f64]> = strata.iter().map(Vec::as_slice).collect();
    let [interval] = bootstrap.intervals(&slices, |drawn| {
        [mean(drawn).expect("invariant: strata are not empty")]
    })?;
    Some(Estimate { value, interval })
}

/// Holm's correction of all comparisons of a kind.
pub(super) fn correct<'a>(versus: impl Iterator<Item = &'a mut Versus>) {
    let versus: Vec<&mut Versus> = versus.collect();
    let p: Vec<f64> = versus.iter().map(|versus| versus.p).collect();
    for (versus, corrected) in versus.into_iter().zip(holm(&p)) {
        versus.p_holm = corrected;
    }
}

/// The regret of what is best so far.
fn regret(best: Middle, scale: &Scale, direction: Direction) -> Middle {
    match direction {
        Direction::Maximize => best.transformed(-1.0, scale.optimum),
        Direction::Minimize => best.transformed(1.0, -scale.optimum),
    }
}

/// The mean over runs of the mean best so far up to a budget.
fn area(bootstrap: &Bootstrap, traces: &[Trace], budget: f64, side: Side) -> Option<Estimate> {
    let known = traces.iter().filter(|trace| trace.covers(budget));
    let areas: Vec<f64> = known
        .filter_map(|trace| {
            let steps: Vec<(f64, f64)> = trace
                .steps
                .iter()
                .map(|(x, values)| (*x, side.of(*values)))
                .collect();
            mean_of_steps(&steps, budget)
        })
        .collect();
    let mean = |values: &[f64]| moments(values).map_or(f64::NAN, |m| m.mean);
    Some(Estimate {
        interval: bootstrap.interval(&areas, mean)?,
        value: mean(&areas),
    })
}
