//! The space that is named on the command line: a built-in one, or a TOML file that describes one.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use ganas_space::{SearchSpace, custom};

use crate::constraints;

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
    // Files are named relative to the description.
    let folder = Path::new(text).parent().unwrap_or(Path::new(""));
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .map_err(|error| format!("cannot read this file: {error}"))
    };
    let space = custom::open(text, &description, &read).with_context(|| text.to_owned())?;
    constraints::stated(&*space)?;
    Ok(space)
}
