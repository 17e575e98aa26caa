//! The settings of fixed lists.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// The configuration of the order by the number of parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ByParametersConfig {
    /// What the architectures are ordered by: `params`, or another property that is known without a query, such as `flops`; the
    /// largest come first, with a minus before the name the smallest.
    pub property: String,
}

impl Default for ByParametersConfig {
    fn default() -> Self {
        Self {
            property: "params".to_owned(),
        }
    }
}

/// The configuration of the order by columns of tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ByColumnsConfig {
    /// The columns whose mean rank orders the architectures, of the table that is searched or of one that is made known with
    /// --properties. The better values of each come first; where a column does not say which they are, the larger ones, and
    /// with a minus before its name the smaller ones.
    pub columns: Vec<String>,
}
