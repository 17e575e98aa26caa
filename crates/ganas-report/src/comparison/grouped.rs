//! Runs by algorithm and table.

use std::collections::BTreeSet;

use ganas_store::Direction;
use indexmap::IndexMap;

use super::{BUDGETS, Curve, OptimumSource, Options, Scale, SearchedTable, Side, Trace};
use crate::ReportError;
use crate::statistics::moments;

/// Runs along an axis, by algorithm and table.
#[derive(Clone, Debug)]
pub struct Grouped {
    /// How they are compared, with the budgets and the baseline that are used.
    pub options: Options,
    /// What was searched, as far as there are runs.
    pub tables: Vec<SearchedTable>,
    /// The algorithms, in the order in which they came.
    pub algorithms: Vec<String>,
    /// The runs.
    pub groups: Vec<Group>,
    /// The best values that the runs have evaluated on each table, whether they were selected or not.
    best_known: IndexMap<String, [Option<f64>; 2]>,
}

/// The runs of an algorithm on a table, in the order of their seeds.
#[derive(Clone, Debug)]
pub struct Group {
    /// The label of the algorithm.
    pub algorithm: String,
    /// The label of the table.
    pub table: String,
    /// The runs.
    pub traces: Vec<Trace>,
}

impl Grouped {
    /// Groups runs.
    ///
    /// # Errors
    ///
    /// Those of [`compare`](super::compare).
    pub fn new(
        curves: &[Curve],
        tables: &[SearchedTable],
        options: &Options,
    ) -> Result<Self, ReportError> {
        let mut groups: IndexMap<(&str, &str), Vec<Trace>> = IndexMap::new();
        let mut best_known: IndexMap<String, [Option<f64>; 2]> = IndexMap::new();
        let mut seen = BTreeSet::new();
        for curve in curves {
            let table = find(tables, &curve.table)?;
            if !seen.insert((&curve.algorithm, &curve.table, curve.seed)) {
                return Err(ReportError::SameRun {
                    algorithm: curve.algorithm.clone(),
                    table: curve.table.clone(),
                    seed: curve.seed,
                });
            }
            let direction = table.protocol.search_direction;
            let Some(trace) = Trace::new(curve, direction, options.axis) else {
                continue;
            };
            let best = best_known.entry(curve.table.clone()).or_default();
            note_best(best, curve, table);
            groups
                .entry((&curve.algorithm, &curve.table))
                .or_default()
                .push(trace);
        }
        if groups.is_empty() {
            return Err(ReportError::NothingToCompare {
                axis: options.axis.words(),
                runs: curves.len(),
            });
        }
        let mut algorithms: Vec<String> = Vec::new();
        for (algorithm, _) in groups.keys() {
            if algorithms.iter().all(|known| known != algorithm) {
                algorithms.push((*algorithm).to_owned());
            }
        }
        let groups: Vec<Group> = (groups.into_iter())
            .map(|((algorithm, table), mut traces)| {
                traces.sort_by_key(|trace| trace.seed);
                Group {
                    algorithm: algorithm.to_owned(),
                    table: table.to_owned(),
                    traces,
                }
            })
            .collect();
        let mut options = options.clone();
        options.baseline = Some(baseline(options.baseline, &algorithms)?);
        if options.budgets.is_empty() {
            options.budgets = budgets(&groups, &options);
        }
        options.budgets.sort_by(f64::total_cmp);
        options.budgets.dedup();
        Ok(Self {
            tables: (tables.iter())
                .filter(|table| best_known.contains_key(&table.label))
                .cloned()
                .collect(),
            options,
            algorithms,
            groups,
            best_known,
        })
    }

    /// The runs of an algorithm on a table.
    #[must_use]
    pub fn group(&self, algorithm: &str, table: &str) -> Option<&Group> {
        (self.groups.iter()).find(|group| group.algorithm == algorithm && group.table == table)
    }

    /// Which values of a metric on a table are better.
    #[must_use]
    pub fn direction(&self, table: &str, side: Side) -> Option<Direction> {
        side.direction(&find(&self.tables, table).ok()?.protocol)
    }

