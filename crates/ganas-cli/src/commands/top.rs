//! `ganas top`: the best architectures of a study.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ganas::SearchSpace;
use ganas::eval::MetricPair;
use ganas::store::{RunFilter, Study, TopEntry};
use serde::Serialize;

use crate::arguments::filter::FilterArguments;
use crate::arguments::restrictions::RestrictionArguments;
use crate::commands::unchecked;
use crate::printing::exit::{Outcome, UsageError};
use crate::printing::output;
use crate::printing::stderr::message;
use ganas::report::escape::escaped;
use ganas::report::tables::{Align, TextTable, measurement, optional};

/// Which study, and how many.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The study.
    study: PathBuf,
    /// The number of architectures; classes are counted once.
    #[arg(short, long, default_value_t = 10)]
    n: usize,
    /// The front instead: all that nothing else in the chosen runs dominates, which were searched with several objectives.
    #[arg(long, conflicts_with_all = ["n", "fixed", "excluded"])]
    pareto: bool,
    #[command(flatten)]
    restrictions: RestrictionArguments,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    filter: FilterArguments,
}

/// An architecture of the list.
#[derive(Serialize)]
struct Entry<'a> {
    rank: usize,
    arch: &'a str,
    key: String,
    search: f64,
    report: f64,
    run: &'a str,
    algorithm: &'a str,
    seed: u64,
    number: u32,
    /// Whether it is recorded as a trial, or evaluated and waits for those before it.
    recorded: bool,
}

impl<'a> Entry<'a> {
    fn new(rank: usize, entry: &'a TopEntry) -> Self {
        Self {
            rank,
            arch: &entry.arch,
            key: entry.key.to_string(),
            search: entry.search.value(),
            report: entry.report.0,
            run: &entry.run_name,
            algorithm: &entry.algorithm,
            seed: entry.seed,
            number: entry.number.0,
            recorded: entry.is_recorded,
        }
    }
}

/// Prints the list.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let study = Study::open_read_only(&arguments.study)?;
    let filter = arguments.filter.resolve(&study)?;
    unchecked::tell(&study, &filter)?;
    if arguments.pareto {
        return front(arguments, &study, &filter);
    }
    let top = match searched_space(arguments, &study, &filter)? {
        None => study.top(arguments.n, &filter)?,
        Some(space) => {
            let all = study.top(usize::MAX, &filter)?.into_iter();
            let left = all.filter(|entry| is_left(&*space, entry));
            left.take(arguments.n).collect()
        }
    };
    let entries: Vec<Entry<'_>> = (1..)
        .zip(&top)
        .map(|(rank, entry)| Entry::new(rank, entry))
        .collect();
    let protocols = protocols(&study, &filter)?;
    if arguments.json {
        output::print_json(&serde_json::json!({ "protocols": protocols, "top": entries }))?;
    } else {
        output::print_text(&text(&protocols, &entries))?;
        say_when_empty(entries.is_empty(), &study, &filter)?;
    }
    Ok(Outcome::Done)
}

/// What --fix and --exclude leave of the space of the chosen runs; nothing, when there are none.
fn searched_space(
    arguments: &Arguments,
    study: &Study,
    filter: &RunFilter,
) -> anyhow::Result<Option<Arc<dyn SearchSpace>>> {
    if arguments.restrictions.is_empty() {
        return Ok(None);
    }
    let mut runs = study.runs()?;
    runs.retain(|run| filter.matches(run));
    let names: BTreeSet<&str> = runs.iter().map(|run| &*run.spec.space).collect();
    let space = match (arguments.filter.described()?, &Vec::from_iter(names)[..]) {
        (Some(space), _) => space,
        (None, [name]) => ganas::space::open(name).context(
            "the space of the runs is not built in: name its description with --space FILE.toml",
        )?,
        (None, names) => {
            let names = names.join(", ");
            return Err(UsageError(format!(
                "--fix and --exclude name choices of one space, and the chosen runs are of {}: choose one with --space",
                if names.is_empty() { "none" } else { &names }
            ))
            .into());
        }
    };
    arguments.restrictions.of(&space).map(Some)
}

/// Whether an architecture of a study satisfies --fix and --exclude.
fn is_left(space: &dyn SearchSpace, entry: &TopEntry) -> bool {
    let arch = space.decode(&entry.arch);
    arch.is_ok_and(|arch| space.admits(&arch))
}

/// Says on stderr why there is nothing to list.
fn say_when_empty(is_empty: bool, study: &Study, filter: &RunFilter) -> anyhow::Result<()> {
    if !is_empty {
        return Ok(());
    }
    let all = study.runs()?;
    let chosen: Vec<_> = all.iter().filter(|run| filter.matches(run)).collect();
    let failed: u64 = chosen.iter().map(|run| u64::from(run.counts.failed)).sum();
    let why = match chosen.len() {
        0 if all.is_empty() => "the study holds no runs".to_owned(),
        0 => format!("none of its {} runs is chosen by the filters", all.len()),
        n => format!("the chosen runs ({n}) have no evaluation that succeeded; {failed} failed"),
    };
    message(format_args!("nothing to list: {why}"));
    Ok(())
}

