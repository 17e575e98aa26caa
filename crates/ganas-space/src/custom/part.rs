//! The parts of an architecture that costs are added over, as expressions and look-up tables know them.

use std::collections::BTreeMap;

use crate::Part;
use crate::excerpt::excerpt;

/// Numbers by their names.
pub(super) type Variables = BTreeMap<String, f64>;

/// What there can be at a place.
#[derive(Debug)]
pub(super) struct DescribedPart {
    /// The numbers of its place and of what is chosen there.
    pub(super) part: Part,
    /// What expressions know of it.
    pub(super) variables: Variables,
    /// Its row in a look-up table.
    pub(super) row: Row,
}

/// Which row of a look-up table is meant: the word of a layer or of an operation, and in a chain where it stands, counted
/// from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) stage: Option<usize>,
    pub(super) layer: Option<usize>,
    pub(super) word: String,
}

impl Row {
    /// The row in words.
    pub(super) fn describe(&self) -> String {
        let word = excerpt(&self.word);
        match (self.stage, self.layer) {
            (Some(stage), Some(layer)) => format!("`{word}` in layer {layer} of stage {stage}"),
            (Some(stage), None) => format!("`{word}` in stage {stage}"),
            (None, Some(layer)) => format!("`{word}` in layer {layer}"),
            (None, None) => format!("`{word}`"),
        }
    }
}
