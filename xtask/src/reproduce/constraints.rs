//! The study of latency-constrained search on NAS-Bench-201.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Options;
use super::page::{plus_minus, searches};
use super::result::SearchResult;
use super::searches::{Runner, Search, Source};
use super::statistics::median;

const SEARCH: &str = "cifar100_valid_mean_200";
const REPORT: &str = "cifar100_test_mean_200";
const BUDGET: u32 = 300;
const BUDGETS: [usize; 3] = [100, 150, 300];

/// The devices whose latencies are complete, as the columns call them, and for people.
const DEVICES: [(&str, &str); 5] = [
    ("edgegpu", "Edge GPU"),
    ("raspi4", "Raspberry Pi 4"),
    ("pixel3", "Pixel 3"),
    ("eyeriss", "Eyeriss"),
    ("fpga", "FPGA"),
];

/// A searcher of a study of constraints: name, description, arguments.
pub(super) type Searcher = (&'static str, &'static str, &'static [&'static str]);

/// The searchers of the study.
pub(super) const SEARCHERS: [Searcher; 4] = [
    (
        "penalty",
        "GA-NAS, improved: violations get the lowest reward",
        &["--set", "violations=penalty"],
    ),
    (
        "reject",
        "GA-NAS, improved: violations are rejected only",
        &["--set", "violations=reject"],
    ),
    (
        "local-search",
        "local search",
        &["--algorithm", "local-search"],
    ),
    ("random", "random search", &["--algorithm", "random"]),
];

pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "constraints", options.fresh)?;
    let table = import(&runner, options, "nb201_accuracy")?;
    let latencies = import(&runner, options, "nb201_hw_nas_bench")?;
    let answering = answering(&runner)?;
    let accuracy = column(&runner, &table, SEARCH, &answering)?;
    let mut text = String::new();
    let mut sample: Option<SearchResult> = None;
    for (device, title) in DEVICES {
        let name = format!("cifar100_{device}_latency");
        let latency = column(&runner, &latencies, &name, &answering)?;
        let bound = quartile(latency.values());
        let admitted = |arch: &String| latency[arch] <= bound;
        let optimum = accuracy
            .iter()
            .filter(|(arch, _)| admitted(arch))
            .map(|(_, value)| *value)
            .fold(f64::MIN, f64::max);
        let count = accuracy.keys().filter(|arch| admitted(arch)).count();
        let constraint = format!("{name} <= {bound}");
        let _ = writeln!(
            text,
            "\n## {title}\n\nConstraint `{constraint}`, which {count} of 8,765 classes satisfy; the best of them has {optimum:.3}.\n\n\
             | searcher | optimum @100 | optimum @150 | optimum @300 | search @300 | median queries to best |\n|---|---|---|---|---|---|"
        );
        for (searcher, label, arguments) in SEARCHERS {
            let common = [
                "--space",
                "nasbench201",
                "--search",
                SEARCH,
                "--report",
                REPORT,
                "--constraint",
                &constraint,
                "--properties",
                &latencies,
                "--budget",
                "300",
            ];
            let search = Search {
                name: format!("{searcher}-{device}"),
                arguments: common
                    .iter()
                    .chain(arguments)
                    .map(|a| (*a).to_owned())
                    .collect(),
            };
            let result = runner.result(&search, Source::Table(Path::new(&table)), options)?;
            row(&mut text, label, &result, optimum)?;
            sample = Some(result);
        }
    }
    let sample = sample.context("the study has no search")?;
    let path = root.join("docs/results/constraints.md");
    fs::write(&path, head(options, &sample) + &text)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Imports a table of NAS-Bench-201, once.
pub(super) fn import(runner: &Runner, options: &Options, name: &str) -> Result<String> {
    let source = options.data.join(format!("nasbench201/{name}.csv.gz"));
    let arguments = ["--space", "nasbench201", "--key", "arch"];
    let table = runner.import(&format!("{name}.arrow"), &source, &arguments)?;
    Ok(table.display().to_string())
}

