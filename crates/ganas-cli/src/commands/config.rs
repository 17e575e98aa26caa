//! `ganas config`: a configuration as commented TOML.

use std::sync::Arc;

use ganas::SearchSpace;

use crate::arguments::algorithm::AlgorithmArguments;
use crate::printing::exit::Outcome;
use crate::printing::output;

/// Which configuration: a preset, or what `search` would use with the same arguments.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The search space that the preset is for [default: a space with fixed edges, such as nasbench201].
    #[arg(long, value_parser = crate::arguments::space::parse)]
    space: Option<Arc<dyn SearchSpace>>,
    #[command(flatten)]
    algorithm: AlgorithmArguments,
    /// Prints the configuration as one JSON object, as it is recorded, without comments.
    #[arg(long)]
    json: bool,
}

/// Prints the configuration.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let settings = arguments.algorithm.settings();
    let algorithm = settings.resolve(arguments.space.as_deref())?;
    if arguments.json {
        output::print_json(&algorithm.config_json()?)?;
    } else {
        output::print_text(&algorithm.config_text()?)?;
    }
    Ok(Outcome::Done)
}
