//! The study of what becomes of violations under bounds in closed form: masked actions, a penalty, or rejection.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Options;
use super::constraints::{self, Searcher, import};
use super::page::{add_seeds, against, plus_minus, searches};
use super::result::SearchResult;
use super::searches::{Runner, Search, Source};

/// A space under bounds.
struct Case {
    name: &'static str,
    space: &'static str,
    title: &'static str,
    /// What a query returns, as a sentence.
    about: &'static str,
    /// The search metric, which is the report metric, too.
    metric: &'static str,
    answers: Answers,
    bounds: &'static [&'static str],
}

/// Where the answers are, below the folder of the data.
#[derive(Clone, Copy)]
enum Answers {
    Surrogate(&'static str),
    /// A table of NAS-Bench-201.
    Nasbench201(&'static str),
}

/// Where results are read off the curves; the last is the budget of the runs.
const BUDGETS: [usize; 2] = [50, 100];

const CASES: [Case; 4] = [
    Case {
        name: "mbconv",
        space: "mbconv",
        title: "MBConv",
        about: "`val_top1` is the accuracy on ImageNet after a shortened training in per cent, predicted by Accel-NASBench.",
        metric: "val_top1",
        answers: Answers::Surrogate("accel_nasbench/xgb_accuracy_ensemble"),
        bounds: &["params <= 4.0e6", "flops <= 300e6"],
    },
    Case {
        name: "mbconv-tight",
        space: "mbconv",
        title: "MBConv, tight",
        about: "As before, under bounds that a random architecture rarely satisfies.",
        metric: "val_top1",
        answers: Answers::Surrogate("accel_nasbench/xgb_accuracy_ensemble"),
        bounds: &["params <= 2.0e6", "flops <= 100e6"],
    },
    Case {
        name: "ofa-proxyless",
        space: "ofa-proxyless",
        title: "ProxylessNAS",
        about: "`top1` is the accuracy on ImageNet of a subnet of the once-for-all supernet in per cent, predicted by its published network.",
        metric: "top1",
        answers: Answers::Surrogate("ofa"),
        bounds: &["flops <= 300e6"],
    },
    Case {
        name: "nasbench201",
        space: "nasbench201",
        title: "NAS-Bench-201",
        about: "`cifar100_valid_mean_200` is the mean validation accuracy on CIFAR-100 in per cent.",
        metric: "cifar100_valid_mean_200",
        answers: Answers::Nasbench201("nb201_accuracy"),
        bounds: &["params <= 0.4e6"],
    },
];

/// What this study is about.
const MASK: Searcher = (
    "mask",
    "GA-NAS, improved: actions are masked",
    &["--set", "violations=mask"],
);

/// That one, and those of the study of constraints.
const SEARCHERS: [Searcher; 5] = {
    let [penalty, reject, local, random] = constraints::SEARCHERS;
    [MASK, penalty, reject, local, random]
};

/// Searches, and writes docs/results/masks.md and the numbers of every seed beside it.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "masks", options.fresh)?;
    let mut csv = String::from(
        "searcher,search_metric,report_metric,seed,queries,unique_queries,queries_to_best",
    );
    for budget in BUDGETS {
        let _ = write!(csv, ",search_at_{budget},report_at_{budget}");
    }
    csv.push('\n');
    let mut text = String::new();
    let mut sample: Option<SearchResult> = None;
    for case in &CASES {
        let answers = case.answers(&runner, options)?;
        let source = match case.answers {
            Answers::Surrogate(_) => Source::Surrogate(&answers),
            Answers::Nasbench201(_) => Source::Table(&answers),
        };
        let mut results = Vec::new();
        for (searcher, label, arguments) in SEARCHERS {
            let name = format!("{}.{searcher}", case.name);
            let left_out = |only: &String| !name.contains(only.as_str());
            if options.only.as_ref().is_some_and(left_out) {
                continue;
            }
            let search = Search {
                name: name.clone(),
                arguments: case.arguments(arguments),
            };
            let result = runner.result(&search, source, options)?;
            ensure!(!result.runs.is_empty(), "{name} has no run");
            let metrics = [case.metric, case.metric].map(str::to_owned);
            add_seeds(&mut csv, &name, &metrics, &result, &BUDGETS);
            results.push((label, result));
        }
        if options.only.is_none() {
            write_case(&mut text, case, &results)?;
        }
        sample = results.into_iter().next().map(|(_, result)| result);
    }
    if options.only.is_some() {
        return Ok(());
    }
    let text = head(options, &sample.context("the study has no search")?) + &text;
    for (name, text) in [("masks.md", text), ("masks.csv", csv)] {
        let path = root.join("docs/results").join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

impl Case {
    fn answers(&self, runner: &Runner, options: &Options) -> Result<PathBuf> {
        match self.answers {
            Answers::Surrogate(folder) => Ok(options.data.join(folder)),
            Answers::Nasbench201(name) => Ok(import(runner, options, name)?.into()),
        }
    }

    /// Arguments, without source and seeds.
    fn arguments(&self, of_searcher: &[&str]) -> Vec<String> {
        let budget = BUDGETS[BUDGETS.len() - 1].to_string();
        let mut all = vec!["--space", self.space, "--budget", &budget];
        all.extend(["--search", self.metric, "--report", self.metric]);
        for bound in self.bounds {
            all.extend(["--constraint", bound]);
        }
        all.extend(of_searcher);
        all.into_iter().map(str::to_owned).collect()
    }
}

fn head(options: &Options, sample: &SearchResult) -> String {
    let mut text = format!(
        "# Masks, penalties and rejection: results\n\n\
         Written by `cargo xtask reproduce masks`; the numbers of every seed are in [masks.csv](masks.csv).\n\n\
         * Seeds {seeds}, ganas {version}, device `{device}`, {budget} unique queries.\n\
         * The search metric is the reported one.\n\
         * Every evaluated architecture satisfies the bounds: the driver refuses any other proposal with an error.\n\
         * *best*: mean and standard deviation over seeds of the best value after so many queries.\n\
         * *p*: Wilcoxon's signed-rank test, two-sided and exact, against rejection and against local search with the same seeds; *better* and *worse* go by the mean.\n\n\
         Each row is the output of one command, for example\n\n\
         ```sh\n\
         ganas search --space mbconv --surrogate \"$GANAS_DATA/accel_nasbench/xgb_accuracy_ensemble\" \\\n\
         \x20            --constraint 'params <= 4.0e6' --constraint 'flops <= 300e6' --budget {budget} --seeds {seeds} --set violations=mask\n\
         ```\n\n\
         The rows differ in these arguments:\n\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
        budget = BUDGETS[BUDGETS.len() - 1],
    );
    for (_, label, arguments) in SEARCHERS {
        let _ = writeln!(text, "* {label}: `{}`", arguments.join(" "));
    }
    text
}

fn write_case(text: &mut String, case: &Case, results: &[(&str, SearchResult)]) -> Result<()> {
    let bounds: Vec<String> = case.bounds.iter().map(|b| format!("`{b}`")).collect();
    let _ = write!(
        text,
        "\n## {}\n\nSpace `{}` under {}; {}\n\n| searcher |",
        case.title,
        case.space,
        bounds.join(" and "),
        case.about
    );
    for budget in BUDGETS {
        let _ = write!(text, " best @{budget} | p, reject | p, local |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|---|---|".repeat(BUDGETS.len()));
    let [_, _, (_, reject), (_, local), _] = results else {
        anyhow::bail!("a searcher of {} is missing", case.name);
    };
    for (label, result) in results {
        let _ = write!(text, "| {label} |");
        for budget in BUDGETS {
            let found = searches(&result.runs, budget)?;
            let _ = write!(
                text,
                " {} | {} | {} |",
                plus_minus(&found),
                against(result, reject, budget)?,
                against(result, local, budget)?
            );
        }
        text.push('\n');
    }
    Ok(())
}
