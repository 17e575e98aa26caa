//! What a comparison finds.

use serde::{Deserialize, Serialize};

use super::{Options, SearchedTable, Side, Target};
use crate::statistics::{Friedman, Interval, Proportion, Survival};

/// A comparison of runs: of every algorithm on every table, at every budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// How it was made; the baseline and the budgets are those that were used.
    pub options: Options,
    /// What was searched.
    pub tables: Vec<SearchedTable>,
    /// The labels of the algorithms, in the order in which they came.
    pub algorithms: Vec<String>,
    /// What is said of each metric, the one that is searched on first. Metrics that differ between tables stand side by side.
    pub sides: Vec<SideResults>,
}

/// What is said of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideResults {
    /// Which of the two.
    pub side: Side,
    /// What regret is measured from, on each table of which that is known.
    pub scales: Vec<Scale>,
    /// Each algorithm on each table at each budget that a run of it has reached.
    pub cells: Vec<Cell>,
    /// Each algorithm over all tables; none when there is one table.
    pub overall: Vec<Overall>,
    /// Queries to each target.
    pub targets: Vec<TargetResult>,
    /// Performance profiles of normalised regrets.
    pub profiles: Vec<Profile>,
    /// The algorithms by rank, at each budget.
    pub rankings: Vec<Ranking>,
}

/// What regret is measured from on a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The label of the table.
    pub table: String,
    /// The best value.
    pub optimum: f64,
    /// Who says so.
    pub source: OptimumSource,
    /// Where runs begin: the mean of the first values of all runs on the table. Normalised regret is 1 there, and 0 at the optimum.
    pub start: f64,
}

/// Who says what the best value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimumSource {
    /// The table has all architectures of its space, or all that constraints admit.
    Table,
    /// It is the best of what the runs have evaluated: a regret of 0 is not proof of the optimum.
    BestKnown,
}

impl OptimumSource {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Table => "the best of the table",
            Self::BestKnown => "the best that these runs know",
        }
    }
}

/// A number, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

impl Estimate {
    /// The estimate of `scale · x + shift`.
    #[must_use]
    pub fn transformed(self, scale: f64, shift: f64) -> Self {
        Self {
            value: self.value * scale + shift,
            interval: self.interval.transformed(scale, shift),
        }
    }
}

/// The middle of a sample in three ways.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Middle {
    /// The mean.
    pub mean: Estimate,
    /// The median.
    pub median: Estimate,
    /// The interquartile mean.
    pub interquartile_mean: Estimate,
}

impl Middle {
    /// The same of `scale · x + shift`.
    #[must_use]
    pub fn transformed(self, scale: f64, shift: f64) -> Self {
        Self {
            mean: self.mean.transformed(scale, shift),
            median: self.median.transformed(scale, shift),
            interquartile_mean: self.interquartile_mean.transformed(scale, shift),
        }
    }
}

/// A share of runs, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareOfRuns {
    /// How many of how many.
    #[serde(flatten)]
    pub runs: Proportion,
    /// Wilson's interval of the share.
    pub interval: Interval,
}

/// An algorithm on a table at a budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The label of the algorithm.
    pub algorithm: String,
    /// The label of the table.
    pub table: String,
    /// The budget.
    pub budget: f64,
    /// Runs that have reached the budget, with a value; what follows is about them.
    pub runs: usize,
    /// Runs that ended, or have come, before it.
    pub shorter: usize,
    /// Runs all of whose evaluations so far had failed.
    pub without_value: usize,
    /// The best so far.
    pub best: Middle,
    /// Its standard deviation over the runs.
    pub sd: f64,
    /// Its lowest value, first quartile, third quartile and highest value.
    pub spread: [f64; 4],
    /// How far that is from the optimum; `None` when it is not known what is better.
    pub regret: Option<Middle>,
    /// The share of runs at the optimum.
    pub at_optimum: Option<ShareOfRuns>,
    /// The mean of the best so far over all budgets up to this one, from the first value on: the area under the curve, in the unit of
    /// the metric.
    pub area: Option<Estimate>,
    /// The comparison with the baseline; none for the baseline itself.
    pub versus: Option<Versus>,
}

