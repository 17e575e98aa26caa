//! The evaluator that answers from a table.

use std::sync::Arc;

use ganas_space::{ArchKey, SearchSpace};

use ganas_eval::{
    EvalError, Evaluator, Measurement, MetricPair, MetricRole, Query, ReportMetric, SearchMetric,
    SelectionKind,
};

use crate::error::{TableError, TableProblem};

use super::open::{Column, Table};

/// Answers queries from a table: two metrics of the lowest row of the architecture's class.
#[derive(Debug)]
pub struct TableEvaluator {
    table: Arc<Table>,
    space: Arc<dyn SearchSpace>,
    search: Column,
    report: Column,
    metric_pair: MetricPair,
}

impl TableEvaluator {
    /// Evaluates on the metric `search` and records the metric `report`.
    ///
    /// The pair of metrics follows from the role of `search` ([`SelectionKind`]), and the epochs from the manifest.
    ///
    /// # Errors
    ///
    /// [`TableProblem::WrongSpace`] when the table is of another space, [`TableError::UnknownMetric`], and
    /// [`TableError::CostAsSearchMetric`] because a search maximises.
    pub fn new(
        table: Arc<Table>,
        space: Arc<dyn SearchSpace>,
        search: &str,
        report: &str,
    ) -> Result<Self, TableError> {
        if table.manifest().space != space.name() {
            return Err(TableProblem::WrongSpace {
                table: table.manifest().space.clone(),
                space: space.name().to_owned(),
            }
            .in_file(table.path()));
        }
        let [search, report] = [table.column(search)?, table.column(report)?];
        let [search_info, report_info] = [table.info(search), table.info(report)];
        let kind = match search_info.role {
            MetricRole::Validation => SelectionKind::ValidationSelected,
            MetricRole::Test => SelectionKind::TestSelected,
            MetricRole::Other => SelectionKind::Unclassified,
            MetricRole::Cost => {
                return Err(TableError::CostAsSearchMetric {
                    metric: search_info.name.clone(),
                    instead: instead_of_a_cost(&table),
                });
            }
        };
        let metric_pair = MetricPair {
            search: search_info.name.clone(),
            report: report_info.name.clone(),
            kind,
            search_epochs: search_info.epochs,
            report_epochs: report_info.epochs,
        };
        Ok(Self {
            table,
            space,
            search,
            report,
            metric_pair,
        })
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The metric that is searched on.
    #[must_use]
    pub fn search_column(&self) -> Column {
        self.search
    }

    /// The metric that is reported.
    #[must_use]
    pub fn report_column(&self) -> Column {
        self.report
    }

    /// The measurement of a class.
    ///
    /// # Errors
    ///
    /// [`EvalError::MissingArch`] with the key in place of the text, or [`EvalError::MissingValue`].
    pub fn evaluate_key(&self, key: ArchKey) -> Result<Measurement, EvalError> {
        let row = self
            .table
            .row_of(key)
            .ok_or_else(|| EvalError::MissingArch {
                arch: key.to_string(),
            })?;
        let value = |column| {
            if let Some(value) = self.table.value(column, row) {
                return Ok(value);
            }
            let arch = self.table.arch_text(row);
            let arch = arch.map_err(|error| EvalError::Unusable(Arc::new(error)))?;
            Err(EvalError::MissingValue {
                metric: self.table.info(column).name.clone(),
                arch: arch.to_owned(),
            })
        };
        Ok(Measurement {
            search: SearchMetric(value(self.search)?),
            report: ReportMetric(value(self.report)?),
            objectives: Vec::new(),
        })
    }
}

impl Evaluator for TableEvaluator {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        self.evaluate_key(query.key).map_err(|error| match error {
            EvalError::MissingArch { .. } => EvalError::MissingArch {
                arch: self.space.encode(query.arch),
            },
            other => other,
        })
    }
}

fn instead_of_a_cost(table: &Table) -> String {
    let columns = &table.manifest().columns;
    let names: Vec<&str> = columns
        .iter()
        .filter(|c| c.role == MetricRole::Validation)
        .map(|c| c.name.as_str())
        .collect();
    if names.is_empty() {
        "an accuracy (this table has no validation metric)".to_owned()
    } else {
        format!("one of {}", names.join(", "))
    }
}
