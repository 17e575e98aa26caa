//! The commands, one file each: its arguments, and what it does.

pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod devices;
pub(crate) mod evaluate;
pub(crate) mod evaluations_bar;
pub(crate) mod export;
mod joining;
pub(crate) mod report;
pub(crate) mod search;
pub(crate) mod space;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod top;
pub(crate) mod unchecked;
