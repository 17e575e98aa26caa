//! The study of NAS-Bench-101.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Options;
use super::page::{add_seeds, plus_minus, searches};
use super::result::{Run, SearchResult};
use super::searches::{Runner, SEARCHERS, Search, Source};
use super::statistics::{median, wilcoxon_p};

/// The metric that is searched on and reported.
pub(super) const METRIC: &str = "test_run0_108";

/// The name of the metric, and how it is made of a column of the published file.
const METRIC_SOURCE: &str = "test_run0_108=test_correct_of_9984/9984";

const KEY: &str = "{vertices}:{adjacency_hex}:{ops}";

const BUDGET: u32 = 1500;

/// Budgets at which results are read off the curves: those of the issue and of the recipe, and the last.
const BUDGETS: [usize; 6] = [150, 192, 300, 500, 650, 1500];

/// Budgets at which the best value is printed and the searchers are compared.
const COMPARED: [usize; 3] = [150, 500, 1500];

pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "nasbench101", options.fresh)?;
    let table = table(&runner, &options.data)?;
    let ranks = Ranks::of(&runner, &table)?;
    let metrics = [METRIC, METRIC].map(str::to_owned);
    let mut seeds_csv = String::from(
        "searcher,search_metric,report_metric,seed,queries,unique_queries,queries_to_best",
    );
    for budget in BUDGETS {
        let _ = write!(seeds_csv, ",search_at_{budget},report_at_{budget}");
    }
    seeds_csv.push('\n');
    let mut rows = Vec::new();
    for (name, label, arguments) in SEARCHERS {
        if options
            .only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        let result = runner.result(&search(name, arguments), Source::Table(&table), options)?;
        if result.runs.is_empty() || result.budget != BUDGET {
            bail!("the result of {name} has no run of budget {BUDGET}");
        }
        add_seeds(&mut seeds_csv, name, &metrics, &result, &BUDGETS);
        rows.push((name, label, result));
    }
    if options.only.is_some() {
        return Ok(());
    }
    let text = page_text(options, &rows, &ranks)?;
    for (name, text) in [("nasbench101.md", text), ("nasbench101.csv", seeds_csv)] {
        let path = root.join("docs/results").join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The table of all cells, imported when it is not there yet.
pub(super) fn table(runner: &Runner, data: &Path) -> Result<PathBuf> {
    let source = data.join("nasbench101/nb101_full_test.csv.gz");
    let arguments = [
        "--space",
        "nasbench101",
        "--key",
        KEY,
        "--metric",
        METRIC_SOURCE,
    ];
    runner.import("nb101.arrow", &source, &arguments)
}

fn search(name: &str, arguments: &[&str]) -> Search {
    let budget = BUDGET.to_string();
    let common = ["--space", "nasbench101", "--search", METRIC];
    let common = [&common[..], &["--report", METRIC, "--budget", &budget]].concat();
    Search {
        name: name.to_owned(),
        arguments: common
            .iter()
            .chain(arguments)
            .map(|a| (*a).to_owned())
            .collect(),
    }
}

/// The values of all cells, descending: what a result is ranked against.
struct Ranks {
    descending: Vec<f64>,
}

impl Ranks {
    fn of(runner: &Runner, table: &Path) -> Result<Self> {
        let arguments = ["table", "export", "--format", "csv", "--metric", METRIC];
        let arguments = arguments
            .iter()
            .map(|a| (*a).to_owned())
            .chain([table.display().to_string()]);
        let text = runner.ganas(&arguments.collect::<Vec<_>>())?;
        let mut descending = text
            .lines()
            .skip(1)
            .map(|line| {
                let cell = line.rsplit(',').next().unwrap_or(line);
                cell.parse()
                    .with_context(|| format!("`table export` printed `{line}`"))
            })
            .collect::<Result<Vec<f64>>>()?;
        descending.sort_by(|a, b| b.total_cmp(a));
        Ok(Self { descending })
    }

    fn best(&self) -> f64 {
        self.descending[0]
    }

    /// The rank of a value, 1 for the best; equal values share the mean of their ranks.
    fn rank(&self, value: f64) -> f64 {
        let better = self.descending.partition_point(|v| *v > value);
        let as_good = self.descending.partition_point(|v| *v >= value);
        (better + 1 + as_good) as f64 / 2.0
    }

    fn mean_rank(&self, runs: &[Run], budget: usize) -> Result<f64> {
        let values = searches(runs, budget)?;
        let sum: f64 = values.iter().map(|&value| self.rank(value)).sum();
        Ok(sum / values.len() as f64)
    }
}

type Rows = [(&'static str, &'static str, SearchResult)];

fn page_text(options: &Options, rows: &Rows, ranks: &Ranks) -> Result<String> {
    let (_, _, sample) = rows.first().context("the study has no search")?;
    let mut text = format!(
        "# NAS-Bench-101: results\n\n\
         Written by `cargo xtask reproduce nasbench101`; the numbers of every seed are in [nasbench101.csv](nasbench101.csv).\n\n\
         * Seeds {seeds}, ganas {version}, device `{device}`.\n\
         * Table: all 423,624 cells, 108 epochs, the test accuracy of one training run of each; sha256 of the imported file `{sha}`.\n\
         * Protocol *test-selected*: the search metric is the reported test accuracy itself, so the values are optimistic. Validation accuracies of all cells are not in this table.\n\
         * A query is a unique one: cells that compute the same function are paid once.\n\
         * Presets were tuned on seeds 0-99 only; the seeds above were run after the last change to the presets, and decided none.\n\
         * *rank*: the mean over seeds of the rank of the best cell found, 1 for the best of the table; equal values share the mean of their ranks. A single training run is noisy: the best cell of this table ({best:.3} %) is a lucky run.\n\
         * *p*: Wilcoxon's signed-rank test, two-sided and exact, of the best value against random search with the same seeds.\n\n\
         Each row is the output of one command, for example\n\n\
         ```sh\n\
         ganas table import --space nasbench101 --key '{KEY}' --metric {METRIC_SOURCE} \\\n\
         \x20            \"$GANAS_DATA/nasbench101/nb101_full_test.csv.gz\" -o nb101.arrow\n\
         ganas search --space nasbench101 --table nb101.arrow --search {METRIC} --report {METRIC} \\\n\
         \x20            --algorithm ga-nas --preset improved --budget {BUDGET} --seeds {seeds} --threads {threads} --json\n\
         ```\n\n\
         The rows differ in these arguments:\n\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
        sha = sample.table_sha256,
        best = 100.0 * ranks.best(),
        threads = options.threads,
    );
    for (_, label, arguments) in SEARCHERS {
        let _ = writeln!(text, "* {label}: `{}`", arguments.join(" "));
    }
    text.push_str("\n## Mean rank\n\n| searcher |");
    for budget in BUDGETS {
        let _ = write!(text, " rank @{budget} |");
    }
    text.push_str(" best cell found | median queries to best |\n|---|");
    text.push_str(&"---|".repeat(BUDGETS.len() + 2));
    text.push('\n');
    for (_, label, result) in rows {
        let _ = write!(text, "| {label} |");
        for budget in BUDGETS {
            let _ = write!(text, " {:.1} |", ranks.mean_rank(&result.runs, budget)?);
        }
        let last = searches(&result.runs, BUDGETS[BUDGETS.len() - 1])?;
        let hits = last.iter().filter(|v| **v >= ranks.best()).count();
        let to_best: Vec<f64> = result
            .runs
            .iter()
            .filter_map(|run| run.queries_to_best.map(f64::from))
            .collect();
        let _ = writeln!(
            text,
            " {:.0} % | {:.0} |",
            100.0 * hits as f64 / last.len() as f64,
            median(&to_best)
        );
    }
    text.push_str("\n## Best test accuracy, in per cent\n\n| searcher |");
    for budget in COMPARED {
        let _ = write!(text, " best @{budget} | p @{budget} |");
    }
    let _ = write!(text, "\n|---|{}\n", "---|---|".repeat(COMPARED.len()));
    let (_, _, control) = rows
        .iter()
        .find(|(name, ..)| *name == "random")
        .context("the study has no control")?;
    for (name, label, result) in rows {
        let _ = write!(text, "| {label} |");
        for budget in COMPARED {
            let values = searches(&result.runs, budget)?;
            let of_control = searches(&control.runs, budget)?;
            let differences: Vec<f64> = values.iter().zip(of_control).map(|(a, b)| a - b).collect();
            let percent: Vec<f64> = values.iter().map(|v| 100.0 * v).collect();
            let p = if *name == "random" {
                "-".to_owned()
            } else {
                format!("{:.1e}", wilcoxon_p(&differences))
            };
            let _ = write!(text, " {} | {p} |", plus_minus(&percent));
        }
        text.push('\n');
    }
    Ok(text)
}
