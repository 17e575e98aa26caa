//! `ganas config`: a configuration as commented TOML.

use crate::algorithm::{Algorithm, AlgorithmArguments};
use crate::exit::Outcome;
use crate::{config_text, output};

/// Which configuration: a preset, or what `search` would use with the same arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    algorithm: AlgorithmArguments,
    /// Prints the configuration as one JSON object, as it is recorded, without comments.
    #[arg(long)]
    json: bool,
}

/// Prints the configuration.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let algorithm = arguments.algorithm.resolve()?;
    if arguments.json {
        output::print_json(&algorithm.config_json()?)?;
    } else {
        output::print_text(&match &algorithm {
            Algorithm::GaNas(choice) => config_text::commented(&choice.config)?,
            Algorithm::Random => "# Random search has nothing to configure.\n".to_owned(),
        })?;
    }
    Ok(Outcome::Done)
}
