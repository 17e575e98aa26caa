//! The columns of tables, as constraints and objectives name them.

use std::sync::Arc;

use ganas_eval::{MetricRole, Property};
#[cfg(feature = "tables")]
use ganas_table::{Table, TableError, TableProperty};

use crate::{Error, SearchSpace};

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

    /// The first column with a name; an error when its table is damaged.
    pub(crate) fn find(
        &self,
        space: &Arc<dyn SearchSpace>,
        name: &str,
    ) -> Result<Option<Column>, Error> {
        for (number, table) in self.tables.iter().enumerate() {
            let column = match table.column(name) {
                Ok(column) => column,
                Err(TableError::UnknownMetric { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let property = TableProperty::new(Arc::clone(space), Arc::clone(table), column);
            return Ok(Some(Column {
                property: Arc::new(property),
                role: table.info(column).role,
                table_sha256: table.sha256()?,
                is_own: number < self.n_own,
            }));
        }
        Ok(None)
    }

    /// The names and roles of all columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, MetricRole)> {
        self.tables.iter().flat_map(|table| {
            let infos = table.manifest().columns.iter();
            infos.map(|info| (&*info.name, info.role))
        })
    }
}

#[cfg(not(feature = "tables"))]
impl Columns {
    pub(crate) fn find(&self, _: &Arc<dyn SearchSpace>, _: &str) -> Result<Option<Column>, Error> {
        Ok(None)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, MetricRole)> {
        std::iter::empty()
    }
}
