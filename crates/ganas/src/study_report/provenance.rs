//! Where the numbers come from: runs, versions, checksums, commands, settings, and the checklist.

use std::collections::{BTreeMap, BTreeSet};

use ganas_report::escape::{escaped, shell_word};
use ganas_report::tables::{Align, TextTable};
use ganas_search::Bound;
use ganas_store::RunSummary;
use indexmap::IndexMap;

use super::{Content, Read, Section};
use crate::Error;
use crate::error::Context as _;

/// More runs than that are folded away.
const UNFOLDED: usize = 40;

/// The runs, how they were made, and the checklist.
pub(super) fn sections(read: &Read<'_>) -> Result<Vec<Section>, Error> {
    let runs = runs(read);
    let table = Content::Table(runs);
    let mut of_runs = Section::new("Runs");
    of_runs.content.push(if read.of.runs.len() > UNFOLDED {
        Content::Folded(format!("All {} runs", read.of.runs.len()), vec![table])
    } else {
        table
    });
    let mut made = Section::new("How it was made");
    made.content.push(Content::Heading("Commands".to_owned()));
    made.content.push(Content::Text(
        "As far as the study knows them: it records what a run is, not how it was typed. What evaluates is to be added (--table, --surrogate or \
         --evaluator), of which a study has the fingerprint only, and so are settings that differ from a preset, which stand below."
            .to_owned(),
    ));
    made.content.push(Content::Verbatim(commands(read)));
    made.content.push(Content::Heading("Settings".to_owned()));
    for (label, run) in experiments(read) {
        let spec = serde_json::to_string_pretty(&settings(run)?)
            .map_err(|error| Error::Failed(error.to_string()))
            .context("cannot write the settings of a run")?;
        let summary = format!(
            "{label}: experiment {}",
            &run.experiment[..16.min(run.experiment.len())]
        );
        made.content
            .push(Content::Folded(summary, vec![Content::Verbatim(spec)]));
    }
    Ok(vec![of_runs, made, checklist(read)])
}

/// A line for each run.
fn runs(read: &Read<'_>) -> TextTable {
    let mut table = TextTable::new([
        ("run", Align::Left),
        ("algorithm", Align::Left),
        ("on", Align::Left),
        ("seed", Align::Right),
        ("status", Align::Left),
        ("unique", Align::Right),
        ("raw", Align::Right),
        ("failed", Align::Right),
        ("seconds", Align::Right),
        ("version", Align::Left),
        ("device", Align::Left),
        ("table or evaluator (sha256)", Align::Left),
    ]);
    for (curve, run) in read.of.curves.iter().zip(&read.of.runs) {
        table.row([
            run.name.clone(),
            escaped(&curve.algorithm).into_owned(),
            escaped(&curve.table).into_owned(),
            run.spec.seed.to_string(),
            run.status.to_string(),
            format!(
                "{} of {}",
                run.counts.unique,
                run.spec.budget.unique_queries()
            ),
            run.counts.raw.to_string(),
            run.counts.failed.to_string(),
            format!("{:.1}", run.wall_s),
            run.spec.version.clone(),
            run.spec.device.clone(),
            run.spec.table_sha256.clone(),
        ]);
    }
    table
}

/// The first run of each experiment, with the labels of it.
fn experiments<'a>(read: &'a Read<'_>) -> Vec<(String, &'a RunSummary)> {
    let mut found: IndexMap<&str, (String, &RunSummary)> = IndexMap::new();
    for (curve, run) in read.of.curves.iter().zip(&read.of.runs) {
        let label = format!("{} on {}", curve.algorithm, curve.table);
        found.entry(&run.experiment).or_insert((label, run));
    }
    found.into_values().collect()
}

/// Everything that runs of an experiment depend on, but the seed.
fn settings(run: &RunSummary) -> Result<serde_json::Value, Error> {
    let cannot = |error: serde_json::Error| Error::Failed(error.to_string());
    let mut spec = serde_json::to_value(&run.spec).map_err(cannot)?;
    spec["config"] = serde_json::from_str(&run.spec.config).map_err(cannot)?;
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("seed");
    }
    Ok(spec)
}

/// A command for each experiment, with all of its seeds.
fn commands(read: &Read<'_>) -> String {
    let mut seeds: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for run in &read.of.runs {
        seeds
            .entry(&run.experiment)
            .or_default()
            .insert(run.spec.seed);
    }
    let command = |(_, run): (String, &RunSummary)| {
        let spec = &run.spec;
        let window = spec
            .pace
            .window()
            .map_or_else(String::new, |w| format!(" --window {w}"));
        let mut further: Vec<(&str, String)> = Vec::new();
        if let Some(of) = &spec.objectives {
            let all: Vec<String> = of.all().iter().map(ToString::to_string).collect();
            further.push(("objective", all.join(",")));
        }
        let config: serde_json::Value = serde_json::from_str(&spec.config).unwrap_or_default();
        for (field, argument) in [
            ("constraints", "constraint"),
            ("fix", "fix"),
            ("exclude", "exclude"),
        ] {
            let texts = config[field].as_array().into_iter().flatten();
            let texts = texts.filter_map(serde_json::Value::as_str);
            let typed = texts.map(|text| of_bound(text).to_owned());
            // What is left of a table is told among the constraints, and is none that can be typed.
            let typed =
                typed.filter(|text| field != "constraints" || text.parse::<Bound>().is_ok());
            further.extend(typed.map(|text| (argument, text)));
        }
        let further = further.iter();
        let further = further.map(|(name, value)| format!(" --{name} {}", shell_word(value)));
        format!(
            "ganas search --space {} --algorithm {} --search {} --report {}{}{window} --budget {} --seeds {} --study {}\n",
            shell_word(&spec.space),
            shell_word(&spec.algorithm),
            shell_word(&spec.protocol.search),
            shell_word(&spec.protocol.report),
            further.collect::<String>(),
            spec.budget.unique_queries(),
            seeds_text(&seeds[&*run.experiment]),
            shell_word(&read.study.path().display().to_string())
        )
    };
    experiments(read).into_iter().map(command).collect()
}

