//! The page: what was better than the baseline first, then every benchmark.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use ganas_report::comparison::{Comparison, Options, Section, Side, Versus, compare};
use ganas_report::tables::TextTable;

use super::description::{Benchmark, Description};
use super::kept::Kept;

/// A benchmark with its runs, compared with each other.
struct Compared<'a> {
    benchmark: &'a Benchmark,
    kept: &'a Kept,
    comparison: Comparison,
}

/// How often an algorithm was better than the baseline, worse, and neither.
#[derive(Default)]
struct Tally<'a> {
    /// Benchmarks with the budgets.
    better: Vec<(&'a str, Vec<f64>)>,
    n_better: usize,
    n_same: usize,
    n_worse: usize,
}

/// The page of everything that there is.
pub(super) fn page(
    description: &Description,
    found: &[(&Benchmark, Option<Kept>)],
) -> Result<String> {
    let compared: Vec<Compared<'_>> = (found.iter())
        .filter_map(|(benchmark, kept)| Some((*benchmark, kept.as_ref()?)))
        .map(|(benchmark, kept)| {
            let options = options(description);
            let tables = std::slice::from_ref(&kept.head.table);
            let comparison = compare(&kept.curves(), tables, &options)
                .with_context(|| format!("cannot compare on {}", benchmark.name))?;
            Ok(Compared {
                benchmark,
                kept,
                comparison,
            })
        })
        .collect::<Result<_>>()?;
    let first = compared.first().context("no benchmark has any run")?;
    let missing: Vec<&str> = (found.iter())
        .filter(|(_, kept)| kept.is_none())
        .map(|(benchmark, _)| &*benchmark.title)
        .collect();
    let tallies = tallies(&compared);
    let mut page = "# All searchers on all benchmarks\n\n".to_owned();
    page.push_str(&summary(description, &tallies, &compared));
    page.push_str(&protocol(description, first, &missing));
    page.push_str(&against(description, &tallies));
    page.push_str(&over_benchmarks(description, &compared)?);
    for of in &compared {
        page.push_str(&benchmark(of));
    }
    Ok(page)
}

fn options(description: &Description) -> Options {
    Options {
        budgets: description.budgets.iter().copied().map(f64::from).collect(),
        baseline: Some(description.baseline.clone()),
        ..Options::default()
    }
}

/// What every algorithm was against the baseline, on the metric that is searched on.
fn tallies<'a>(compared: &'a [Compared<'_>]) -> BTreeMap<&'a str, Tally<'a>> {
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    for of in compared {
        let Some(side) = of.comparison.side(Side::Search) else {
            continue;
        };
        for cell in &side.cells {
            let Some(versus) = cell.versus else { continue };
            let tally = tallies.entry(&cell.algorithm).or_default();
            match gain(&versus, of.comparison.options.alpha) {
                0 => tally.n_same += 1,
                -1 => tally.n_worse += 1,
                _ => {
                    tally.n_better += 1;
                    match tally.better.last_mut() {
                        Some((title, budgets)) if *title == of.benchmark.title => {
                            budgets.push(cell.budget);
                        }
                        _ => (tally.better).push((&of.benchmark.title, vec![cell.budget])),
                    }
                }
            }
        }
    }
    tallies
}

/// 1 where the algorithm is significantly better than the baseline, -1 where it is worse.
fn gain(versus: &Versus, alpha: f64) -> i32 {
    match versus.p_holm < alpha {
        true if versus.mean_gain > 0.0 => 1,
        true => -1,
        false => 0,
    }
}

/// Losses as plainly as wins.
fn summary(
    description: &Description,
    tallies: &BTreeMap<&str, Tally<'_>>,
    compared: &[Compared<'_>],
) -> String {
    let baseline = &description.baseline;
    let mut text = format!(
        "A case is a benchmark at a budget, of which there are {} here: {} benchmarks at {} unique queries.\n",
        compared.len() * description.budgets.len(),
        compared.len(),
        list(description.budgets.iter().map(u32::to_string)),
    );
    let losses = tallies.iter().filter(|(_, tally)| tally.n_better > 0);
    let mut losses: Vec<_> = losses.collect();
    losses.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.n_better));
    if losses.is_empty() {
        let _ = writeln!(
            text,
            "Nothing was significantly better than `{baseline}` in any case."
        );
    } else {
        let _ = writeln!(text, "Significantly better than `{baseline}` were:\n");
        for (algorithm, tally) in losses {
            let cases = tally.better.iter().map(|(title, budgets)| {
                format!("{title} at {}", list(budgets.iter().map(f64::to_string)))
            });
            let _ = writeln!(
                text,
                "* `{algorithm}` in {} of {}: {}.",
                tally.n_better,
                tally.n_better + tally.n_same + tally.n_worse,
                cases.collect::<Vec<_>>().join("; ")
            );
        }
        text.push('\n');
    }
    let worse = tallies.iter().map(|(algorithm, tally)| {
        let all = tally.n_better + tally.n_same + tally.n_worse;
        format!("`{algorithm}` in {} of {all}", tally.n_worse)
    });
    let _ = writeln!(
        text,
        "Significantly worse than `{baseline}` were {}.\n",
        list(worse)
    );
    text
}