/// The protocols of the chosen runs.
fn protocols(study: &Study, filter: &RunFilter) -> anyhow::Result<Vec<MetricPair>> {
    let mut protocols: Vec<MetricPair> = Vec::new();
    for run in study.runs()?.into_iter().filter(|run| filter.matches(run)) {
        if !protocols.contains(&run.spec.protocol) {
            protocols.push(run.spec.protocol);
        }
    }
    Ok(protocols)
}

/// An architecture of the front.
#[derive(Serialize)]
struct Member<'a> {
    objectives: BTreeMap<&'a str, f64>,
    #[serde(flatten)]
    entry: Entry<'a>,
}

/// Prints the front.
fn front(arguments: &Arguments, study: &Study, filter: &RunFilter) -> anyhow::Result<Outcome> {
    let front = study.front(filter)?;
    let names: Vec<&str> = front.objectives.all().iter().map(|o| &*o.name).collect();
    let members: Vec<Member<'_>> = (1..)
        .zip(&front.entries)
        .map(|(rank, member)| Member {
            objectives: names
                .iter()
                .copied()
                .zip(member.objectives.iter().copied())
                .collect(),
            entry: Entry::new(rank, &member.entry),
        })
        .collect();
    let protocols = protocols(study, filter)?;
    if arguments.json {
        let reference: Option<BTreeMap<&str, f64>> = front
            .reference_point
            .as_ref()
            .map(|point| names.iter().copied().zip(point.iter().copied()).collect());
        output::print_json(&serde_json::json!({
            "protocols": protocols,
            "objectives": front.objectives,
            "reference_point": reference,
            "hypervolume": front.hypervolume,
            "front": members,
        }))?;
        return Ok(Outcome::Done);
    }
    let shown: Vec<_> = names.iter().map(|&name| escaped(name)).collect();
    let columns = shown.iter().map(|name| (&**name, Align::Right));
    let more = [
        ("report", Align::Right),
        ("algorithm", Align::Left),
        ("seed", Align::Right),
        ("trial", Align::Right),
        ("architecture", Align::Left),
    ];
    let mut table = TextTable::new(columns.chain(more).collect::<Vec<_>>());
    for member in &members {
        let values = names
            .iter()
            .map(|name| measurement(member.objectives[name]));
        let more = [
            measurement(member.entry.report),
            escaped(member.entry.algorithm).into_owned(),
            member.entry.seed.to_string(),
            member.entry.number.to_string(),
            escaped(member.entry.arch).into_owned(),
        ];
        table.row(values.chain(more).collect::<Vec<_>>());
    }
    let reference = front.reference_point.map_or_else(String::new, |point| {
        let values = shown.iter().zip(point);
        let values: Vec<String> = values
            .map(|(name, value)| format!("{name}={}", measurement(value)))
            .collect();
        format!(" from {}", values.join(", "))
    });
    output::print_text(&format!(
        "{}{} architectures, hypervolume {}{reference}\n\n{}",
        protocol_text(&protocols),
        members.len(),
        optional(front.hypervolume),
        table.to_text()
    ))?;
    say_when_empty(members.is_empty(), study, filter)?;
    Ok(Outcome::Done)
}

fn protocol_text(protocols: &[MetricPair]) -> String {
    let lines = protocols.iter();
    lines
        .map(|pair| escaped(&pair.to_string()).into_owned() + "\n")
        .collect()
}

fn text(protocols: &[MetricPair], entries: &[Entry<'_>]) -> String {
    let mut table = TextTable::new([
        ("rank", Align::Right),
        ("search", Align::Right),
        ("report", Align::Right),
        ("algorithm", Align::Left),
        ("seed", Align::Right),
        ("trial", Align::Right),
        ("architecture", Align::Left),
    ]);
    for entry in entries {
        table.row([
            entry.rank.to_string(),
            measurement(entry.search),
            measurement(entry.report),
            escaped(entry.algorithm).into_owned(),
            entry.seed.to_string(),
            format!("{}{}", entry.number, if entry.recorded { "" } else { "*" }),
            escaped(entry.arch).into_owned(),
        ]);
    }
    let note = if entries.iter().all(|entry| entry.recorded) {
        ""
    } else {
        "* evaluated, and waits for those that were proposed before it\n"
    };
    format!("{}\n{}{note}", protocol_text(protocols), table.to_text())
}

#[cfg(test)]
mod tests {
    use ganas::eval::SelectionKind;

    use super::*;

    /// What a file or a worker has named is shown, not obeyed, and stays in its line.
    #[test]
    fn control_characters_of_a_study_are_escaped() {
        let hostile = "a\u{1b}[2J\nb\u{202e}\u{9b}1A\r";
        let protocol = MetricPair::maximized(hostile, hostile, SelectionKind::Unclassified);
        let entry = Entry {
            rank: 1,
            arch: hostile,
            key: String::new(),
            search: 0.5,
            report: 0.5,
            run: hostile,
            algorithm: hostile,
            seed: 0,
            number: 0,
            recorded: false,
        };
        let text = text(&[protocol], &[entry]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text:?}");
        assert!(!text.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')));
        assert!(text.contains(r"a\u{1b}[2J\nb\u{202e}"), "{text}");
    }
}
