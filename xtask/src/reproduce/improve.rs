//! The study of improving given networks within their own spaces.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Options;
use super::result::{Comparison, Network, SearchResult};
use super::searches::{Runner, Search, Source};

/// One given network under bounds that are relative to it.
struct Case {
    network: &'static str,
    space: Space,
    constraints: &'static [&'static str],
    budget: u32,
}

#[derive(Clone, Copy)]
enum Space {
    Mbconv,
    OfaProxyless,
    Nasbench101,
}

const COSTS_OF_BASE: &[&str] = &["params <= base", "flops <= base"];
const TENTH_LESS: &[&str] = &["params <= 0.9 * base", "flops <= base"];
const COSTS_BELOW_BASE: &[&str] = &["params < base", "flops < base"];

const CASES: [Case; 8] = [
    case("efficientnet-b0", Space::Mbconv, COSTS_OF_BASE, 150),
    case("efficientnet-b0", Space::Mbconv, TENTH_LESS, 150),
    case("proxyless-mobile", Space::OfaProxyless, COSTS_OF_BASE, 150),
    case("proxyless-mobile", Space::OfaProxyless, TENTH_LESS, 150),
    case("proxyless-gpu", Space::OfaProxyless, COSTS_OF_BASE, 150),
    case("proxyless-gpu", Space::OfaProxyless, TENTH_LESS, 150),
    case("resnet-like", Space::Nasbench101, COSTS_BELOW_BASE, 300),
    case("inception-like", Space::Nasbench101, COSTS_BELOW_BASE, 300),
];

const fn case(
    network: &'static str,
    space: Space,
    constraints: &'static [&'static str],
    budget: u32,
) -> Case {
    Case {
        network,
        space,
        constraints,
        budget,
    }
}

/// Searches, and writes docs/results/improve.md.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "improve", options.fresh)?;
    let mut rows = String::new();
    let mut commands = String::new();
    let mut sample: Option<SearchResult> = None;
    for case in &CASES {
        let name = case.name();
        if options
            .only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        let answers = case.space.answers(&runner, &options.data)?;
        let source = match case.space {
            Space::Nasbench101 => Source::Table(&answers),
            Space::Mbconv | Space::OfaProxyless => Source::Surrogate(&answers),
        };
        let search = Search {
            name: name.clone(),
            arguments: case.arguments(),
        };
        let result = runner.result(&search, source, options)?;
        let comparison = result.improve.as_ref();
        let comparison = comparison.with_context(|| format!("{name} compares nothing"))?;
        ensure!(
            comparison.found.len() == result.runs.len(),
            "a seed of {name} found nothing"
        );
        rows.push_str(&row(case, comparison)?);
        let _ = writeln!(commands, "{}", case.command(&options.seeds));
        sample = Some(result);
    }
    if options.only.is_some() {
        return Ok(());
    }
    let sample = sample.context("the study has no search")?;
    let path = root.join("docs/results/improve.md");
    fs::write(&path, page(options, &sample, &rows, &commands))
        .with_context(|| format!("cannot write {}", path.display()))
}

impl Case {
    fn name(&self) -> String {
        let tenth = if self.constraints == TENTH_LESS {
            "-90"
        } else {
            ""
        };
        format!("{}{tenth}", self.network)
    }

    /// Arguments, without source and seeds.
    fn arguments(&self) -> Vec<String> {
        let (space, metric) = self.space.names();
        let budget = self.budget.to_string();
        let mut all = vec!["--space", space, "--search", metric, "--report", metric];
        all.extend(["--improve", self.network, "--budget", &budget]);
        for constraint in self.constraints {
            all.extend(["--constraint", constraint]);
        }
        all.into_iter().map(str::to_owned).collect()
    }

    /// The command, for people.
    fn command(&self, seeds: &str) -> String {
        let arguments = self.arguments().into_iter().map(|argument| {
            if argument.contains(' ') {
                format!("'{argument}'")
            } else {
                argument
            }
        });
        let source = match self.space {
            Space::Nasbench101 => "--table nb101.arrow",
            Space::Mbconv | Space::OfaProxyless => "--surrogate FOLDER",
        };
        let arguments: Vec<String> = arguments.collect();
        format!(
            "ganas search {source} {} --seeds {seeds}",
            arguments.join(" ")
        )
    }
}

