//! The study of the front of accuracy and latency on NAS-Bench-201.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Options;
use super::constraints::import;
use super::result::{FrontMember, Run, SearchResult};
use super::searches::{Runner, Search, Source};
use super::statistics::{mean_and_sd, wilcoxon_p};

const SEARCH: &str = "cifar10_valid_mean_200";
const REPORT: &str = "cifar10_test_mean_200";
const BUDGET: u32 = 300;
const BUDGETS: [usize; 3] = [100, 150, 300];
/// Classes of the space: a search with so many queries finds the whole front.
const ALL: &str = "8765";
/// What is less accurate adds nothing.
const ACCURACY: f64 = 80.0;

/// The devices, as the columns call them, and for people.
const DEVICES: [(&str, &str); 2] = [("edgegpu", "Edge GPU"), ("raspi4", "Raspberry Pi 4")];

/// A searcher of the study: name, description, arguments. The last is what the others are compared with.
const SEARCHERS: [(&str, &str, &[&str]); 4] = [
    ("improved", "GA-NAS, improved", &[]),
    ("faithful", "GA-NAS, faithful", &["--preset", "faithful"]),
    (
        "local-search",
        "local search",
        &["--algorithm", "local-search"],
    ),
    ("random", "random search", &["--algorithm", "random"]),
];

pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "pareto", options.fresh)?;
    let table = import(&runner, options, "nb201_accuracy")?;
    let latencies = import(&runner, options, "nb201_hw_nas_bench")?;
    let mut text = String::new();
    let mut sample = None;
    for (device, title) in DEVICES {
        let latency = format!("cifar10_{device}_latency");
        let study = Front {
            runner: &runner,
            options,
            table: &table,
            latencies: &latencies,
            latency: &latency,
        };
        // The whole front says from where the hypervolume is measured, and how large it can be.
        let whole = study.whole("front", &[])?;
        let kept = |member: &&FrontMember| member.objectives[SEARCH] >= ACCURACY;
        let front: Vec<&FrontMember> = whole.front.iter().filter(kept).collect();
        let slowest = front.iter().map(|member| member.objectives[&latency]);
        let slowest = slowest.fold(0.0, f64::max);
        let reference = format!("{SEARCH}={ACCURACY},{latency}={slowest}");
        let from = ["--reference-point", &reference];
        let whole = study.whole("whole", &from)?;
        let full = whole.hypervolume.context("the whole space has no front")?;
        let _ = writeln!(
            text,
            "\n## {title}\n\nOf the true front, {} classes have at least {ACCURACY} % accuracy, the slowest of them {slowest} ms.\n\
             The reference point is `{reference}`; the true front has a hypervolume of {full:.3}.\n\n\
             | searcher | share @100 | share @150 | share @300 | members of the true front @300 | p |\n|---|---|---|---|---|---|",
            front.len()
        );
        let mut rows = Vec::new();
        for (searcher, label, arguments) in SEARCHERS {
            if options
                .only
                .as_ref()
                .is_some_and(|only| !searcher.contains(only.as_str()))
            {
                continue;
            }
            let mut all: Vec<&str> = from.to_vec();
            all.extend(arguments);
            let search = study.search(&format!("{searcher}-{device}"), &BUDGET.to_string(), &all);
            let result = runner.result(&search, Source::Table(Path::new(&table)), options)?;
            rows.push((label, result));
        }
        if options.only.is_some() {
            for (label, result) in &rows {
                let (mean, sd) = mean_and_sd(&shares(&result.runs, BUDGET as usize, full)?);
                println!(
                    "{title}, {label}: {:.2} ± {:.2} %",
                    100.0 * mean,
                    100.0 * sd
                );
            }
            continue;
        }
        let (_, control) = rows.last().context("the study has no search")?;
        let control = shares(&control.runs, BUDGET as usize, full)?;
        for (label, result) in &rows {
            row(&mut text, label, &result.runs, &front, full, &control)?;
        }
        sample = rows.pop().map(|(_, result)| result);
    }
    let Some(sample) = sample else {
        return Ok(());
    };
    let path = root.join("docs/results/pareto.md");
    fs::write(&path, head(options, &sample) + &text)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The searches of one device.
struct Front<'a> {
    runner: &'a Runner,
    options: &'a Options,
    table: &'a str,
    latencies: &'a str,
    latency: &'a str,
}

