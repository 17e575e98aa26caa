//! The evaluator that answers from a table.

use std::sync::Arc;

use ganas_space::{ArchKey, SearchSpace};

use ganas_eval::{
    EvalError, Evaluator, Measurement, MetricPair, Query, ReportMetric, SearchMetric,
};

use crate::error::{TableError, TableProblem};

use super::class_value::Answer;
use super::open::{Column, Table};

/// Answers queries from a table: two metrics of the architecture's class, as the table's
/// [`ClassValue`](crate::ClassValue) says.
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
    /// The pair of metrics follows from the role of `search` ([`SelectionKind`](ganas_eval::SelectionKind)), and the epochs from the manifest.
    ///
    /// # Errors
    ///
    /// [`TableProblem::WrongSpace`] when the table is of another space, [`TableError::UnknownMetric`],
    /// [`TableError::OutOfRange`] when a value is declared not to be possible, and [`TableError::UnknownDirection`] when
    /// nobody says which values of `search` are better.
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
        let [search, report] = [table.leading_column(search)?, table.ranged_column(report)?];
        let [search_info, report_info] = [table.info(search), table.info(report)];
        let meaning = table.meaning(search);
        let metric_pair = MetricPair {
            search: search_info.name.clone(),
            search_direction: meaning.known_direction(&search_info.name)?,
            report: report_info.name.clone(),
            report_direction: table.meaning(report).direction,
            kind: meaning.role.selection_kind(),
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

    /// The measurement of a class, where none of its architectures is meant in particular.
    ///
    /// # Errors
    ///
    /// [`EvalError::MissingArch`] with the key in place of the text, or [`EvalError::MissingValue`].
    pub fn evaluate_key(&self, key: ArchKey) -> Result<Measurement, EvalError> {
        match self.table.answer_of_class(key) {
            Some(answer) => self.measurement(&answer),
            None => Err(EvalError::MissingArch {
                arch: key.to_string(),
            }),
        }
    }

    fn measurement(&self, answer: &Answer) -> Result<Measurement, EvalError> {
        let value = |column| {
            if let Some(value) = self.table.answer_value(column, answer) {
                return Ok(value);
            }
            let arch = self.table.arch_text(answer.row);
            let arch = arch.map_err(|error| EvalError::Unusable(Arc::new(error)))?;
            Err(EvalError::MissingValue {
                metric: self.table.info(column).name.clone(),
                arch: arch.to_owned(),
            })
        };
        Ok(Measurement {
            search: SearchMetric::new(value(self.search)?, self.metric_pair.search_direction),
            report: ReportMetric(value(self.report)?),
            objectives: Vec::new(),
            violation: 0.0,
        })
    }
}

impl Evaluator for TableEvaluator {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let text = || self.space.encode(query.arch);
        match self.table.answer(query.key, text) {
            Some(answer) => self.measurement(&answer),
            None => Err(EvalError::MissingArch { arch: text() }),
        }
    }
}
