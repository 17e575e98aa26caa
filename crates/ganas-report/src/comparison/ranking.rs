//! Algorithms by rank.

use std::collections::BTreeSet;

use super::{Blocks, Ranking, View};
use crate::statistics::{Friedman, critical_difference, indistinguishable, moments};

impl View<'_> {
    /// The algorithms by rank at each budget: over tables, or over the seeds of the only one.
    pub(super) fn rankings(&self) -> Vec<Ranking> {
        let budgets = self.grouped.options.budgets.iter();
        budgets.filter_map(|&budget| self.ranking(budget)).collect()
    }

    fn ranking(&self, budget: f64) -> Option<Ranking> {
        let (blocks, gains) = match &self.grouped.tables[..] {
            [only] => (Blocks::Seeds, self.gains_by_seed(&only.label, budget)?),
            _ => (Blocks::Tables, self.gains_by_table(budget)),
        };
        let mut friedman = Friedman::test(&gains)?;
        let k = friedman.mean_ranks.len();
        let difference = critical_difference(k, gains.len(), self.grouped.options.alpha);
        let names = |group: &Vec<usize>| -> Vec<String> {
            (group.iter())
                .map(|&at| self.grouped.algorithms[at].clone())
                .collect()
        };
        let groups = indistinguishable(&friedman.mean_ranks, difference);
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&a, &b| friedman.mean_ranks[a].total_cmp(&friedman.mean_ranks[b]));
        friedman.mean_ranks = order.iter().map(|&at| friedman.mean_ranks[at]).collect();
        Some(Ranking {
            budget,
            blocks,
            algorithms: names(&order),
            friedman,
            critical_difference: difference,
            groups: groups.iter().map(names).collect(),
        })
    }

    /// A row for each table on which all algorithms have runs at the budget: the means over their seeds.
    fn gains_by_table(&self, budget: f64) -> Vec<Vec<f64>> {
        let of_table = |table: &&str| -> Option<Vec<f64>> {
            let direction = self.grouped.direction(table, self.side)?;
            let of_algorithm = |algorithm: &String| {
                let values = self
                    .grouped
                    .group(algorithm, table)?
                    .values_at(budget, self.side);
                let gains: Vec<f64> = values.iter().map(|(_, v)| direction.gain(*v)).collect();
                Some(moments(&gains)?.mean)
            };
            self.grouped.algorithms.iter().map(of_algorithm).collect()
        };
        let tables = self.grouped.tables.iter().map(|table| table.label.as_str());
        tables.filter_map(|table| of_table(&table)).collect()
    }

    /// A row for each seed that all algorithms have on a table at the budget.
    fn gains_by_seed(&self, table: &str, budget: f64) -> Option<Vec<Vec<f64>>> {
        let direction = self.grouped.direction(table, self.side)?;
        let of_algorithm = |algorithm: &String| {
            let group = self.grouped.group(algorithm, table)?;
            Some(group.values_at(budget, self.side))
        };
        let algorithms = self.grouped.algorithms.iter().map(of_algorithm);
        let values: Vec<Vec<(u64, f64)>> = algorithms.collect::<Option<_>>()?;
        let seeds: BTreeSet<u64> = values.first()?.iter().map(|(seed, _)| *seed).collect();
        let row = |seed: u64| -> Option<Vec<f64>> {
            let of = |values: &Vec<(u64, f64)>| {
                let at = values.binary_search_by_key(&seed, |(seed, _)| *seed).ok()?;
                Some(direction.gain(values[at].1))
            };
            values.iter().map(of).collect()
        };
        Some(seeds.into_iter().filter_map(row).collect())
    }
}
