//! A column as a property that constraints can bound.

use std::sync::Arc;

use ganas_eval::Property;
use ganas_space::{Arch, SearchSpace};

use crate::{Column, Table};

/// A column of a table, looked up by class as queries are.
#[derive(Debug)]
pub struct TableProperty {
    space: Arc<dyn SearchSpace>,
    table: Arc<Table>,
    column: Column,
}

impl TableProperty {
    /// A column of a table of this space.
    #[must_use]
    pub fn new(space: Arc<dyn SearchSpace>, table: Arc<Table>, column: Column) -> Self {
        Self {
            space,
            table,
            column,
        }
    }
}

impl Property for TableProperty {
    fn name(&self) -> &str {
        &self.table.info(self.column).name
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        let text = || self.space.encode(arch);
        let answer = self.table.answer(self.space.key(arch), text)?;
        self.table.answer_value(self.column, &answer)
    }
}
