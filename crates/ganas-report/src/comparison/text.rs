//! Comparisons as text, Markdown and CSV.

use super::{
    Blocks, Cell, Comparison, Estimate, Overall, Scale, SearchedTable, Side, SideResults, Target,
    TargetResult, Versus,
};
use crate::tables::{Align, TextTable, measurement, optional};

/// A part of a comparison: a table with a title, and notes below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What it shows.
    pub title: String,
    /// The table.
    pub table: TextTable,
    /// What has to be known to read it.
    pub notes: Vec<String>,
}

impl Comparison {
    /// The results by budget with significance, queries to targets and ranks, for each metric.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        let mut all = Vec::new();
        for side in &self.sides {
            for table in &self.tables {
                all.extend(self.by_budget(side, table));
            }
            all.extend(self.over_tables(side));
            all.extend(self.to_targets(side));
            all.extend(self.by_rank(side));
        }
        all
    }

    /// Text for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let sections = self.sections();
        let texts = sections.iter().map(|section| {
            let notes: String = section.notes.iter().map(|n| format!("{n}\n")).collect();
            format!("{}\n\n{}\n{notes}", section.title, section.table.to_text())
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Markdown for a page.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let sections = self.sections();
        let texts = sections.iter().map(|section| {
            let notes: String = section.notes.iter().map(|n| format!("{n}\n")).collect();
            format!(
                "## {}\n\n{}\n{notes}",
                section.title,
                section.table.to_markdown()
            )
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Every algorithm on every table at every budget, a line each, with all digits: for programs.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = TextTable::of_names(CSV_HEADER);
        for side in &self.sides {
            for cell in &side.cells {
                if let Some(table) = self.table(&cell.table) {
                    csv.row(self.csv_row(side.side, table, cell));
                }
            }
        }
        csv.to_csv()
    }

    fn csv_row(&self, side: Side, table: &SearchedTable, cell: &Cell) -> Vec<String> {
        let number = |value: f64| value.to_string();
        let or_empty = |value: Option<f64>| value.map_or_else(String::new, number);
        let estimate = |estimate: Option<Estimate>| {
            [
                or_empty(estimate.map(|e| e.value)),
                or_empty(estimate.map(|e| e.interval.low)),
                or_empty(estimate.map(|e| e.interval.high)),
            ]
        };
        let mut row = vec![
            side.metric(&table.protocol).to_owned(),
            side_word(side).to_owned(),
            table.protocol.kind.to_string(),
            table.label.clone(),
            table.space.clone(),
            cell.algorithm.clone(),
            self.options.axis.words().to_owned(),
            number(cell.budget),
            cell.runs.to_string(),
            cell.shorter.to_string(),
            cell.without_value.to_string(),
        ];
        row.extend(estimate(Some(cell.best.mean)));
        row.extend(estimate(Some(cell.best.median)));
        row.extend(estimate(Some(cell.best.interquartile_mean)));
        row.push(number(cell.sd));
        row.extend(cell.spread.map(number));
        row.extend(estimate(cell.regret.map(|r| r.mean)));
        row.extend(estimate(cell.regret.map(|r| r.median)));
        row.extend(estimate(cell.regret.map(|r| r.interquartile_mean)));
        row.push(
            cell.at_optimum
                .map_or_else(String::new, |s| s.runs.count.to_string()),
        );
        row.extend(estimate(cell.area));
        let versus = cell.versus;
        row.extend([
            versus.map_or_else(String::new, |v| v.pairs.to_string()),
            or_empty(versus.map(|v| v.mean_gain)),
            or_empty(versus.map(|v| v.p)),
            or_empty(versus.map(|v| v.p_holm)),
        ]);
        row.extend(estimate(versus.map(|v| v.improvement)));
        row
    }

    /// The mean best so far of each algorithm on a table, a column for each budget.
    fn by_budget(&self, results: &SideResults, table: &SearchedTable) -> Option<Section> {
        let of_table = results
            .cells
            .iter()
            .filter(|cell| cell.table == table.label);
        let cells: Vec<&Cell> = of_table.collect();
        let runs = |algorithm: &str| {
            let of_algorithm = cells.iter().filter(|cell| cell.algorithm == algorithm);
            of_algorithm.map(|cell| cell.runs).max()
        };
        let mut rows = self.budget_table(&["runs"]);
        for algorithm in &self.algorithms {
            let Some(n) = runs(algorithm) else { continue };
            let mut row = vec![algorithm.clone(), n.to_string()];
            row.extend(self.options.budgets.iter().map(|&budget| {
                let cell = results.cell(algorithm, &table.label, budget);
                cell.map_or_else(dash, |cell| {
                    let fewer = if cell.runs < n {
                        format!(" ({} runs)", cell.runs)
                    } else {
                        String::new()
                    };
                    let mark = self.mark(cell.versus.as_ref());
                    format!("{}{mark}{fewer}", estimate_text(cell.best.mean))
                })
            }));
            rows.row(row);
        }
        let mut notes = vec![format!(
            "Mean over runs of the {} `{}` of what is best so far, which is selected on `{}`, after so many {}; {}.",
            metric_words(results.side),
            results.side.metric(&table.protocol),
            table.protocol.search,
            self.options.axis.words(),
            self.interval_words(),
        )];
        notes.extend(self.mark_words(self.algorithms.len() > 1));
        notes.extend(results.scale(&table.label).map(optimum_words));
        if cells
            .iter()
            .any(|cell| cell.shorter + cell.without_value > 0)
        {
            notes.push(
                "Some runs had not come so far, or had no value yet, and are left out there."
                    .to_owned(),
            );
        }
        let is_reached = |budget: &f64| {
            let mut algorithms = self.algorithms.iter();
            algorithms.any(|algorithm| results.cell(algorithm, &table.label, *budget).is_some())
        };
        let (reached, beyond): (Vec<f64>, Vec<f64>) =
            self.options.budgets.iter().partition(|b| is_reached(b));
        if !beyond.is_empty() {
            let beyond: Vec<String> = beyond.iter().map(f64::to_string).collect();
            let last = reached.last().map_or_else(String::new, |last| {
                format!("; the last budget here that one has reached is {last}")
            });
            notes.push(format!(
                "No run on {} has come to {}{last}.",
                table.label,
                beyond.join(", ")
            ));
        }
        (!cells.is_empty()).then(|| Section {
            title: format!(
                "{}: {} {} ({})",
                table.label,
                metric_words(results.side),
                results.side.metric(&table.protocol),
                table.protocol.kind
            ),
            table: rows,
            notes,
        })
    }

    /// The interquartile mean of normalised regrets over tables.
    fn over_tables(&self, results: &SideResults) -> Option<Section> {
        results.overall.first()?;
        let mut rows = self.budget_table(&[]);
        for algorithm in &self.algorithms {
            let mut row = vec![algorithm.clone()];
            row.extend(self.options.budgets.iter().map(|budget| {
                let found = results.overall.iter().find(|of: &&Overall| {
                    of.algorithm == *algorithm && of.budget.total_cmp(budget).is_eq()
                });
                found.map_or_else(dash, |of| {
                    let regret = estimate_text(of.regret.interquartile_mean);
                    format!("{regret}{}", self.mark(of.versus.as_ref()))
                })
            }));
            rows.row(row);
        }
        let mut notes = vec![format!(
            "Interquartile mean of the normalised regret over the runs on all tables, less is better: 0 is the optimum, 1 where the runs of \
             a table begin; after so many {}; {}, drawn within tables.",
            self.options.axis.words(),
            self.interval_words()
        )];
        notes.extend(self.mark_words(self.algorithms.len() > 1));
        Some(Section {
            title: format!("Over tables: {}", metric_words(results.side)),
            table: rows,
            notes,
        })
    }

    /// The median queries to each target.
    fn to_targets(&self, results: &SideResults) -> Option<Section> {
        results.targets.first()?;
        let several = self.tables.len() > 1;
        let mut columns = vec![("algorithm".to_owned(), Align::Left)];
        if several {
            columns.push(("table".to_owned(), Align::Left));
        }
        let targets = &self.options.targets;
        columns.extend(
            targets
                .iter()
                .map(|target| (target.to_string(), Align::Right)),
        );
        let mut rows = TextTable::new(columns);
        let tables = self.tables.iter().map(|table| Some(&*table.label));
        let scopes: Vec<Option<&str>> = tables.chain(several.then_some(None)).collect();
        for algorithm in &self.algorithms {
            for scope in &scopes {
                let found: Vec<Option<&TargetResult>> = (targets.iter())
                    .map(|target| results.target(*target, algorithm, *scope))
                    .collect();
                if found.iter().all(Option::is_none) {
                    continue;
                }
                let mut row = vec![algorithm.clone()];
                if several {
                    row.push(scope.unwrap_or("all").to_owned());
                }
                row.extend(
                    found
                        .into_iter()
                        .map(|of| of.map_or_else(dash, target_text)),
                );
                rows.row(row);
            }
        }
        let mut notes = vec![format!(
            "Median {} until a run has reached the target, by the estimate of Kaplan and Meier with {} % intervals, and how many runs \
             reached it, also when they have left it since, as a reported metric can; runs that did not are censored where they ended, not \
             left out. Over all tables runs count as far as those on all of them go. A normalised regret of 1 is where runs begin, 0 the \
             optimum.",
            self.options.axis.words(),
            self.options.bootstrap.level * 100.0
        )];
        notes.extend(results.scales.iter().map(optimum_words));
        Some(Section {
            title: format!("Queries to a target: {}", metric_words(results.side)),
            table: rows,
            notes,
        })
    }

    /// Mean ranks at each budget.
    fn by_rank(&self, results: &SideResults) -> Option<Section> {
        let blocks = results.rankings.first()?.blocks;
        let mut columns = vec![
            (self.options.axis.words().to_owned(), Align::Right),
            ("mean ranks".to_owned(), Align::Left),
            ("Friedman p".to_owned(), Align::Right),
            ("critical difference".to_owned(), Align::Right),
            ("not significantly different".to_owned(), Align::Left),
        ];
        let blocks_word = match blocks {
            Blocks::Tables => "tables",
            Blocks::Seeds => "seeds",
        };
        columns.insert(1, (blocks_word.to_owned(), Align::Right));
        let mut rows = TextTable::new(columns);
        for ranking in &results.rankings {
            let ranks = ranking.algorithms.iter().zip(&ranking.friedman.mean_ranks);
            let ranks: Vec<String> = ranks
                .map(|(name, rank)| format!("{name} {rank:.2}"))
                .collect();
            let groups = ranking
                .groups
                .iter()
                .map(|group| format!("{{{}}}", group.join(", ")));
            rows.row([
                ranking.budget.to_string(),
                ranking.friedman.blocks.to_string(),
                ranks.join(", "),
                p_text(ranking.friedman.p),
                format!("{:.2}", ranking.critical_difference),
                groups.collect::<Vec<_>>().join(" "),
            ]);
        }
        let of = match blocks {
            Blocks::Tables => "tables, by the means over their seeds",
            Blocks::Seeds => "seeds of the only table, which says nothing about other tables",
        };
        Some(Section {
            title: format!("Ranks: {}", metric_words(results.side)),
            table: rows,
            notes: vec![format!(
                "Mean ranks over {of}; 1 is the best. Those that differ by less than the critical difference of Nemenyi's test at {} are \
                 not significantly different.",
                self.options.alpha
            )],
        })
    }

    /// A table with a column for each budget.
    fn budget_table(&self, more: &[&str]) -> TextTable {
        let mut columns = vec![("algorithm".to_owned(), Align::Left)];
        columns.extend(more.iter().map(|name| ((*name).to_owned(), Align::Right)));
        let budgets = self.options.budgets.iter();
        columns.extend(budgets.map(|budget| (budget.to_string(), Align::Right)));
        TextTable::new(columns)
    }

    fn interval_words(&self) -> String {
        let bootstrap = &self.options.bootstrap;
        format!(
            "in brackets {} % bootstrap intervals ({} draws, seed {})",
            bootstrap.level * 100.0,
            bootstrap.draws,
            bootstrap.seed
        )
    }

    /// How a difference from the baseline is marked.
    fn mark(&self, versus: Option<&Versus>) -> &'static str {
        match versus {
            Some(versus) if versus.p_holm < self.options.alpha && versus.mean_gain > 0.0 => " +",
            Some(versus) if versus.p_holm < self.options.alpha => " -",
            _ => "",
        }
    }

    fn mark_words(&self, several: bool) -> Option<String> {
        let baseline = self.options.baseline.as_deref()?;
        several.then(|| {
            format!(
                "+ is significantly better than `{baseline}`, - worse: Wilcoxon's signed-rank test of pairs with the same seed, p < {} \
                 with Holm's correction for all comparisons at a budget.",
                self.options.alpha
            )
        })
    }
}

impl SideResults {
    /// The queries of an algorithm to a target on a table, or on all together.
    #[must_use]
    pub fn target(
        &self,
        target: Target,
        algorithm: &str,
        table: Option<&str>,
    ) -> Option<&TargetResult> {
        self.targets.iter().find(|of| {
            of.target == target && of.algorithm == algorithm && of.table.as_deref() == table
        })
    }
}

const CSV_HEADER: [&str; 45] = [
    "metric",
    "side",
    "selection",
    "table",
    "space",
    "algorithm",
    "axis",
    "budget",
    "runs",
    "shorter_runs",
    "runs_without_value",
    "mean",
    "mean_low",
    "mean_high",
    "median",
    "median_low",
    "median_high",
    "iqm",
    "iqm_low",
    "iqm_high",
    "sd",
    "lowest",
    "first_quartile",
    "third_quartile",
    "highest",
    "regret_mean",
    "regret_mean_low",
    "regret_mean_high",
    "regret_median",
    "regret_median_low",
    "regret_median_high",
    "regret_iqm",
    "regret_iqm_low",
    "regret_iqm_high",
    "at_optimum",
    "area",
    "area_low",
    "area_high",
    "pairs",
    "mean_gain",
    "p",
    "p_holm",
    "improvement",
    "improvement_low",
    "improvement_high",
];

/// Whether a metric was searched on or is only reported, in one word.
fn side_word(side: Side) -> &'static str {
    match side {
        Side::Search => "search",
        Side::Report => "report",
    }
}

