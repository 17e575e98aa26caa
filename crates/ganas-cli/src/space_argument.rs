//! The space that is named on the command line: a built-in one, or a TOML file that describes one.

use std::sync::Arc;

use anyhow::Context as _;
use ganas_space::SearchSpace;
use ganas_space::chain::Chain;

/// The space of a name, or of a path that ends in `.toml`.
pub(crate) fn parse(text: &str) -> Result<Arc<dyn SearchSpace>, String> {
    space(text).map_err(|error| crate::exit::message(&error))
}

fn space(text: &str) -> anyhow::Result<Arc<dyn SearchSpace>> {
    if !text.ends_with(".toml") {
        return Ok(ganas_space::by_name(text)?);
    }
    let description = std::fs::read_to_string(text)
        .with_context(|| format!("{text}: cannot read the description of a space"))?;
    let space = Chain::of_toml(&description).with_context(|| text.to_owned())?;
    Ok(space)
}
