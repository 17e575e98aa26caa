//! `ganas devices`: what ga-nas can compute on.

use crate::arguments::environment;
use crate::printing::exit::Outcome;
use crate::printing::output;
use crate::printing::stderr::message;

/// No arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

/// Prints a line for each device.
pub(crate) fn run(_arguments: &Arguments) -> anyhow::Result<Outcome> {
    let devices = ganas::devices(&environment::folders()?, &|note| message(note));
    let width = devices
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    let lines: String = devices
        .iter()
        .map(|(name, what)| format!("{name:<width$}  {what}\n"))
        .collect();
    output::print_text(&lines)?;
    Ok(Outcome::Done)
}
