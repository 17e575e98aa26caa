//! `ganas space`: search spaces and what is in them.

mod choices;
mod describe;
mod draw;
mod texts;

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context as _;
use ganas::report::tables::{Align, TextTable};
use ganas::space::{Enumeration, SearchSpace};
use serde::Serialize;

use crate::arguments::restrictions::RestrictionArguments;
use crate::printing::exit::{Outcome, UsageError};
use crate::printing::output;

use self::texts::Texts;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Arguments {
    /// Lists the built-in search spaces.
    List {
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Prints all architectures of a space, one a line, in the official index order.
    Enumerate {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        #[command(flatten)]
        restrictions: RestrictionArguments,
        /// Prints the key of each architecture instead of its text: in NAS-Bench-101 the official module hash.
        #[arg(long)]
        hashes: bool,
    },
    /// Says what a space is: its size, its decisions, what its vertices can be, its costs, its constraints, its known
    /// members.
    Describe {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Lists the choices of a space with their options, which --fix and --exclude name, and which of them an architecture has.
    Choices {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        /// An architecture as text.
        arch: Option<String>,
        #[command(flatten)]
        restrictions: RestrictionArguments,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Counts the architectures of a space, and when they can be listed its classes, and those that its constraints admit.
    Count {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        #[command(flatten)]
        restrictions: RestrictionArguments,
    },
    /// Prints random architectures, one a line, drawn as an initial design is.
    Sample {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        #[command(flatten)]
        restrictions: RestrictionArguments,
        /// How many.
        #[arg(short, long, default_value_t = 1)]
        n: u32,
        /// The seed: the same one draws the same architectures.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Draws an architecture as a graph: for Graphviz, or in layers as SVG or PNG.
    Draw {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        #[command(flatten)]
        how: draw::How,
    },
    /// Reads architectures, and prints the key, the costs, the canonical text, and which constraints of the space hold, of
    /// each.
    Check {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        #[command(flatten)]
        archs: Texts,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Reads architectures in any form, and prints them as the space writes them, one a line.
    Convert {
        /// The name of the space, or a `.toml` file that describes one.
        #[arg(value_parser = crate::arguments::space::parse)]
        space: Arc<dyn SearchSpace>,
        #[command(flatten)]
        archs: Texts,
    },
}

/// A line of the list.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    size: Option<u64>,
    operations: Vec<String>,
}

/// Lists or enumerates.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    match arguments {
        Arguments::List { json } => list(*json)?,
        Arguments::Enumerate {
            space,
            restrictions,
            hashes: false,
        } => print_archs(&*restrictions.of(space)?)?,
        Arguments::Enumerate {
            space,
            restrictions,
            hashes: true,
        } => print_keys(&*restrictions.of(space)?)?,
        Arguments::Describe { space, json } => describe::describe(&**space, *json)?,
        Arguments::Choices {
            space,
            arch,
            restrictions,
            json,
        } => choices::print(space, restrictions, arch.as_deref(), *json)?,
        Arguments::Count {
            space,
            restrictions,
        } => describe::count(&restrictions.of(space)?)?,
        Arguments::Sample {
            space,
            restrictions,
            n,
            seed,
        } => texts::sample(&restrictions.of(space)?, *n, *seed)?,
        Arguments::Draw { space, how } => draw::draw(&**space, how)?,
        Arguments::Check { space, archs, json } => texts::check(space, archs, *json)?,
        Arguments::Convert { space, archs } => texts::convert(&**space, archs)?,
    }
    Ok(Outcome::Done)
}

fn list(json: bool) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for name in ganas::space::names() {
        let space = ganas::space::by_name(name)?;
        lines.push(Line {
            name,
            size: space.size(),
            operations: space.blueprint().operations().to_vec(),
        });
    }
    if json {
        return output::print_json(&serde_json::json!({ "spaces": lines }));
    }
    let mut table = TextTable::new([
        ("space", Align::Left),
        ("architectures", Align::Right),
        ("operations", Align::Left),
    ]);
    for line in lines {
        table.row([
            line.name.to_owned(),
            describe::size_text(line.size),
            line.operations.join(", "),
        ]);
    }
    output::print_text(&table.to_text())
}

fn print_archs(space: &dyn SearchSpace) -> anyhow::Result<()> {
    let list = prepared(space)?;
    output::print(|out| {
        for arch in list.archs() {
            writeln!(out, "{}", space.encode(&arch)).context("cannot write an architecture")?;
        }
        Ok(())
    })
}

fn print_keys(space: &dyn SearchSpace) -> anyhow::Result<()> {
    let list = prepared(space)?;
    output::print(|out| {
        for key in list.keys() {
            writeln!(out, "{key}").context("cannot write a key")?;
        }
        Ok(())
    })
}

/// The list of all architectures, made on as many threads as the machine runs at the same time.
fn prepared(space: &dyn SearchSpace) -> Result<&dyn Enumeration, UsageError> {
    let list = space
        .enumeration()
        .ok_or_else(|| UsageError(format!("the space {} cannot be enumerated", space.name())))?;
    list.prepare(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    Ok(list)
}
