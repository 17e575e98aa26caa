//! The study of the table inside the program: GA-NAS, local search and random search.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::page::{add_seeds, plus_minus, searches};
use super::result::SearchResult;
use super::searches::{Runner, Search, Source};
use super::statistics::wilcoxon_p;

/// The table: it is searched by name.
const TABLE: &str = "digits-5";

/// Unique queries of a run, and where results are read off the curves: soon after the initial design of
/// GA-NAS, and later.
const BUDGETS: [usize; 3] = [50, 100, 150];

const METRICS: [&str; 2] = ["valid_acc_seed0", "test_acc_mean"];

/// A searcher: its name, what it is called on the page, and its arguments.
const SEARCHERS: [(&str, &str, &[&str]); 3] = [
    ("improved", "GA-NAS, improved", &["--algorithm", "ga-nas"]),
    (
        "local-search",
        "local search",
        &["--algorithm", "local-search"],
    ),
    ("random", "random search", &["--algorithm", "random"]),
];

/// How the study is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seeds of every search, `from..to`, the end not included.
    #[arg(long, default_value = "1000..1020")]
    seeds: String,
    /// Searches run on so many threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Forgets what earlier calls found.
    #[arg(long)]
    fresh: bool,
}

/// Searches, and writes docs/results/digits.md.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "digits", options.fresh)?;
    let searched = super::Options {
        data: PathBuf::new(),
        seeds: options.seeds.clone(),
        threads: options.threads,
        only: None,
        fresh: options.fresh,
    };
    let info = ["table", "info", TABLE, "--json"].map(str::to_owned);
    let info: Value = serde_json::from_str(&runner.ganas(&info)?)?;
    let budget = BUDGETS[BUDGETS.len() - 1];
    let mut results = Vec::new();
    let mut csv = String::from(
        "searcher,search_metric,report_metric,seed,queries,unique_queries,queries_to_best",
    );
    for budget in BUDGETS {
        let _ = write!(csv, ",search_at_{budget},report_at_{budget}");
    }
    csv.push('\n');
    for (name, label, arguments) in SEARCHERS {
        let common = ["--search", METRICS[0], "--report", METRICS[1], "--budget"];
        let arguments = common
            .iter()
            .chain(&[&*budget.to_string()])
            .chain(arguments)
            .map(|a| (*a).to_owned())
            .collect();
        let search = Search {
            name: name.to_owned(),
            arguments,
        };
        let result = runner.result(&search, Source::Table(Path::new(TABLE)), &searched)?;
        ensure!(!result.runs.is_empty(), "{name} has no run");
        ensure!(
            info["table_sha256"] == result.table_sha256,
            "{name} was run on an earlier table: pass --fresh"
        );
        add_seeds(
            &mut csv,
            name,
            &METRICS.map(str::to_owned),
            &result,
            &BUDGETS,
        );
        results.push((label, result));
    }
    let text = page(options, &info, &results)?;
    for (name, text) in [("digits.md", text), ("digits.csv", csv)] {
        let path = root.join("docs/results").join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn page(options: &Options, info: &Value, results: &[(&str, SearchResult)]) -> Result<String> {
    let sample = &results.first().context("the study has no search")?.1;
    let mut text = format!(
        "# The table inside the program: results\n\n\
         Written by `cargo xtask reproduce digits`; the numbers of every seed are in [digits.csv](digits.csv).\n\
         [DIGITS.md](../DIGITS.md) says what the table is and how it was made.\n\n\
         * Table `{TABLE}`: {rows} cells, all of the space `{space}`; sha256 `{sha}`.\n\
         * Seeds {seeds}, ganas {version}, device `{device}`.\n",
        rows = info["manifest"]["n_rows"],
        space = info["manifest"]["space"].as_str().unwrap_or_default(),
        sha = sample.table_sha256,
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
    );
    write_noise(&mut text, info)?;
    write_searches(&mut text, info, results)?;
    Ok(text)
}

/// Spread and noise of each metric.
fn write_noise(text: &mut String, info: &Value) -> Result<()> {
    let _ = write!(
        text,
        "\n## Spread and noise\n\n\
         `ganas table info {TABLE}`, over all cells: the lowest, the median and the highest mean of three trainings, the standard deviation of one training around its cell's mean, the mean rank correlation of two seeds, and the share of the variance of one training that the cell explains (the intraclass correlation).\n\n\
         | metric | lowest | median | highest | sd of a seed | Spearman | share |\n|---|---|---|---|---|---|---|\n",
    );
    let noise = info["noise"].as_array();
    for noise in noise.context("`table info --json` has no noise")? {
        let number = |field: &str| {
            let value = noise[field].as_f64();
            value.with_context(|| format!("`table info --json` has no {field}"))
        };
        let _ = writeln!(
            text,
            "| `{}` | {:.4} | {:.4} | {:.4} | {:.4} | {:.3} | {:.3} |",
            noise["metric"].as_str().unwrap_or_default(),
            number("lowest_mean")?,
            number("median_mean")?,
            number("highest_mean")?,
            number("deviation")?,
            number("spearman")?,
            number("share")?,
        );
    }
    Ok(())
}

fn write_searches(text: &mut String, info: &Value, results: &[(&str, SearchResult)]) -> Result<()> {
    let metrics = info["metrics"].as_array().context("no metrics")?;
    let optimum = metrics
        .iter()
        .find(|metric| metric["name"] == METRICS[0])
        .and_then(|metric| metric["query_maximum"].as_f64())
        .context("`table info --json` has no maximum of the search metric")?;
    let last = BUDGETS[BUDGETS.len() - 1];
    let _ = write!(
        text,
        "\n## Searches\n\n\
         Search metric `{}`, the validation accuracy of one training (best in the table {optimum:.4}); report metric `{}`, the mean test accuracy of three.\n\
         *optimum*: per cent of seeds that found the best value of the search metric.\n\
         *p*: Wilcoxon's signed-rank test, two-sided and exact, of the best search metric at {last} queries against random search with the same seeds.\n\n\
         ```sh\nganas search --table {TABLE} --budget {last} --seeds 1000..1020 --algorithm ga-nas\n```\n\n| searcher |",
        METRICS[0], METRICS[1]
    );
    for budget in BUDGETS {
        let _ = write!(text, " optimum @{budget} |");
    }
    let _ = writeln!(text, " search @{last} | report @{last} | p |");
    text.push_str(&format!("|---|{}\n", "---|".repeat(BUDGETS.len() + 3)));
    let control = &results.last().context("no control")?.1;
    for (label, result) in results {
        let _ = write!(text, "| {label} |");
        for budget in BUDGETS {
            let found = searches(&result.runs, budget)?;
            let hits = found.iter().filter(|v| **v >= optimum - 1e-9).count();
            let _ = write!(text, " {:.0} % |", 100.0 * hits as f64 / found.len() as f64);
        }
        let found = searches(&result.runs, last)?;
        let reported: Vec<f64> = result
            .runs
            .iter()
            .filter_map(|run| Some(run.at(last)?.1))
            .collect();
        let pairs = found.iter().zip(searches(&control.runs, last)?);
        let differences: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
        let p = if std::ptr::eq(result, control) {
            "-".to_owned()
        } else {
            format!("{:.1e}", wilcoxon_p(&differences))
        };
        let _ = writeln!(
            text,
            " {} | {} | {p} |",
            plus_minus(&found),
            plus_minus(&reported)
        );
    }
    Ok(())
}
