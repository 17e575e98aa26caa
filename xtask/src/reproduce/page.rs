//! The tables of a results page.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::result::{Run, SearchResult};
use super::statistics::{mean_and_sd, median, wilcoxon_p};

/// The budgets at which results are read off the curves, ascending; the last is the budget of the runs.
pub(super) type Budgets = [usize; 5];

/// One data set under one protocol.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: String,
    /// The search metric and the report metric.
    pub(super) metrics: [String; 2],
    /// The largest value of the search metric.
    pub(super) optimum: f64,
    pub(super) rows: Vec<Row>,
}

/// One searcher.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: &'static str,
    /// Whether the others are compared with this one.
    pub(super) is_control: bool,
    pub(super) result: SearchResult,
}

/// Adds a line for each seed to the file of all numbers.
pub(super) fn add_seeds(
    csv: &mut String,
    name: &str,
    metrics: &[String; 2],
    result: &SearchResult,
    budgets: &[usize],
) {
    for run in &result.runs {
        let to_best = run
            .queries_to_best
            .map_or_else(String::new, |q| q.to_string());
        let _ = write!(
            csv,
            "{name},{},{},{},{},{},{to_best}",
            metrics[0], metrics[1], run.seed, run.queries, run.unique_queries
        );
        for &budget in budgets {
            match run.at(budget) {
                Some((search, report)) => {
                    let _ = write!(csv, ",{search},{report}");
                }
                None => csv.push_str(",,"),
            }
        }
        csv.push('\n');
    }
}

/// A heading and a table.
pub(super) fn group_table(group: &Group, budgets: Budgets) -> Result<String> {
    let mut text = format!(
        "\n## {}\n\nSearch metric `{}` (best in the table {:.3}), report metric `{}`.\n\n| searcher |",
        group.title, group.metrics[0], group.optimum, group.metrics[1]
    );
    for budget in budgets {
        let _ = write!(text, " optimum @{budget} |");
    }
    let last = budgets[budgets.len() - 1];
    let _ = writeln!(
        text,
        " search @150 | search @{last} | report @{last} | median queries to best | p |"
    );
    text.push_str(&format!("|---|{}\n", "---|".repeat(budgets.len() + 5)));
    let control = group
        .rows
        .iter()
        .find(|row| row.is_control)
        .context("a group has a control")?;
    for row in &group.rows {
        let runs = &row.result.runs;
        let _ = write!(text, "| {} |", row.label);
        for budget in budgets {
            let values = searches(runs, budget)?;
            let hits = values
                .iter()
                .filter(|v| **v >= group.optimum - 1e-9)
                .count();
            let _ = write!(
                text,
                " {:.0} % |",
                100.0 * hits as f64 / values.len() as f64
            );
        }
        let reports = column(runs, last, |(_, report)| report)?;
        let to_best: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.queries_to_best.map(f64::from))
            .collect();
        let p = if row.is_control {
            "-".to_owned()
        } else {
            let pairs = searches(runs, last)?
                .into_iter()
                .zip(searches(&control.result.runs, last)?);
            format!(
                "{:.1e}",
                wilcoxon_p(&pairs.map(|(a, b)| a - b).collect::<Vec<_>>())
            )
        };
        let _ = writeln!(
            text,
            " {} | {} | {} | {:.0} | {p} |",
            plus_minus(&searches(runs, 150)?),
            plus_minus(&searches(runs, last)?),
            plus_minus(&reports),
            median(&to_best),
        );
    }
    Ok(text)
}

/// The best search metric of each run at a budget.
pub(super) fn searches(runs: &[Run], budget: usize) -> Result<Vec<f64>> {
    column(runs, budget, |(search, _)| search)
}

fn column(runs: &[Run], budget: usize, value: impl Fn((f64, f64)) -> f64) -> Result<Vec<f64>> {
    runs.iter()
        .map(|run| {
            let found = run
                .at(budget)
                .with_context(|| format!("seed {} found nothing", run.seed))?;
            Ok(value(found))
        })
        .collect()
}

/// The p-value of a comparison, with the sign of the mean difference; `-` for a searcher with itself.
pub(super) fn against(
    result: &SearchResult,
    control: &SearchResult,
    budget: usize,
) -> Result<String> {
    if std::ptr::eq(result, control) {
        return Ok("-".to_owned());
    }
    let pairs = searches(&result.runs, budget)?
        .into_iter()
        .zip(searches(&control.runs, budget)?);
    let differences: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
    let sign = if differences.iter().sum::<f64>() < 0.0 {
        "worse"
    } else {
        "better"
    };
    Ok(format!("{sign}, {:.1e}", wilcoxon_p(&differences)))
}

/// Mean and standard deviation, as text.
pub(super) fn plus_minus(values: &[f64]) -> String {
    let (mean, sd) = mean_and_sd(values);
    format!("{mean:.3} ± {sd:.3}")
}
