//! What the cells of a table show.

use anyhow::{Context, Result, ensure};
use ganas_report::records::{Gains, KnownNetwork, RunRecord};
use ganas_report::statistics::{PairedDifference, compare, median, moments, rank};
use ganas_report::tables::mean_and_range;

use super::facts::Known;
use super::page::{Found, Row};
use super::study::{Column, Show};
use super::template::fill;

/// Values closer to the optimum than this reach it.
const REACHED: f64 = 1e-9;

/// The text of a cell: what a column shows of a row at a budget.
pub(super) fn cell(column: &Column, found: &Found, row: &Row, at: usize) -> Result<String> {
    let (known, runs) = (&found.known, &row.record.runs);
    let scale = found.case.scale.unwrap_or(1.0);
    let scaled = |values: Vec<f64>| values.into_iter().map(|v| scale * v).collect();
    Ok(match column.show {
        Show::Search => plus_minus(scaled(searches(runs, at)?))?,
        Show::Report => plus_minus(scaled(best(runs, at, |[_, report]| report)?))?,
        Show::Share => {
            let of = moments(&shares(known, runs, at)?).context("there is no run")?;
            format!("{:.2} ± {:.2} %", 100.0 * of.mean, 100.0 * of.sd)
        }
        Show::Optimum => {
            let optimum = known.optimum.context("the optimum is not known")?;
            let values = searches(runs, at)?;
            let hits = values
                .iter()
                .map(|v| f64::from(u8::from(*v >= optimum - REACHED)));
            format!("{:.0} %", 100.0 * mean(hits.collect())?)
        }
        Show::Rank => {
            let ranks = searches(runs, at)?
                .into_iter()
                .map(|v| rank(&known.descending, v));
            format!("{:.1}", mean(ranks.collect())?)
        }
        Show::Members => {
            let (front, _) = known.front.as_ref().context("the front is not known")?;
            let counts = runs.iter().map(|run| {
                let found = run.front.iter().flat_map(|f| &f.front);
                let of_front = |key: &str| front.iter().any(|member| member.key == key);
                let n = found.filter(|member| of_front(&member.key)).count();
                Ok(f64::from(u32::try_from(n)?))
            });
            let mean = mean(counts.collect::<Result<_>>()?)?;
            format!("{mean:.1} of {}", front.len())
        }
        Show::ToBest => {
            let to_best = runs
                .iter()
                .filter_map(|run| run.queries_to_best.map(f64::from));
            median(&to_best.collect::<Vec<_>>())
                .map_or_else(|| "-".to_owned(), |m| format!("{m:.0}"))
        }
        Show::P | Show::ShareP | Show::Verdict => {
            let control = column
                .against
                .as_ref()
                .filter(|name| **name != row.searcher);
            let control = found
                .rows
                .iter()
                .find(|other| Some(&other.searcher) == control);
            let Some(control) = control else {
                return Ok("-".to_owned());
            };
            let of = |runs: &[RunRecord]| match column.show {
                Show::ShareP => shares(known, runs, at),
                _ => searches(runs, at),
            };
            let PairedDifference { mean_difference, p } =
                compare(&of(runs)?, &of(&control.record.runs)?);
            match (column.show, mean_difference < 0.0) {
                (Show::Verdict, true) => format!("worse, {p:.1e}"),
                (Show::Verdict, false) => format!("better, {p:.1e}"),
                _ => format!("{p:.1e}"),
            }
        }
        Show::Text => fill(&column.text, &found.values)?,
        Show::Given => format!("{:.3}", scale * gains(row)?.0.given.accuracy),
        Show::Gain => range(&gained(row, scale)?, 3, "")?,
        Show::Better => {
            let gains = gained(row, scale)?;
            let better = gains.iter().filter(|gain| **gain > 0.0).count();
            format!("{better} of {}", gains.len())
        }
        Show::Params => range(&changes(row, |n| n.params)?, 1, " %")?,
        Show::Flops => range(&changes(row, |n| n.flops)?, 1, " %")?,
    })
}

/// The best search metric of each run at a budget.
fn searches(runs: &[RunRecord], at: usize) -> Result<Vec<f64>> {
    best(runs, at, |[search, _]| search)
}

fn best(runs: &[RunRecord], at: usize, value: fn([f64; 2]) -> f64) -> Result<Vec<f64>> {
    let values = runs.iter().map(|run| {
        let found = run.at(at);
        let found = found.with_context(|| format!("seed {} found nothing", run.seed))?;
        Ok(value(found))
    });
    values.collect()
}

/// The share of the whole front's hypervolume of each run at a budget.
fn shares(known: &Known, runs: &[RunRecord], at: usize) -> Result<Vec<f64>> {
    let (_, full) = known.front.as_ref().context("the front is not known")?;
    let volumes = runs.iter().map(|run| {
        let volume = run
            .front
            .as_ref()
            .and_then(|front| front.hypervolume_at(at));
        let volume = volume.with_context(|| format!("seed {} has no front", run.seed))?;
        Ok(volume / full)
    });
    volumes.collect()
}

fn mean(values: Vec<f64>) -> Result<f64> {
    Ok(moments(&values).context("there is no run")?.mean)
}

fn plus_minus(values: Vec<f64>) -> Result<String> {
    let of = moments(&values).context("there is no run")?;
    Ok(format!("{:.3} ± {:.3}", of.mean, of.sd))
}

/// What was gained over a given network, and the best network of each run.
fn gains(row: &Row) -> Result<(&Gains, Vec<&KnownNetwork>)> {
    let gains = row.record.improve.as_ref();
    let gains = gains.context("the search improves no network")?;
    let found: Vec<&KnownNetwork> = gains.found.iter().filter_map(|f| f.best.as_ref()).collect();
    ensure!(found.len() == row.record.runs.len(), "a seed found nothing");
    Ok((gains, found))
}

fn gained(row: &Row, scale: f64) -> Result<Vec<f64>> {
    let (gains, found) = gains(row)?;
    let gained = |best: &KnownNetwork| scale * (best.accuracy - gains.given.accuracy);
    Ok(found.into_iter().map(gained).collect())
}

/// The changes of a cost in per cent.
#[expect(clippy::cast_precision_loss, reason = "costs stay below 2^53")]
fn changes(row: &Row, cost: fn(&KnownNetwork) -> Option<u64>) -> Result<Vec<f64>> {
    let (gains, found) = gains(row)?;
    let cost = |network| cost(network).context("the space has no such cost");
    let given = cost(&gains.given)? as f64;
    let change = |best| Ok(100.0 * (cost(best)? as f64 / given - 1.0));
    found.into_iter().map(change).collect()
}

/// The mean and the range, with a sign.
fn range(values: &[f64], digits: usize, unit: &str) -> Result<String> {
    mean_and_range(values, digits, unit).context("there is no run")
}