/// The cells that answer queries: of each class the first.
fn answering(runner: &Runner) -> Result<BTreeSet<String>> {
    let list = |more: &[&str]| {
        let arguments = ["space", "enumerate", "nasbench201"].iter().chain(more);
        runner.ganas(&arguments.map(|a| (*a).to_owned()).collect::<Vec<_>>())
    };
    let (archs, keys) = (list(&[])?, list(&["--hashes"])?);
    let mut seen = BTreeSet::new();
    let cells = archs.lines().zip(keys.lines());
    Ok(cells
        .filter(|(_, key)| seen.insert((*key).to_owned()))
        .map(|(arch, _)| arch.to_owned())
        .collect())
}

/// A metric of the cells that answer queries, by their text.
fn column(
    runner: &Runner,
    table: &str,
    metric: &str,
    answering: &BTreeSet<String>,
) -> Result<BTreeMap<String, f64>> {
    let arguments = [
        "table", "export", "--format", "csv", "--metric", metric, table,
    ];
    let text = runner.ganas(&arguments.map(str::to_owned))?;
    text.lines()
        .skip(1)
        .map(|line| {
            let cell = line
                .rsplit_once(',')
                .and_then(|(arch, value)| Some((arch.to_owned(), value.parse::<f64>().ok()?)));
            cell.with_context(|| format!("`table export` printed `{line}`"))
        })
        .filter(|cell| {
            cell.as_ref()
                .map_or(true, |(arch, _)| answering.contains(arch))
        })
        .collect()
}

/// The value below which a quarter of the classes lie.
fn quartile<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let mut sorted: Vec<f64> = values.copied().collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 4]
}

fn row(text: &mut String, label: &str, result: &SearchResult, optimum: f64) -> Result<()> {
    let _ = write!(text, "| {label} |");
    for budget in BUDGETS {
        let values = searches(&result.runs, budget)?;
        let hits = values.iter().filter(|v| **v >= optimum - 1e-9).count();
        let _ = write!(
            text,
            " {:.0} % |",
            100.0 * hits as f64 / values.len() as f64
        );
    }
    let to_best: Vec<f64> = result
        .runs
        .iter()
        .filter_map(|run| run.queries_to_best.map(f64::from))
        .collect();
    let _ = writeln!(
        text,
        " {} | {:.0} |",
        plus_minus(&searches(&result.runs, BUDGET as usize)?),
        median(&to_best)
    );
    Ok(())
}

fn head(options: &Options, sample: &SearchResult) -> String {
    let mut text = format!(
        "# Latency-constrained search on NAS-Bench-201: results\n\n\
         Written by `cargo xtask reproduce constraints`.\n\n\
         * Seeds {seeds}, ganas {version}, device `{device}`, {BUDGET} unique queries.\n\
         * Validation-selected: search metric `{SEARCH}`, report metric `{REPORT}`.\n\
         * Latencies are the measured ones of HW-NAS-Bench (Li et al., ICLR 2021); the bound of each device is the latency below which a quarter of the classes lie.\n\
         * Every evaluated cell satisfies the bound: the driver refuses any other proposal with an error.\n\
         * A class has the accuracy and the latency of the cell that answers its queries, the first in the official order.\n\
         * *optimum*: per cent of seeds that found the best class within the bound.\n\n\
         Each row is the output of one command, for example\n\n\
         ```sh\n\
         ganas search --space nasbench201 --table nb201.arrow --search {SEARCH} --report {REPORT} \\\n\
         \x20            --properties hw.arrow --constraint 'cifar100_raspi4_latency <= 15.6' --budget {BUDGET} --seeds {seeds}\n\
         ```\n\n\
         The rows differ in these arguments:\n\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
    );
    for (_, label, arguments) in SEARCHERS {
        let _ = writeln!(text, "* {label}: `{}`", arguments.join(" "));
    }
    text
}