impl Front<'_> {
    fn search(&self, name: &str, budget: &str, more: &[&str]) -> Search {
        let objective = format!("accuracy,-{}", self.latency);
        let arguments = [
            "--space",
            "nasbench201",
            "--search",
            SEARCH,
            "--report",
            REPORT,
            "--properties",
            self.latencies,
            "--objective",
            &objective,
            "--budget",
            budget,
        ];
        Search {
            name: name.to_owned(),
            arguments: arguments
                .iter()
                .chain(more)
                .map(|a| (*a).to_owned())
                .collect(),
        }
    }

    /// The run that evaluates the whole space.
    fn whole(&self, name: &str, more: &[&str]) -> Result<Run> {
        let mut arguments = vec!["--algorithm", "random"];
        arguments.extend(more);
        let search = self.search(&format!("{name}-{}", self.latency), ALL, &arguments);
        let once = Options {
            seeds: "0..1".to_owned(),
            ..self.options.clone()
        };
        let result = self
            .runner
            .result(&search, Source::Table(Path::new(self.table)), &once)?;
        result.runs.into_iter().next().context("a search has a run")
    }
}

/// The share of the true front's hypervolume after so many queries, of each run.
fn shares(runs: &[Run], queries: usize, full: f64) -> Result<Vec<f64>> {
    runs.iter()
        .map(|run| {
            let volume = run.hypervolume_at(queries);
            let volume = volume.with_context(|| format!("seed {} has no front", run.seed))?;
            Ok(volume / full)
        })
        .collect()
}

fn row(
    text: &mut String,
    label: &str,
    runs: &[Run],
    front: &[&FrontMember],
    full: f64,
    control: &[f64],
) -> Result<()> {
    let _ = write!(text, "| {label} |");
    for budget in BUDGETS {
        let (mean, sd) = mean_and_sd(&shares(runs, budget, full)?);
        let _ = write!(text, " {:.2} ± {:.2} % |", 100.0 * mean, 100.0 * sd);
    }
    let members = runs.iter().map(|run| {
        let is_found = |member: &&&FrontMember| run.front.iter().any(|m| m.key == member.key);
        front.iter().filter(is_found).count() as f64
    });
    let (mean, _) = mean_and_sd(&members.collect::<Vec<_>>());
    let shares = shares(runs, BUDGET as usize, full)?;
    let differences: Vec<f64> = shares.iter().zip(control).map(|(a, b)| a - b).collect();
    let p = if differences.iter().all(|d| *d == 0.0) {
        "-".to_owned()
    } else {
        format!("{:.1e}", wilcoxon_p(&differences))
    };
    let _ = writeln!(text, " {mean:.1} of {} | {p} |", front.len());
    Ok(())
}

fn head(options: &Options, sample: &SearchResult) -> String {
    let mut text = format!(
        "# The front of accuracy and latency on NAS-Bench-201: results\n\n\
         Written by `cargo xtask reproduce pareto`.\n\n\
         * Seeds {seeds}, ganas {version}, device `{device}`, {BUDGET} unique queries.\n\
         * Validation-selected: the objectives are `{SEARCH}` and a latency; no search saw the test accuracy `{REPORT}`.\n\
         * Latencies are the measured ones of HW-NAS-Bench (Li et al., ICLR 2021).\n\
         * *share*: the hypervolume of the front found, as a share of that of the true front, which is known since the table has the whole space; mean and standard deviation over seeds.\n\
         * The hypervolume is measured from {ACCURACY} % accuracy and the latency of the slowest class of the true front that is at least so accurate, so that fast networks of no use do not count.\n\
         * *p*: Wilcoxon's signed-rank test of the shares after {BUDGET} queries against random search with the same seed, two-sided.\n\n\
         Each row is the output of one command, for example\n\n\
         ```sh\n\
         ganas search --space nasbench201 --table nb201.arrow --search {SEARCH} --report {REPORT} \\\n\
         \x20            --properties hw.arrow --objective accuracy,-cifar10_edgegpu_latency --budget {BUDGET} --seeds {seeds} \\\n\
         \x20            --reference-point ...\n\
         ```\n\n\
         The rows differ in these arguments:\n\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
    );
    for (_, label, arguments) in SEARCHERS {
        let arguments = match arguments {
            [] => "none".to_owned(),
            some => format!("`{}`", some.join(" ")),
        };
        let _ = writeln!(text, "* {label}: {arguments}");
    }
    text
}
