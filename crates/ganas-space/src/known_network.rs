//! Known architectures of a space, by their names.

use serde::Serialize;

/// A known architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KnownNetwork<'a> {
    /// Its name, which [`decode`](crate::SearchSpace::decode) reads in place of its text.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// In what it differs from the network of this name; nothing when it is that network.
    pub differs: Option<&'a str>,
}