/// How the numbers came about.
fn protocol(description: &Description, first: &Compared<'_>, missing: &[&str]) -> String {
    let seeds: Vec<u64> = first.kept.runs.iter().map(|run| run.seed).collect();
    let range = seeds.iter().min().zip(seeds.iter().max());
    let (low, high) = range.map_or((0, 0), |(low, high)| (*low, high + 1));
    let mut text = format!(
        "Written by `cargo xtask reproduce comparison --seeds {low}..{high}`; what every run found is in the folder [comparison](comparison).\n\n\
         * Seeds {low}..{high}; version and device stand with each benchmark.\n\
         * A query is a unique one: architectures that compute the same function are paid once.\n\
         * What is best so far is selected on the search metric; *validation-selected* says that it is a validation metric, *test-selected* that it is the reported one, whose values are optimistic.\n\
         * Significant: Wilcoxon's signed-rank test of runs with the same seed against `{}`, with Holm's correction for all searchers on a benchmark at a budget, below {}; `+` is better, `-` worse.\n\
         * Presets were tuned on seeds 0-99 alone, on the tables of NAS-Bench-101 and NAS-Bench-201 among others; no other benchmark was tuned on, and no result here decided anything.\n\
         * [SEARCHERS.md](../SEARCHERS.md) says what each searcher does, and its source. `by-parameters` and `by-columns` are controls, which learn nothing.\n",
        description.baseline, first.comparison.options.alpha,
    );
    if !missing.is_empty() {
        let _ = writeln!(
            text,
            "* Not searched yet: {}. The same command searches them.",
            list(missing.iter().map(ToString::to_string))
        );
    }
    text
}

/// A table of all algorithms against the baseline.
fn against(description: &Description, tallies: &BTreeMap<&str, Tally<'_>>) -> String {
    let mut table = TextTable::of_names(["searcher", "better", "no difference", "worse"]);
    for (algorithm, tally) in tallies {
        table.row([
            (*algorithm).to_owned(),
            tally.n_better.to_string(),
            tally.n_same.to_string(),
            tally.n_worse.to_string(),
        ]);
    }
    format!(
        "\n## Against `{}`\n\nThe number of cases in which a searcher is significantly better on the search metric, in which there is no significant difference, and in which it is worse.\n\n{}",
        description.baseline,
        table.to_markdown()
    )
}

/// Regret and ranks over all benchmarks, of the searchers that are on all of them.
fn over_benchmarks(description: &Description, compared: &[Compared<'_>]) -> Result<String> {
    let everywhere = |algorithm: &str| {
        let mut all = compared.iter();
        all.all(|of| of.kept.algorithms().contains(&algorithm))
    };
    let curves = compared.iter().flat_map(|of| of.kept.curves());
    let curves: Vec<_> = curves.filter(|of| everywhere(&of.algorithm)).collect();
    let tables = compared.iter().map(|of| of.kept.head.table.clone());
    let tables: Vec<_> = tables.collect();
    let mut comparison = compare(&curves, &tables, &options(description))?;
    comparison.sides.retain(|of| of.side == Side::Search);
    let sections = comparison.sections().into_iter();
    let of_all =
        |of: &Section| of.title.starts_with("Over tables") || of.title.starts_with("Ranks");
    Ok(sections
        .filter(of_all)
        .map(|of| section("##", &of))
        .collect())
}

/// The results of a benchmark.
fn benchmark(of: &Compared<'_>) -> String {
    let head = &of.kept.head;
    let mut text = format!(
        "\n## {}\n\n{} ganas {}, device `{}`, sha256 of what answers `{}`; the runs are in [{name}.jsonl](comparison/{name}.jsonl).\n",
        of.benchmark.title,
        of.benchmark.about,
        head.version,
        head.device,
        head.table_sha256,
        name = of.benchmark.name,
    );
    let mut shown = of.comparison.clone();
    let protocol = &head.table.protocol;
    if protocol.search == protocol.report {
        shown.sides.retain(|of| of.side == Side::Search);
    }
    let sections = shown.sections().into_iter();
    let by_seed = |of: &Section| of.title.starts_with("Ranks");
    for of in sections.filter(|of| !by_seed(of)) {
        text.push_str(&section("###", &of));
    }
    text
}

fn section(level: &str, of: &Section) -> String {
    let notes: String = of.notes.iter().map(|note| format!("{note}\n")).collect();
    let table = of.table.to_markdown();
    format!("\n{level} {}\n\n{table}\n{notes}", of.title)
}

/// `a, b and c`.
fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    match &*items {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [more @ .., last] => format!("{} and {last}", more.join(", ")),
    }
}
