//! The space that is named on the command line: a built-in one, or a TOML file that describes one.

use std::sync::Arc;

use ganas::SearchSpace;
use ganas::space::Opened;

use crate::printing::exit;

/// The space of a name, or of a path that ends in `.toml`, with the files that it was read from.
pub(crate) fn parse_with_files(text: &str) -> Result<Opened, String> {
    ganas::space::open_with_files(text).map_err(|error| exit::message(&error.into()))
}

/// The space of a name, or of a path that ends in `.toml`.
pub(crate) fn parse(text: &str) -> Result<Arc<dyn SearchSpace>, String> {
    ganas::space::open(text).map_err(|error| exit::message(&error.into()))
}
