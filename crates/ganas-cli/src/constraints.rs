//! Hard constraints on the command line, and where their values come from.

use std::path::PathBuf;
use std::sync::Arc;

use ganas_eval::table::Table;
use ganas_eval::{ClosedForm, CostProperty, Property, TableProperty};
use ganas_search::{Bound, ConstrainedSpace, Constraint, SearchError};
use ganas_space::SearchSpace;

use crate::exit::UsageError;
use crate::table_source;

/// What must hold of every architecture that is evaluated.
#[derive(Debug, clap::Args)]
pub(crate) struct ConstraintArguments {
    /// A bound that every evaluated architecture satisfies, for example `params <= 3.0e6` or `cifar10_raspi4_latency < 12`;
    /// can be given several times. Names are `params` and `flops`, the metrics of the table, and those of --properties.
    #[arg(long = "constraint", value_name = "NAME <= NUMBER", value_parser = parse)]
    constraints: Vec<Bound>,
    /// A table of this space, or a CSV file, whose columns constraints can name; can be given several times.
    #[arg(long, value_name = "FILE", requires = "constraints")]
    properties: Vec<PathBuf>,
}

fn parse(text: &str) -> Result<Bound, SearchError> {
    text.parse()
}

/// A space under constraints, and what a result depends on because of them.
#[derive(Debug)]
pub(crate) struct Constrained {
    /// The space, or what the constraints leave of it.
    pub(crate) space: Arc<dyn SearchSpace>,
    /// The constraints as text, with the sha256 of the table that each looks up.
    pub(crate) record: Vec<String>,
}

impl ConstraintArguments {
    /// Finds the properties. `table` is the one that queries are answered from, if there is one.
    pub(crate) fn apply(
        &self,
        space: &Arc<dyn SearchSpace>,
        table: Option<&Arc<Table>>,
        note: &dyn Fn(&str),
    ) -> anyhow::Result<Constrained> {
        if self.constraints.is_empty() {
            return Ok(Constrained {
                space: Arc::clone(space),
                record: Vec::new(),
            });
        }
        let mut tables: Vec<Arc<Table>> = table.into_iter().cloned().collect();
        for path in &self.properties {
            tables.push(table_source::open(Some(path), &**space, note)?);
        }
        let mut constraints = Vec::new();
        let mut record = Vec::new();
        for bound in &self.constraints {
            let (property, source) = find(&bound.property, space, &tables)?;
            record.push(match source {
                Some(table) => format!("{bound} (table {})", table.sha256()),
                None => bound.to_string(),
            });
            constraints.push(Constraint::new(bound.clone(), property));
        }
        let space = ConstrainedSpace::new(Arc::clone(space), constraints)?;
        Ok(Constrained {
            space: Arc::new(space),
            record,
        })
    }
}

/// The property with a name, and the table that it is a column of.
fn find<'a>(
    name: &str,
    space: &Arc<dyn SearchSpace>,
    tables: &'a [Arc<Table>],
) -> anyhow::Result<(Arc<dyn Property>, Option<&'a Table>)> {
    if let Some(cost) = ClosedForm::ALL.into_iter().find(|cost| cost.name() == name) {
        let property = CostProperty::new(Arc::clone(space), cost);
        return Ok((Arc::new(property), None));
    }
    for table in tables {
        if let Ok(column) = table.column(name) {
            let property = TableProperty::new(Arc::clone(space), Arc::clone(table), column);
            return Ok((Arc::new(property), Some(table)));
        }
    }
    let known: Vec<&str> = ClosedForm::ALL
        .iter()
        .map(|cost| cost.name())
        .chain(tables.iter().flat_map(|table| {
            let columns = table.columns();
            columns.map(|column| table.info(column).name.as_str())
        }))
        .collect();
    Err(UsageError(format!(
        "--constraint: there is no property `{name}`; known are {}; \
         a column of another table is made known with --properties FILE",
        known.join(", ")
    ))
    .into())
}
