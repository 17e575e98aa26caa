//! The space that is named on the command line: a built-in one, or a TOML file that describes one.

use std::sync::Arc;

use ganas::SearchSpace;
use ganas::space::Described;

use crate::printing::exit;

/// The space of a name, or of a path that ends in `.toml`.
pub(crate) fn parse(text: &str) -> Result<Arc<dyn SearchSpace>, String> {
    ganas::space::open(text).map_err(|error| exit::message(&error.into()))
}

/// The same with the description of the space.
pub(crate) fn parse_described(text: &str) -> Result<Described, String> {
    ganas::space::open_described(text).map_err(|error| exit::message(&error.into()))
}
