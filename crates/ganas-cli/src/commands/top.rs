//! `ganas top`: the best architectures of a study.

use std::path::PathBuf;

use ganas_eval::Protocol;
use ganas_store::{Study, TopEntry};
use serde::Serialize;

use crate::exit::Outcome;
use crate::number::measurement;
use crate::output;
use crate::run_filter::FilterArguments;
use crate::text_table::{Align, TextTable};

/// Which study, and how many.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The study.
    study: PathBuf,
    /// The number of architectures; classes are counted once.
    #[arg(short, long, default_value_t = 10)]
    n: usize,
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
}

impl<'a> Entry<'a> {
    fn new(rank: usize, entry: &'a TopEntry) -> Self {
        Self {
            rank,
            arch: &entry.arch,
            key: entry.key.to_string(),
            search: entry.search.0,
            report: entry.report.0,
            run: &entry.run_name,
            algorithm: &entry.algorithm,
            seed: entry.seed,
            number: entry.number.0,
        }
    }
}

/// Prints the list.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let study = Study::open_read_only(&arguments.study)?;
    let filter = arguments.filter.resolve(&study)?;
    let top = study.top(arguments.n, &filter)?;
    let entries: Vec<Entry<'_>> = (1..)
        .zip(&top)
        .map(|(rank, entry)| Entry::new(rank, entry))
        .collect();
    let mut protocols: Vec<Protocol> = Vec::new();
    for run in study.runs()?.into_iter().filter(|run| filter.matches(run)) {
        if !protocols.contains(&run.spec.protocol) {
            protocols.push(run.spec.protocol);
        }
    }
    if arguments.json {
        output::print_json(&serde_json::json!({ "protocols": protocols, "top": entries }))?;
    } else {
        output::print_text(&text(&protocols, &entries))?;
    }
    Ok(Outcome::Done)
}

fn text(protocols: &[Protocol], entries: &[Entry<'_>]) -> String {
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
            entry.algorithm.to_owned(),
            entry.seed.to_string(),
            entry.number.to_string(),
            entry.arch.to_owned(),
        ]);
    }
    let protocols: String = protocols
        .iter()
        .map(|p| format!("search {}, report {} ({})\n", p.search, p.report, p.kind))
        .collect();
    format!("{protocols}\n{}", table.render())
}