fn metric_words(side: Side) -> &'static str {
    match side {
        Side::Search => "search metric",
        Side::Report => "reported metric",
    }
}

fn optimum_words(scale: &Scale) -> String {
    format!(
        "Optimum on {}: {}, {}; its runs begin at {}.",
        scale.table,
        measurement(scale.optimum),
        scale.source.words(),
        measurement(scale.start)
    )
}

fn estimate_text(estimate: Estimate) -> String {
    let Estimate { value, interval } = estimate;
    format!(
        "{} [{}, {}]",
        measurement(value),
        measurement(interval.low),
        measurement(interval.high)
    )
}

fn target_text(of: &TargetResult) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "∞".to_owned(), |x| x.to_string());
    let median = match of.median {
        None => format!("more than {}", of.survival.last),
        Some(median) => format!(
            "{median} [{}, {}]",
            end(of.median_interval.0),
            end(of.median_interval.1)
        ),
    };
    format!("{median}; {} of {}", of.survival.reached, of.survival.n)
}

/// A p-value with two digits, or as the power of ten that it is below.
#[must_use]
pub fn p_text(p: f64) -> String {
    if p < 0.0005 {
        format!("{p:.0e}")
    } else {
        format!("{p:.3}")
    }
}

fn dash() -> String {
    optional(None)
}
