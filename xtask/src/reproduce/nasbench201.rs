//! The study of NAS-Bench-201.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::page::{Budgets, Group, Row, group_table};
use super::result::SearchResult;
use super::searches::{Runner, Search, Source};
use super::{Options, page, searches};

/// Data sets, as they are called in the table's columns.
const DATASETS: [(&str, &str); 3] = [
    ("cifar10", "CIFAR-10"),
    ("cifar100", "CIFAR-100"),
    ("imagenet16_120", "ImageNet16-120"),
];

const BUDGET: u32 = 450;

/// Budgets at which results are read off the curves: those of the recipe, and the last.
const BUDGETS: Budgets = [100, 150, 300, 444, 450];

/// Searchers that show what a part of the method is worth: name, description, arguments.
const ABLATIONS: [(&str, &str, &[&str]); 2] = [
    (
        "faithful-gru",
        "faithful, plain GRU policy (ablation)",
        &[
            "--algorithm",
            "ga-nas",
            "--preset",
            "faithful",
            "--set",
            "generator.encoder=\"last_label\"",
        ],
    ),
    (
        "faithful-ppo",
        "faithful, PPO instead of REINFORCE",
        &[
            "--algorithm",
            "ga-nas",
            "--preset",
            "faithful",
            "--set",
            "generator.update=\"ppo\"",
        ],
    ),
];

/// The searchers of the study.
const SEARCHERS: [(&str, &str, &[&str]); 6] = {
    let [improved, faithful, local, random] = searches::SEARCHERS;
    let [gru, ppo] = ABLATIONS;
    [improved, faithful, gru, ppo, local, random]
};

/// The protocols: suffix of the search metric, and whether the ablations are run too.
const PROTOCOLS: [(&str, &str, bool); 2] = [
    ("valid", "validation-selected", false),
    ("test", "test-selected", true),
];

pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "nasbench201", options.fresh)?;
    let source = options.data.join("nasbench201/nb201_accuracy.csv.gz");
    let arguments = ["--space", "nasbench201", "--key", "arch"];
    let table = runner.import("nb201.arrow", &source, &arguments)?;
    let mut groups = Vec::new();
    let mut seeds_csv = String::from(
        "searcher,search_metric,report_metric,seed,queries,unique_queries,queries_to_best",
    );
    for budget in BUDGETS {
        let _ = write!(seeds_csv, ",search_at_{budget},report_at_{budget}");
    }
    seeds_csv.push('\n');
    let mut sample: Option<SearchResult> = None;
    for (suffix, protocol, with_ablations) in PROTOCOLS {
        for (dataset, title) in DATASETS {
            let metrics = [
                format!("{dataset}_{suffix}_mean_200"),
                format!("{dataset}_test_mean_200"),
            ];
            let mut rows = Vec::new();
            for (name, label, arguments) in SEARCHERS {
                let is_ablation = ABLATIONS.iter().any(|(ablation, ..)| *ablation == name);
                let search = search(name, dataset, suffix, &metrics, arguments);
                let skipped = options
                    .only
                    .as_ref()
                    .is_some_and(|only| !search.name.contains(only.as_str()));
                if skipped || (is_ablation && !with_ablations) {
                    continue;
                }
                let result = runner.result(&search, Source::Table(&table), options)?;
                if result.runs.is_empty() || result.budget != BUDGET {
                    bail!(
                        "the result of {} has no run of budget {BUDGET}",
                        search.name
                    );
                }
                page::add_seeds(&mut seeds_csv, name, &metrics, &result, &BUDGETS);
                rows.push(Row {
                    label,
                    is_control: name == "random",
                    result: result.clone(),
                });
                sample = Some(result);
            }
            let optimum = optimum(&runner, &table, &metrics[0])?;
            groups.push(Group {
                title: format!("{title}, {protocol}"),
                metrics,
                optimum,
                rows,
            });
        }
    }
    if options.only.is_some() {
        return Ok(());
    }
    let sample = sample.context("the study has no search")?;
    let text = page_text(options, &sample, &groups)?;
    for (name, text) in [("nasbench201.md", text), ("nasbench201.csv", seeds_csv)] {
        let path = root.join("docs/results").join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn search(
    name: &str,
    dataset: &str,
    suffix: &str,
    metrics: &[String; 2],
    arguments: &[&str],
) -> Search {
    let common = [
        "--space",
        "nasbench201",
        "--search",
        &metrics[0],
        "--report",
        &metrics[1],
        "--budget",
        &BUDGET.to_string(),
    ]
    .map(str::to_owned);
    Search {
        name: format!("{name}-{dataset}-{suffix}"),
        arguments: common
            .into_iter()
            .chain(arguments.iter().map(|a| (*a).to_owned()))
            .collect(),
    }
}

/// The largest value of a metric that a query can return.
fn optimum(runner: &Runner, table: &Path, metric: &str) -> Result<f64> {
    let arguments = [
        "table".to_owned(),
        "info".to_owned(),
        table.display().to_string(),
        "--json".to_owned(),
    ];
    let info: serde_json::Value = serde_json::from_str(&runner.ganas(&arguments)?)?;
    let columns = info["metrics"]
        .as_array()
        .context("`table info --json` has no metrics")?;
    columns
        .iter()
        .find(|column| column["name"] == metric)
        .and_then(|column| {
            column["query_maximum"]
                .as_f64()
                .or_else(|| column["maximum"].as_f64())
        })
        .with_context(|| format!("`table info --json` has no maximum of {metric}"))
}

fn page_text(options: &Options, sample: &SearchResult, groups: &[Group]) -> Result<String> {
    let mut text = format!(
        "# NAS-Bench-201: results\n\n\
         Written by `cargo xtask reproduce nasbench201`; the numbers of every seed are in [nasbench201.csv](nasbench201.csv).\n\n\
         * Seeds {seeds}, ganas {version}, device `{device}`.\n\
         * Table: 200 epochs, means over the available training seeds; sha256 of the imported file `{sha}`.\n\
         * A query is a unique one: cells that compute the same function (8,765 classes) are paid once.\n\
         * Presets were tuned on seeds 0-99 only; the seeds above were run after the last change to the presets, and decided none.\n\
         * *validation-selected* searches on validation accuracy and reports the test accuracy of the cell with the best validation accuracy; *test-selected* searches on the reported test accuracy itself, and is optimistic.\n\
         * *optimum*: per cent of seeds that found the best value of the search metric in the table.\n\
         * *p*: Wilcoxon's signed-rank test, two-sided and exact, of the best search metric at {BUDGET} queries against random search with the same seeds.\n\n\
         Each row is the output of one command, for example\n\n\
         ```sh\n\
         ganas table import --space nasbench201 --key arch \"$GANAS_DATA/nasbench201/nb201_accuracy.csv.gz\" -o nb201.arrow\n\
         ganas search --space nasbench201 --table nb201.arrow --search cifar10_valid_mean_200 --report cifar10_test_mean_200 \\\n\
         \x20            --algorithm ga-nas --preset improved --budget {BUDGET} --seeds {seeds} --threads {threads} --json\n\
         ```\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
        sha = sample.table_sha256,
        threads = options.threads,
    );
    text.push_str("\nThe rows differ in these arguments:\n\n");
    for (_, label, arguments) in SEARCHERS {
        let _ = writeln!(text, "* {label}: `{}`", arguments.join(" "));
    }
    for group in groups {
        text.push_str(&group_table(group, BUDGETS)?);
    }
    Ok(text)
}
