//! Known architectures of a space, by their names.

/// A known architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownNetwork<'a> {
    /// Its name, which [`decode`](crate::SearchSpace::decode) reads in place of its text.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// In what it differs from the network of this name; nothing when it is that network.
    pub differs: Option<&'a str>,
}
