//! The study of DARTS, MBConv, once-for-all and NAS-Bench-Macro: GA-NAS, local search and random search.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Options;
use super::page::{add_seeds, against, plus_minus, searches};
use super::result::SearchResult;
use super::searches::{Runner, SEARCHERS, Search, Source};

/// One space, and what answers its queries.
struct Study {
    space: &'static str,
    title: &'static str,
    /// What a query returns, as a sentence.
    about: &'static str,
    /// The search metric, which is the report metric, too.
    metric: &'static str,
    answers: Answers,
    /// Where results are read off the curves; the last is the budget of the runs.
    budgets: &'static [usize],
}

/// Where the answers are, below the folder of the data.
enum Answers {
    Surrogate(&'static str),
    /// A file, and the column that holds the architectures.
    Csv(&'static str, &'static str),
}

const STUDIES: [Study; 4] = [
    Study {
        space: "darts",
        title: "DARTS",
        about: "`val_accuracy` is the validation accuracy on CIFAR-10 after 98 epochs in per cent, predicted by YAHPO's network for NAS-Bench-301.",
        metric: "val_accuracy",
        answers: Answers::Surrogate("nasbench301/yahpo_nb301"),
        budgets: &[100, 200],
    },
    Study {
        space: "mbconv",
        title: "MBConv",
        about: "`val_top1` is the accuracy on ImageNet after a shortened training in per cent, the mean of what the six boosters of Accel-NASBench predict.",
        metric: "val_top1",
        answers: Answers::Surrogate("accel_nasbench/xgb_accuracy_ensemble"),
        budgets: &[100, 300],
    },
    Study {
        space: "ofa-proxyless",
        title: "ProxylessNAS",
        about: "`top1` is the accuracy on ImageNet of a subnet of the once-for-all supernet in per cent, predicted by its published network.",
        metric: "top1",
        answers: Answers::Surrogate("ofa"),
        budgets: &[100, 300],
    },
    Study {
        space: "nasbench-macro",
        title: "NAS-Bench-Macro",
        about: "`mean_acc` is the mean test accuracy of three trainings on CIFAR-10 in per cent, a table of all 6,561 networks (3,969 classes); its best is 93.1267.",
        metric: "mean_acc",
        answers: Answers::Csv("nas_bench_macro/nas_bench_macro_cifar10.csv.gz", "arch"),
        budgets: &[50, 100],
    },
];

/// Searches, and writes docs/results/spaces.md and the numbers of every seed beside it.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let runner = Runner::new(root, "spaces", options.fresh)?;
    let mut csv = String::from(
        "searcher,search_metric,report_metric,seed,queries,unique_queries,queries_to_best",
    );
    csv.push_str(",search_at_first,report_at_first,search_at_last,report_at_last\n");
    let mut text = String::new();
    let mut sample: Option<SearchResult> = None;
    for study in &STUDIES {
        let answers = study.answers(&runner, &options.data)?;
        let mut results = Vec::new();
        for (searcher, label, arguments) in SEARCHERS {
            let name = format!("{}.{searcher}", study.space);
            if options
                .only
                .as_ref()
                .is_some_and(|only| !name.contains(only.as_str()))
            {
                continue;
            }
            let source = match study.answers {
                Answers::Surrogate(_) => Source::Surrogate(&answers),
                Answers::Csv(..) => Source::Table(&answers),
            };
            let result = runner.result(&study.search(&name, arguments), source, options)?;
            ensure!(!result.runs.is_empty(), "{name} has no run");
            add_seeds(
                &mut csv,
                &name,
                &[study.metric, study.metric].map(str::to_owned),
                &result,
                study.budgets,
            );
            results.push((label, result));
        }
        if options.only.is_none() {
            write_study(&mut text, study, &results)?;
        }
        sample = results.into_iter().next().map(|(_, result)| result);
    }
    if options.only.is_some() {
        return Ok(());
    }
    let text = head(options, &sample.context("the study has no search")?) + &text;
    for (name, text) in [("spaces.md", text), ("spaces.csv", csv)] {
        let path = root.join("docs/results").join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

impl Study {
    fn answers(&self, runner: &Runner, data: &Path) -> Result<PathBuf> {
        match self.answers {
            Answers::Surrogate(folder) => Ok(data.join(folder)),
            Answers::Csv(file, key) => runner.import(
                &format!("{}.arrow", self.space),
                &data.join(file),
                &["--space", self.space, "--key", key],
            ),
        }
    }

    fn search(&self, name: &str, arguments: &[&str]) -> Search {
        let budget = self.budget().to_string();
        let mut all = vec!["--space", self.space, "--budget", &budget];
        all.extend(["--search", self.metric, "--report", self.metric]);
        all.extend(arguments);
        Search {
            name: name.to_owned(),
            arguments: all.into_iter().map(str::to_owned).collect(),
        }
    }

    fn budget(&self) -> usize {
        self.budgets[self.budgets.len() - 1]
    }
}

fn head(options: &Options, sample: &SearchResult) -> String {
    format!(
        "# DARTS, MBConv, ProxylessNAS and NAS-Bench-Macro: results\n\n\
         Written by `cargo xtask reproduce spaces`; the numbers of every seed are in [spaces.csv](spaces.csv).\n\n\
         * Seeds {seeds}, ganas {version}, device `{device}`.\n\
         * The search metric is the reported one: with a surrogate, what is found is good by the surrogate's word; NAS-Bench-Macro has test accuracies only.\n\
         * A query is a unique one: architectures that compute the same function are paid once.\n\
         * *best*: mean and standard deviation over seeds of the best value after so many queries.\n\
         * *p*: Wilcoxon's signed-rank test, two-sided and exact, against random search and against local search with the same seeds; *better* and *worse* go by the mean.\n\n\
         Each row is the output of one command, for example\n\n\
         ```sh\n\
         ganas search --space darts --surrogate \"$GANAS_DATA/nasbench301/yahpo_nb301\" --algorithm ga-nas --preset improved --budget 200 --seeds 1000..1020\n\
         ganas table import --space nasbench-macro --key arch \"$GANAS_DATA/nas_bench_macro/nas_bench_macro_cifar10.csv.gz\" -o macro.arrow\n\
         ganas search --space nasbench-macro --table macro.arrow --search mean_acc --report mean_acc --algorithm local-search --budget 100 --seeds 1000..1020\n\
         ```\n",
        seeds = options.seeds,
        version = sample.version,
        device = sample.device,
    )
}

fn write_study(text: &mut String, study: &Study, results: &[(&str, SearchResult)]) -> Result<()> {
    let _ = write!(
        text,
        "\n## {}\n\nSpace `{}`; {}\n\n| searcher |",
        study.title, study.space, study.about
    );
    for budget in study.budgets {
        let _ = write!(text, " best @{budget} | p, random | p, local |");
    }
    let _ = write!(
        text,
        "\n|---|{}\n",
        "---|---|---|".repeat(study.budgets.len())
    );
    let [.., (_, local), (_, random)] = results else {
        anyhow::bail!("the study of {} has no controls", study.space);
    };
    for (label, result) in results {
        let _ = write!(text, "| {label} |");
        for &budget in study.budgets {
            let found = searches(&result.runs, budget)?;
            let _ = write!(
                text,
                " {} | {} | {} |",
                plus_minus(&found),
                against(result, random, budget)?,
                against(result, local, budget)?
            );
        }
        text.push('\n');
    }
    Ok(())
}
