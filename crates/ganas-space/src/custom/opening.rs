//! A description that is being opened.

use std::fmt;

use md5::{Digest as _, Md5};

use crate::{CostTable, StatedBound};

use super::document::Document;
use super::file::File;

/// Reads a file that the description names; the error says why it cannot be read.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// A description that is being opened.
pub(super) struct Open<'a> {
    pub(super) origin: &'a str,
    pub(super) document: Document<'a>,
    pub(super) file: &'a File,
    pub(super) read: &'a ReadFile<'a>,
}

impl Open<'_> {
    /// The name of the space: the given one, and eight hexadecimal digits that follow from `said` and from the costs.
    pub(super) fn name(&self, said: &str, costs: &CostTable) -> String {
        let given =
            |text: &Option<toml::Spanned<String>>| text.as_ref().map(|t| t.get_ref().clone());
        let mut digest = Md5::new();
        digest.update(format!(
            "{:?} {:?}\n",
            given(&self.file.parameters),
            given(&self.file.flops)
        ));
        digest.update(said);
        digest.update(costs.named_as_text());
        let digits: String = digest.finalize()[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{}-{digits}", self.file.name.get_ref())
    }

    /// The constraints.
    pub(super) fn bounds(&self) -> Vec<StatedBound> {
        let constraints = self.file.constraints.iter();
        constraints
            .map(|constraint| StatedBound {
                text: constraint.get_ref().clone(),
                place: format!(
                    "{}: line {}",
                    self.origin,
                    self.document.line(&constraint.span())
                ),
            })
            .collect()
    }
}

impl fmt::Debug for Open<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
