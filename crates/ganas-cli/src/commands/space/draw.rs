//! `ganas space draw`: an architecture as a graph.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use ganas::figures::ArchDrawing;
use ganas::files::{Output, Replace, Target, means_stdout};
use ganas::space::SearchSpace;

use crate::printing::exit::UsageError;
use crate::printing::output;

/// How a graph is drawn, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// The architecture as text.
    arch: String,
    /// Draws the canonical form of its class.
    #[arg(long)]
    canonical: bool,
    /// The format [default: by the ending of the output, or else dot].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write, replaced when it exists [default: stdout, for text].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The DOT language of Graphviz.
    Dot,
    /// A drawing in layers.
    Svg,
    /// A picture of the drawing.
    Png,
    /// The edges.
    Csv,
}

/// Draws a graph; vertices without edges, which stand for what is left out, are dashed.
pub(super) fn draw(space: &dyn SearchSpace, how: &How) -> anyhow::Result<()> {
    let mut arch = space.decode(&how.arch)?;
    if how.canonical {
        arch = space.canonical(&arch);
    }
    let drawing = ArchDrawing::new(space.name(), space, &arch);
    let path = how.output.as_deref().filter(|path| !means_stdout(path));
    let format = match (how.format, path) {
        (Some(format), _) => format,
        (None, None) => Format::Dot,
        (None, Some(path)) => of_ending(path).ok_or_else(|| {
            UsageError(format!(
                "the ending of {} names no format: expected .dot, .svg, .png or .csv, or --format",
                path.display()
            ))
        })?,
    };
    let figure = || drawing.figure().context("the architecture has no graph");
    let bytes = match format {
        Format::Dot => drawing.dot(space.name()).into_bytes(),
        Format::Csv => drawing.csv().into_bytes(),
        Format::Svg => figure()?.svg.into_bytes(),
        Format::Png => figure()?.png()?,
    };
    let Some(path) = path else {
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(UsageError(
                "a picture is no text: name a file for it with --output FILE.png".to_owned(),
            )
            .into());
        };
        return output::print_text(&text);
    };
    let mut file = Output::create(&Target::new(path, Replace::Allowed))?;
    file.write_all(&bytes)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.commit()?)
}

fn of_ending(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_str()?;
    Format::from_str(ending, true).ok()
}
