//! Arguments that several commands share, and what they read from the environment.

pub(crate) mod algorithm;
pub(crate) mod budget;
pub(crate) mod count;
pub(crate) mod course;
pub(crate) mod declarations;
pub(crate) mod duration;
pub(crate) mod environment;
pub(crate) mod evaluator;
pub(crate) mod filter;
pub(crate) mod goal;
pub(crate) mod restrictions;
pub(crate) mod space;
pub(crate) mod workers;
