//! `ganas completions`: completions of a shell.

use clap::CommandFactory as _;

use crate::printing::exit::Outcome;
use crate::printing::output;

/// Which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Prints the completions.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    let mut command = crate::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "ganas", &mut script);
    output::print(|out| Ok(out.write_all(&script)?))?;
    Ok(Outcome::Done)
}
