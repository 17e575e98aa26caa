//! Known architectures of a space, by their names.

/// A known architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, which is read in place of its text.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// In what it differs from the network of this name; nothing when it is that network.
    pub differs: Option<&'static str>,
}
