//! What the tests of all spaces share.

pub(crate) mod bounds;
pub(crate) mod laws;
pub(crate) mod published;
