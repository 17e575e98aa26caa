//! `ganas config`: a configuration as commented TOML.

use std::sync::Arc;

use ganas_space::SearchSpace;

use crate::algorithm::{Algorithm, AlgorithmArguments};
use crate::exit::Outcome;
use crate::{config_text, output};

/// Which configuration: a preset, or what `search` would use with the same arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The search space that the preset is for [default: a space with fixed edges, such as nasbench201].
    #[arg(long, value_parser = crate::space_argument::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    #[command(flatten)]
    algorithm: AlgorithmArguments,
    /// Prints the configuration as one JSON object, as it is recorded, without comments.
    #[arg(long)]
    json: bool,
}

/// Prints the configuration.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let algorithm = arguments.algorithm.resolve(arguments.space.as_deref())?;
    if arguments.json {
        output::print_json(&algorithm.config_json()?)?;
    } else {
        output::print_text(&match &algorithm {
            Algorithm::GaNas(choice) => config_text::commented(&choice.config)?,
            Algorithm::LocalSearch => "# Local search has nothing to configure.\n".to_owned(),
            Algorithm::Random => "# Random search has nothing to configure.\n".to_owned(),
        })?;
    }
    Ok(Outcome::Done)
}
