//! What is compared: runs, and what they searched.

use ganas_store::{Direction, MetricPair};
use serde::{Deserialize, Serialize};

/// A run, as it is compared: what each of its trials was worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The algorithm, and what tells it from other configurations of it.
    pub algorithm: String,
    /// The label of the [`SearchedTable`].
    pub table: String,
    /// The seed: runs of two algorithms on the same table with the same seed are a pair.
    pub seed: u64,
    /// Whether it would not have gone on with a larger budget, as when its space was exhausted or a target reached: what it has at
    /// its end then holds for all larger budgets.
    pub is_final: bool,
    /// Its trials, in the order of proposal.
    pub points: Vec<CurvePoint>,
}

/// A trial of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// How many queries had been made, repeats and this one included.
    pub raw: u32,
    /// How many classes had been queried, this one included.
    pub unique: u32,
    /// The search metric; `None` for a trial that failed, or cannot be the best.
    pub search: Option<f64>,
    /// The reported metric of the same trial.
    pub report: Option<f64>,
    /// What was spent up to here, this trial included, such as seconds of training; `None` when it is not known.
    pub cost: Option<f64>,
}

/// What runs have searched: a table, a surrogate or an evaluator, with its metrics. Runs on the same one can be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchedTable {
    /// Its label in tables and figures.
    pub label: String,
    /// The search space.
    pub space: String,
    /// What was searched on, and what is reported.
    pub protocol: MetricPair,
    /// The best search metric that there is, when that is known.
    pub best_search: Option<f64>,
    /// The best reported metric that there is, when that is known.
    pub best_report: Option<f64>,
    /// What the costs of the trials are, such as `seconds of training`.
    pub cost: Option<String>,
}

/// What queries are counted as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Classes that were queried.
    #[default]
    Unique,
    /// All queries, repeats included.
    Raw,
    /// What evaluations cost, such as seconds of training.
    Cost,
}

impl Axis {
    /// What is counted, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unique => "unique queries",
            Self::Raw => "raw queries",
            Self::Cost => "cost",
        }
    }

    /// Where a trial stands on the axis.
    fn of(self, point: &CurvePoint) -> Option<f64> {
        match self {
            Self::Unique => Some(f64::from(point.unique)),
            Self::Raw => Some(f64::from(point.raw)),
            Self::Cost => point.cost,
        }
    }
}

/// One of the two metrics. What is best so far is always selected on the search metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The metric that is searched on.
    Search,
    /// The reported metric of what was selected.
    Report,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Search, Self::Report];

    /// The name of the metric.
    #[must_use]
    pub fn metric(self, protocol: &MetricPair) -> &str {
        match self {
            Self::Search => &protocol.search,
            Self::Report => &protocol.report,
        }
    }

    /// Which of its values are better; `None` when that is not known.
    #[must_use]
    pub fn direction(self, protocol: &MetricPair) -> Option<Direction> {
        match self {
            Self::Search => Some(protocol.search_direction),
            Self::Report => protocol.report_direction,
        }
    }

    pub(super) fn of(self, values: [f64; 2]) -> f64 {
        match self {
            Self::Search => values[0],
            Self::Report => values[1],
        }
    }
}

/// The best so far of a run along an axis: a step wherever it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The seed of the run.
    pub seed: u64,
    /// Where the selected trial changed, and its search metric and reported one.
    pub steps: Vec<(f64, [f64; 2])>,
    /// How far the run went.
    pub end: f64,
    /// See [`Curve::is_final`].
    pub is_final: bool,
}

impl Trace {
    /// The trace of a run; `None` when it has no trials, or the axis is a cost that is not known of all of them.
    #[must_use]
    pub fn new(curve: &Curve, direction: Direction, axis: Axis) -> Option<Self> {
        let mut steps: Vec<(f64, [f64; 2])> = Vec::new();
        let mut end = None;
        for point in &curve.points {
            let x = axis.of(point)?;
            end = Some(x);
            let (Some(search), Some(report)) = (point.search, point.report) else {
                continue;
            };
            let is_better =
                (steps.last()).is_none_or(|(_, best)| direction.compare(search, best[0]).is_gt());
            if is_better {
                steps.push((x, [search, report]));
            }
        }
        Some(Self {
            seed: curve.seed,
            steps,
            end: end?,
            is_final: curve.is_final,
        })
    }

    /// Whether it is known what the run has after so much.
    #[must_use]
    pub fn covers(&self, budget: f64) -> bool {
        self.is_final || self.end >= budget
    }

    /// The search metric and the reported one of what is selected after so much; `None` before the first success.
    #[must_use]
    pub fn at(&self, budget: f64) -> Option<[f64; 2]> {
        let n = self.steps.partition_point(|(x, _)| *x <= budget);
        self.steps[..n].last().map(|(_, values)| *values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(raw: u32, unique: u32, measured: Option<[f64; 2]>) -> CurvePoint {
        CurvePoint {
            raw,
            unique,
            search: measured.map(|values| values[0]),
            report: measured.map(|values| values[1]),
            cost: None,
        }
    }

    /// A failure and a repeat count as queries, and the reported metric is that of what was selected, even when it falls.
    #[test]
    fn selects_on_the_search_metric() {
        let curve = Curve {
            algorithm: "random".to_owned(),
            table: "t".to_owned(),
            seed: 4,
            is_final: false,
            points: vec![
                point(1, 1, None),
                point(2, 2, Some([1.0, 9.0])),
                point(3, 2, Some([1.0, 9.0])),
                point(4, 3, Some([2.0, 5.0])),
                point(5, 4, Some([2.0, 7.0])),
            ],
        };
        let unique = Trace::new(&curve, Direction::Maximize, Axis::Unique).unwrap();
        assert_eq!(unique.steps, [(2.0, [1.0, 9.0]), (3.0, [2.0, 5.0])]);
        assert_eq!((unique.at(1.0), unique.at(9.0)), (None, Some([2.0, 5.0])));
        assert!(unique.covers(4.0) && !unique.covers(5.0));
        let raw = Trace::new(&curve, Direction::Maximize, Axis::Raw).unwrap();
        assert_eq!(raw.steps, [(2.0, [1.0, 9.0]), (4.0, [2.0, 5.0])]);
        let smaller = Trace::new(&curve, Direction::Minimize, Axis::Unique).unwrap();
        assert_eq!(smaller.steps, [(2.0, [1.0, 9.0])]);
        assert_eq!(Trace::new(&curve, Direction::Maximize, Axis::Cost), None);
    }
}