impl Space {
    /// Its name, and the metric that is searched on and reported.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Mbconv => ("mbconv", "val_top1"),
            Self::OfaProxyless => ("ofa-proxyless", "top1"),
            Self::Nasbench101 => ("nasbench101", super::nasbench101::METRIC),
        }
    }

    fn answers(self, runner: &Runner, data: &Path) -> Result<PathBuf> {
        match self {
            Self::Mbconv => Ok(data.join("accel_nasbench/xgb_accuracy_ensemble")),
            Self::OfaProxyless => Ok(data.join("ofa")),
            Self::Nasbench101 => super::nasbench101::table(runner, data),
        }
    }
}

fn page(options: &Options, sample: &SearchResult, rows: &str, commands: &str) -> String {
    format!(
        "# Improving a given network: results\n\n\
         Written by `cargo xtask reproduce improve`.\n\n\
         `ganas search --improve NETWORK` starts from the given network and its neighbourhood (the initial design), and every evaluated architecture satisfies bounds that are relative to it.\n\
         GA-NAS, preset improved, seeds {seeds}, unique queries, ganas {version}, device `{device}`; no setting was tuned for this.\n\n\
         - `efficientnet-b0` in the space `mbconv`: the accuracy is that of Accel-NASBench's surrogate (mean of six boosters, percent after a shortened training on ImageNet); the network is expressed exactly but for what [SPACES.md](../SPACES.md) says.\n\
         - `proxyless-mobile` and `proxyless-gpu` in `ofa-proxyless`: the accuracy is that of the once-for-all predictor; the networks are approximated in widths, as `ganas space describe ofa-proxyless` says.\n\
         - `resnet-like` and `inception-like` in `nasbench101`: test accuracy of the first run of NAS-Bench-101 after 108 epochs, so the search is test-selected; the table holds one run only, and no training times.\n\n\
         With a surrogate the search metric is the reported one: what is found is better by the surrogate's word, not by a training.\n\
         *better in*: seeds whose best architecture is more accurate than the given network; changes are means over seeds and their range, the accuracies in percentage points.\n\n\
         | network | bounds | queries | accuracy of it | gain of accuracy | better in | parameters | FLOPs |\n\
         |---|---|---|---|---|---|---|---|\n\
         {rows}\n\
         Each row is a search of its own.\n\n\
         ## Commands\n\n\
         ```sh\n{commands}```\n\n\
         `FOLDER` is the folder of the surrogate's files; the table is made as in [nasbench101.md](nasbench101.md).\n\
         Making a network as small as can be at its accuracy, `--objective params --constraint 'accuracy >= base'`, saves less in the same number of queries (5 to 15 % in three tuning seeds on `efficientnet-b0`): a bound on the metric is only known after a query.\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
    )
}

fn row(case: &Case, comparison: &Comparison) -> Result<String> {
    let given = &comparison.given;
    let found: Vec<&Network> = comparison.found.iter().map(|found| &found.best).collect();
    // Tables of NAS-Bench-101 have fractions.
    let percent = match case.space {
        Space::Nasbench101 => 100.0,
        Space::Mbconv | Space::OfaProxyless => 1.0,
    };
    let gains: Vec<f64> = found
        .iter()
        .map(|best| percent * (best.accuracy - given.accuracy))
        .collect();
    let better = gains.iter().filter(|gain| **gain > 0.0).count();
    let change = |value: fn(&Network) -> f64| -> Vec<f64> {
        let changes = found.iter().map(|best| value(best) / value(given) - 1.0);
        changes.map(|change| 100.0 * change).collect()
    };
    let bounds: Vec<String> = case
        .constraints
        .iter()
        .map(|constraint| format!("`{constraint}`"))
        .collect();
    Ok(format!(
        "| `{}` | {} | {} | {:.3} | {} | {better} of {} | {} | {} |\n",
        case.network,
        bounds.join(", "),
        case.budget,
        percent * given.accuracy,
        mean_and_range(&gains, 3, "")?,
        gains.len(),
        mean_and_range(&change(|network| network.params), 1, " %")?,
        mean_and_range(&change(|network| network.flops), 1, " %")?,
    ))
}

fn mean_and_range(values: &[f64], digits: usize, unit: &str) -> Result<String> {
    let lowest = values.iter().copied().min_by(f64::total_cmp);
    let highest = values.iter().copied().max_by(f64::total_cmp);
    let (Some(lowest), Some(highest)) = (lowest, highest) else {
        anyhow::bail!("no seed was searched");
    };
    let (mean, _) = super::statistics::mean_and_sd(values);
    Ok(format!(
        "{mean:+.digits$}{unit} ({lowest:+.digits$} to {highest:+.digits$})"
    ))
}
