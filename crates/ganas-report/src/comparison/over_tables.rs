//! Each algorithm over all tables, by normalised regret.

use super::cells::{Pairs, correct, middle, share, versus};
use super::{Estimate, Overall, Profile, ProfilePoint, View};
use crate::statistics::{Proportion, performance_profile};

/// Thresholds of a profile: 0, and ten in each decade from 0.0001 to 1.
const THRESHOLDS: usize = 42;

/// Normalised regrets of the runs of an algorithm on each table, with their seeds.
type Regrets = Vec<Vec<(u64, f64)>>;

impl View<'_> {
    /// Each algorithm over all tables; nothing when there is one.
    pub(super) fn overall(&self) -> Vec<Overall> {
        let mut all = Vec::new();
        for &budget in &self.grouped.options.budgets {
            let common = self.common_tables(budget);
            if common.len() < 2 {
                continue;
            }
            let of_baseline = self.regrets(self.grouped.baseline(), &common, budget);
            let algorithms = self.grouped.algorithms.iter();
            let mut found: Vec<Overall> = algorithms
                .filter_map(|name| {
                    let regrets = self.regrets(name, &common, budget);
                    self.overall_of(name, budget, &regrets, &of_baseline)
                })
                .collect();
            correct(found.iter_mut().filter_map(|of| of.versus.as_mut()));
            all.append(&mut found);
        }
        all
    }

    fn overall_of(
        &self,
        algorithm: &str,
        budget: f64,
        regrets: &Regrets,
        of_baseline: &Regrets,
    ) -> Option<Overall> {
        let bootstrap = &self.grouped.options.bootstrap;
        let values = without_seeds(regrets);
        let strata: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let all = || values.iter().flatten();
        let runs = Proportion {
            count: all().filter(|regret| **regret <= 0.0).count(),
            of: all().count(),
        };
        let pairs = || -> Vec<_> {
            let tables = regrets.iter().zip(of_baseline);
            tables
                .map(|(ours, theirs)| Pairs {
                    ours: gains(ours),
                    theirs: gains(theirs),
                })
                .collect()
        };
        let is_baseline = algorithm == self.grouped.baseline();
        Some(Overall {
            algorithm: algorithm.to_owned(),
            budget,
            tables: regrets.len(),
            runs: runs.of,
            regret: middle(bootstrap, &strata)?,
            at_optimum: share(runs, bootstrap.level)?,
            versus: if is_baseline {
                None
            } else {
                versus(bootstrap, &pairs())
            },
        })
    }

    /// The performance profiles of all algorithms at each budget.
    pub(super) fn profiles(&self) -> Vec<Profile> {
        let mut all = Vec::new();
        for &budget in &self.grouped.options.budgets {
            let common = self.common_tables(budget);
            let algorithms = self.grouped.algorithms.iter();
            all.extend(algorithms.filter_map(|algorithm| {
                let regrets = without_seeds(&self.regrets(algorithm, &common, budget));
                Some(Profile {
                    algorithm: algorithm.clone(),
                    budget,
                    tables: common.len(),
                    points: self.profile(&regrets)?,
                })
            }));
        }
        all
    }

    fn profile(&self, regrets: &[Vec<f64>]) -> Option<Vec<ProfilePoint>> {
        let thresholds = thresholds();
        let shares = performance_profile(regrets, &thresholds)?;
        let strata: Vec<&[f64]> = regrets.iter().map(Vec::as_slice).collect();
        let bootstrap = &self.grouped.options.bootstrap;
        let intervals = bootstrap.intervals(&strata, |drawn| -> [f64; THRESHOLDS] {
            let shares = performance_profile(drawn, &thresholds);
            let shares = shares.expect("invariant: strata are not empty");
            std::array::from_fn(|i| shares[i])
        })?;
        let points = thresholds.iter().zip(shares).zip(intervals);
        let point = |((threshold, value), interval): ((&f64, f64), _)| ProfilePoint {
            threshold: *threshold,
            share: Estimate { value, interval },
        };
        Some(points.map(point).collect())
    }

    /// The tables with a scale on which every algorithm has runs at a budget.
    pub(super) fn common_tables(&self, budget: f64) -> Vec<&str> {
        let labels = self.grouped.tables.iter().map(|table| table.label.as_str());
        labels
            .filter(|table| {
                let has_runs = |algorithm: &String| {
                    let group = self.grouped.group(algorithm, table);
                    group.is_some_and(|group| !group.values_at(budget, self.side).is_empty())
                };
                let optimum = self.scale(table).map(|scale| scale.optimum);
                optimum.is_some_and(|best| self.normalised_regret(table, best).is_some())
                    && self.grouped.algorithms.iter().all(has_runs)
            })
            .collect()
    }

    fn regrets(&self, algorithm: &str, tables: &[&str], budget: f64) -> Regrets {
        let of_table = |table: &&str| {
            let group = self.grouped.group(algorithm, table)?;
            let values = group.values_at(budget, self.side).into_iter();
            values
                .map(|(seed, value)| Some((seed, self.normalised_regret(table, value)?)))
                .collect()
        };
        tables.iter().filter_map(of_table).collect()
    }
}

fn without_seeds(regrets: &Regrets) -> Vec<Vec<f64>> {
    let values = |table: &Vec<(u64, f64)>| table.iter().map(|(_, value)| *value).collect();
    regrets.iter().map(values).collect()
}

fn gains(regrets: &[(u64, f64)]) -> Vec<(u64, f64)> {
    regrets
        .iter()
        .map(|(seed, regret)| (*seed, -regret))
        .collect()
}

fn thresholds() -> [f64; THRESHOLDS] {
    let mut tenths = -41;
    std::array::from_fn(|i| {
        tenths += 1;
        if i == 0 {
            tenths -= 1;
            0.0
        } else {
            10f64.powf(f64::from(tenths) / 10.0)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_have_ten_a_decade() {
        let all = thresholds();
        assert!(all[0] == 0.0 && (all[1] - 1e-4).abs() < 1e-12 && (all[41] - 1.0).abs() < 1e-12);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