/// A comparison with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    /// Pairs of runs with the same table and seed.
    pub pairs: usize,
    /// The mean difference, turned so that it is positive where the algorithm is better; over several tables of normalised regrets.
    pub mean_gain: f64,
    /// The two-sided p-value of Wilcoxon's signed-rank test of the pairs.
    pub p: f64,
    /// The same with Holm's correction for all comparisons of this kind at this budget.
    pub p_holm: f64,
    /// The probability that a run of the algorithm is better than one of the baseline; over several tables the mean.
    pub improvement: Estimate,
}

/// An algorithm over all tables at a budget, by normalised regret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// The label of the algorithm.
    pub algorithm: String,
    /// The budget.
    pub budget: f64,
    /// How many tables: those on which every algorithm has runs at this budget.
    pub tables: usize,
    /// How many runs.
    pub runs: usize,
    /// The normalised regret over all runs; intervals are drawn within tables.
    pub regret: Middle,
    /// The share of runs at the optimum.
    pub at_optimum: ShareOfRuns,
    /// The comparison with the baseline.
    pub versus: Option<Versus>,
}

/// How many queries an algorithm needs to reach a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetResult {
    /// The target.
    pub target: Target,
    /// The label of the algorithm.
    pub algorithm: String,
    /// The label of the table; `None` for all of them together.
    pub table: Option<String>,
    /// The share of runs that have not reached it, along the axis.
    pub survival: Survival,
    /// The median, when half of the runs reached it.
    pub median: Option<f64>,
    /// The ends of its interval, as far as they are known.
    pub median_interval: (Option<f64>, Option<f64>),
}

/// The share of runs whose normalised regret is at most a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The label of the algorithm.
    pub algorithm: String,
    /// The budget.
    pub budget: f64,
    /// How many tables: those on which every algorithm has runs at this budget.
    pub tables: usize,
    /// Thresholds and shares.
    pub points: Vec<ProfilePoint>,
}

/// A point of a performance profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfilePoint {
    /// The normalised regret.
    pub threshold: f64,
    /// The share of runs at it or below.
    pub share: Estimate,
}

/// Algorithms by rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The budget.
    pub budget: f64,
    /// What ranks were taken on.
    pub blocks: Blocks,
    /// The algorithms, best first.
    pub algorithms: Vec<String>,
    /// Their mean ranks, in that order, and Friedman's test.
    pub friedman: Friedman,
    /// By how much mean ranks must differ to be significant, by Nemenyi's test.
    pub critical_difference: f64,
    /// Groups of algorithms that do not differ significantly.
    pub groups: Vec<Vec<String>>,
}

/// What ranks are taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocks {
    /// Tables, with the means over their seeds.
    Tables,
    /// Seeds that all algorithms have on the only table. It says nothing about other tables.
    Seeds,
}

impl Comparison {
    /// The results of one metric.
    #[must_use]
    pub fn side(&self, side: Side) -> Option<&SideResults> {
        self.sides.iter().find(|results| results.side == side)
    }

    /// What was searched, by its label.
    #[must_use]
    pub fn table(&self, label: &str) -> Option<&SearchedTable> {
        self.tables.iter().find(|table| table.label == label)
    }
}

impl SideResults {
    /// An algorithm on a table at a budget.
    #[must_use]
    pub fn cell(&self, algorithm: &str, table: &str, budget: f64) -> Option<&Cell> {
        self.cells.iter().find(|cell| {
            cell.algorithm == algorithm
                && cell.table == table
                && cell.budget.total_cmp(&budget).is_eq()
        })
    }

    /// What regret is measured from on a table.
    #[must_use]
    pub fn scale(&self, table: &str) -> Option<&Scale> {
        self.scales.iter().find(|scale| scale.table == table)
    }
}
