//! The columns of tables, as constraints and objectives name them.

use std::sync::Arc;

use ganas_eval::{MetricRole, Property};
#[cfg(feature = "tables")]
use ganas_table::{Table, TableProperty};

use crate::SearchSpace;

/// Tables whose columns are known without a query; without the feature `tables` there are none.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    #[cfg(feature = "tables")]
    tables: Vec<Arc<Table>>,
    /// So many of the tables answer the queries; they come first.
    #[cfg(feature = "tables")]
    n_own: usize,
}

/// A column.
pub(crate) struct Column {
    pub(crate) property: Arc<dyn Property>,
    pub(crate) role: MetricRole,
    pub(crate) table_sha256: String,
    /// Whether its table answers the queries.
    pub(crate) is_own: bool,
}

#[cfg(feature = "tables")]
impl Columns {
    pub(crate) fn new(own: Option<&Arc<Table>>, others: Vec<Arc<Table>>) -> Self {
        Self {
            tables: own.cloned().into_iter().chain(others).collect(),
            n_own: usize::from(own.is_some()),
        }
    }

    /// The first column with a name.
    pub(crate) fn find(&self, space: &Arc<dyn SearchSpace>, name: &str) -> Option<Column> {
        let mut tables = self.tables.iter().enumerate();
        tables.find_map(|(number, table)| {
            let column = table.column(name).ok()?;
            let property = TableProperty::new(Arc::clone(space), Arc::clone(table), column);
            Some(Column {
                property: Arc::new(property),
                role: table.info(column).role,
                table_sha256: table.sha256(),
                is_own: number < self.n_own,
            })
        })
    }

    /// That the import of a table left out the column of this name, and why, as a part of a message; nothing when none
    /// did.
    pub(crate) fn left_out(&self, name: &str) -> String {
        let skipped = self
            .tables
            .iter()
            .flat_map(|table| &table.manifest().skipped);
        let mut skipped = skipped.filter(|column| column.name == name);
        skipped.next().map_or_else(String::new, |column| {
            let reason = &column.reason;
            format!(" (the import left out the column of this name: {reason})")
        })
    }

    /// The names and roles of all columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, MetricRole)> {
        self.tables.iter().flat_map(|table| {
            let infos = table.columns().map(|column| table.info(column));
            infos.map(|info| (&*info.name, info.role))
        })
    }
}

#[cfg(not(feature = "tables"))]
impl Columns {
    pub(crate) fn find(&self, _: &Arc<dyn SearchSpace>, _: &str) -> Option<Column> {
        None
    }

    pub(crate) fn left_out(&self, _: &str) -> String {
        String::new()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, MetricRole)> {
        std::iter::empty()
    }
}