    /// The name of the baseline.
    #[must_use]
    pub fn baseline(&self) -> &str {
        self.options.baseline.as_deref().unwrap_or_default()
    }

    /// What regret is measured from on each table.
    #[must_use]
    pub fn scales(&self, side: Side) -> Vec<Scale> {
        let scale = |table: &SearchedTable| {
            side.direction(&table.protocol)?;
            let best_of_table = match side {
                Side::Search => table.best_search,
                Side::Report => table.best_report,
            };
            let known = self.best_known.get(&table.label)?;
            let (optimum, source) = match best_of_table {
                Some(best) => (best, OptimumSource::Table),
                None => (known[side as usize]?, OptimumSource::BestKnown),
            };
            let of_table = self.groups.iter().filter(|g| g.table == table.label);
            let mut firsts: Vec<f64> = (of_table.flat_map(|group| &group.traces))
                .filter_map(|trace| Some(side.of(trace.steps.first()?.1)))
                .collect();
            // So that the sum does not depend on the order of the runs.
            firsts.sort_by(f64::total_cmp);
            Some(Scale {
                table: table.label.clone(),
                optimum,
                source,
                start: moments(&firsts)?.mean,
            })
        };
        self.tables.iter().filter_map(scale).collect()
    }
}

impl Group {
    /// What the runs that are known at a budget have there, when they have a value, by seed.
    #[must_use]
    pub fn values_at(&self, budget: f64, side: Side) -> Vec<(u64, f64)> {
        let known = self.traces.iter().filter(|trace| trace.covers(budget));
        known
            .filter_map(|trace| Some((trace.seed, side.of(trace.at(budget)?))))
            .collect()
    }
}

fn find<'a>(tables: &'a [SearchedTable], label: &str) -> Result<&'a SearchedTable, ReportError> {
    let found = tables.iter().find(|table| table.label == label);
    found.ok_or_else(|| ReportError::UnknownTable {
        table: label.to_owned(),
    })
}

fn note_best(best: &mut [Option<f64>; 2], curve: &Curve, table: &SearchedTable) {
    for point in &curve.points {
        // What misses a bound has no search metric, and is no optimum of the reported one either.
        let values = point.search.zip(point.report);
        for side in Side::ALL {
            let Some((value, direction)) = values
                .map(|(search, report)| side.of([search, report]))
                .zip(side.direction(&table.protocol))
            else {
                continue;
            };
            let known = &mut best[side as usize];
            if known.is_none_or(|known| direction.compare(value, known).is_gt()) {
                *known = Some(value);
            }
        }
    }
}

/// The baseline that is named; `random` or the first algorithm, when none is.
fn baseline(named: Option<String>, algorithms: &[String]) -> Result<String, ReportError> {
    let Some(named) = named else {
        let random = algorithms.iter().find(|name| *name == "random");
        return Ok(random.unwrap_or(&algorithms[0]).clone());
    };
    if algorithms.contains(&named) {
        return Ok(named);
    }
    Err(ReportError::UnknownBaseline {
        baseline: named,
        known: algorithms.join(", "),
    })
}

/// Budgets that some algorithm has reached with all of its runs on a table, and the largest of these.
fn budgets(groups: &[Group], options: &Options) -> Vec<f64> {
    let reached = groups.iter().filter_map(|group| {
        let open = group.traces.iter().filter(|trace| !trace.is_final);
        let shortest = open.map(|trace| trace.end).min_by(f64::total_cmp);
        let longest = group.traces.iter().map(|trace| trace.end);
        shortest.or_else(|| longest.max_by(f64::total_cmp))
    });
    let reached: Vec<f64> = reached.collect();
    let most = reached.iter().copied().fold(0.0, f64::max);
    let mut budgets: Vec<f64> = match options.axis {
        super::Axis::Unique | super::Axis::Raw => BUDGETS
            .map(f64::from)
            .into_iter()
            .filter(|b| *b < most)
            .collect(),
        // Costs have their own unit: halves of how far all of them go.
        super::Axis::Cost => {
            let all = reached.iter().copied().fold(most, f64::min);
            (1..=4)
                .rev()
                .map(|i| all / f64::from(1 << i))
                .chain([all])
                .collect()
        }
    };
    budgets.push(most);
    budgets
}