/// A bound as it is typed, of one as it is recorded, with what is said of it behind it.
fn of_bound(recorded: &str) -> &str {
    recorded.split(" (").next().unwrap_or(recorded)
}

/// Seeds as the command line takes them: `0..5`, or a list.
fn seeds_text(seeds: &BTreeSet<u64>) -> String {
    let (Some(first), Some(last)) = (seeds.first(), seeds.last()) else {
        return String::new();
    };
    let is_range = u64::try_from(seeds.len()).is_ok_and(|n| last - first + 1 == n);
    match last.checked_add(1) {
        Some(end) if is_range => format!("{first}..{end}"),
        _ => {
            let all: Vec<String> = seeds.iter().map(ToString::to_string).collect();
            all.join(",")
        }
    }
}

/// What Marius Lindauer and Frank Hutter ask for in "Best Practices for Scientific Research on Neural Architecture Search" (JMLR 21(243),
/// 2020), in our words, as far as the study knows it.
fn checklist(read: &Read<'_>) -> Section {
    let runs = &read.of.runs;
    let distinct = |of: fn(&RunSummary) -> &str| {
        let all: BTreeSet<&str> = runs.iter().map(of).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    let has_random = runs.iter().any(|run| run.spec.algorithm == "random");
    let mut seeds: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for run in runs {
        seeds
            .entry(&run.experiment)
            .or_default()
            .insert(run.spec.seed);
    }
    let fewest = seeds.values().map(BTreeSet::len).min().unwrap_or(0);
    let wall: f64 = runs.iter().map(|run| run.wall_s).sum();
    let yes_or_no = |is: bool| if is { "yes" } else { "no" };
    let by_hand = "not known to the study: fill it in";
    let rows = [
        (
            "Code and settings of the search are available",
            "yes",
            "settings above; ganas is open source".to_owned(),
        ),
        (
            "The search space is published or described",
            "yes",
            distinct(|run| &run.spec.space),
        ),
        (
            "Code that trains and evaluates architectures is available",
            by_hand,
            String::new(),
        ),
        (
            "Seeds are told",
            "yes",
            format!("at least {fewest} for each configuration; see the commands"),
        ),
        (
            "Methods are compared in the same space, on the same data and with the same metrics",
            "yes",
            format!("on each by itself: {}", labels(read)),
        ),
        (
            "Random search is among them",
            yes_or_no(has_random),
            String::new(),
        ),
        (
            "Runs are repeated with several seeds",
            yes_or_no(fewest > 1),
            format!("at least {fewest}"),
        ),
        (
            "Results are shown over time, and not for one budget only",
            "yes",
            "regret above".to_owned(),
        ),
        (
            "What is selected on is apart from what is reported",
            yes_or_no(
                read.of
                    .tables
                    .iter()
                    .all(|t| t.protocol.search != t.protocol.report),
            ),
            read.of
                .tables
                .iter()
                .map(|t| t.protocol.to_string())
                .collect::<Vec<_>>()
                .join("; "),
        ),
        (
            "Versions and devices are told",
            "yes",
            format!(
                "ganas {}; {}",
                distinct(|run| &run.spec.version),
                distinct(|run| &run.spec.device)
            ),
        ),
        (
            "A benchmark of tables or surrogates is used, or the cost of training is told",
            "see runs and workers",
            String::new(),
        ),
        (
            "The time of the search is told",
            "yes",
            format!("{wall:.1} seconds in all, evaluations included"),
        ),
        (
            "How hyperparameters of the search were chosen, and at what cost",
            by_hand,
            String::new(),
        ),
        ("Ablations of what is new", by_hand, String::new()),
    ];
    let mut table = TextTable::of_names(["what is asked for", "", "what the study says"]);
    for (asked, answer, says) in rows {
        table.row([asked.to_owned(), answer.to_owned(), says]);
    }
    Section {
        title: "Checklist".to_owned(),
        content: vec![
            Content::Text(
                "After Lindauer and Hutter, \"Best Practices for Scientific Research on Neural Architecture Search\", JMLR 21(243), 2020, in other \
                 words; filled in from the study as far as it knows."
                    .to_owned(),
            ),
            Content::Table(table),
        ],
    }
}

fn labels(read: &Read<'_>) -> String {
    let labels: Vec<&str> = read.of.tables.iter().map(|table| &*table.label).collect();
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_as_they_are_typed() {
        let text = |seeds: &[u64]| seeds_text(&seeds.iter().copied().collect());
        assert_eq!(text(&[0, 1, 2]), "0..3");
        assert_eq!(text(&[5]), "5..6");
        assert_eq!(text(&[1, 3]), "1,3");
        assert_eq!(text(&[u64::MAX]), "18446744073709551615");
    }
}
