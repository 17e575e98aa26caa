//! The columns of tables, as constraints and objectives name them.

use std::sync::Arc;

use ganas_eval::{MetricMeaning, MetricRole, Property};
#[cfg(feature = "tables")]
use ganas_table::{Table, TableProperty};

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
    pub(crate) meaning: MetricMeaning,
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

    /// The column with a name, which leads the search.
    ///
    /// # Errors
    ///
    /// Two tables have such a column, it is a cost with values below zero, or its table is damaged.
    pub(crate) fn find(
        &self,
        space: &Arc<dyn SearchSpace>,
        name: &str,
    ) -> Result<Option<Column>, Error> {
        let tables = self.tables.iter().enumerate();
        let has = |table: &Table| {
            table
                .manifest()
                .columns
                .iter()
                .any(|column| column.name == name)
        };
        let mut having = tables.filter(|(_, table)| has(table));
        let Some((number, table)) = having.next() else {
            return Ok(None);
        };
        if let Some((_, other)) = having.next() {
            return Err(Error::Usage(format!(
                "`{name}` is a column of {} and of {}: leave one of the tables out, or import one of them with another name \
                 for it, as `ganas table import --metric NAME={name}` does",
                table.title(),
                other.title()
            )));
        }
        let column = table.leading_column(name)?;
        let property = TableProperty::new(Arc::clone(space), Arc::clone(table), column);
        Ok(Some(Column {
            property: Arc::new(property),
            meaning: table.meaning(column).clone(),
            table_sha256: table.sha256()?,
            is_own: number < self.n_own,
        }))
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
            let columns = table.metrics();
            columns.map(|(name, meaning)| (name, meaning.role))
        })
    }
}

#[cfg(not(feature = "tables"))]
impl Columns {
    #[expect(clippy::unnecessary_wraps, reason = "as with tables")]
    pub(crate) fn find(&self, _: &Arc<dyn SearchSpace>, _: &str) -> Result<Option<Column>, Error> {
        Ok(None)
    }

    pub(crate) fn left_out(&self, _: &str) -> String {
        String::new()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, MetricRole)> {
        std::iter::empty()
    }
}
