//! Hard constraints on the command line, and where their values come from.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use ganas_eval::Property;
use ganas_search::{Bound, ConstrainedSpace, Constraint, SearchError};
use ganas_space::SearchSpace;
use ganas_table::Table;
use ganas_table::TableProperty;

use crate::closed_form;
use crate::evaluator_choice::EvaluatorChoice;
use crate::exit::UsageError;
use crate::improve::{Given, GivenBound, Improvement};
use crate::table_source;

/// What must hold of every architecture that is evaluated.
#[derive(Debug, clap::Args)]
pub(crate) struct ConstraintArguments {
    /// A bound that every evaluated architecture satisfies, for example `params <= 3.0e6` or `cifar10_raspi4_latency < 12`;
    /// can be given several times, and is added to those in the description of the space. Names are `params` and `flops`,
    /// the costs that the description names, the metrics of the table, those of --properties, and what a surrogate looks
    /// up, such as `note10_ms` of ofa-mbv3.
    /// With --improve, `base` is the value of the given network: `params <= 0.9 * base`.
    #[arg(long = "constraint", value_name = "NAME <= NUMBER", value_parser = parse)]
    constraints: Vec<GivenBound>,
    /// A table of this space, or a CSV file, whose columns constraints can name; can be given several times.
    #[arg(long, value_name = "FILE")]
    properties: Vec<PathBuf>,
}

fn parse(text: &str) -> Result<GivenBound, SearchError> {
    text.parse()
}

/// Where the constraints of the command line are from, for messages.
const ARGUMENT: &str = "--constraint";

/// The constraints in the description of a space, each with its place for messages.
pub(crate) fn stated(space: &dyn SearchSpace) -> anyhow::Result<Vec<(Bound, &str)>> {
    let bounds = space.stated_bounds().iter();
    bounds
        .map(|stated| {
            let bound = stated.text.parse().with_context(|| stated.place.clone())?;
            Ok((bound, &*stated.place))
        })
        .collect()
}

/// The constraints in the description of a space that the space itself can tell of an architecture.
pub(crate) fn computed(space: &Arc<dyn SearchSpace>) -> anyhow::Result<Vec<Constraint>> {
    let stated = stated(&**space)?.into_iter();
    let computed = stated.filter_map(|(bound, _)| {
        let property = closed_form::property(space, &bound.property)?;
        Some(Constraint::new(bound, property))
    });
    Ok(computed.collect())
}

/// A space under constraints, and what a result depends on because of them.
#[derive(Debug)]
pub(crate) struct Constrained {
    /// The space, or what the constraints leave of it.
    pub(crate) space: Arc<dyn SearchSpace>,
    /// The constraints as text, with the sha256 of the table that each looks up.
    pub(crate) record: Vec<String>,
    /// Those of the constraints that can mask the actions of a generator.
    pub(crate) masking: Vec<String>,
    /// What is to be improved, when a network is given.
    pub(crate) improvement: Option<Improvement>,
    /// The table that queries are answered from, if there is one, and those of --properties.
    pub(crate) tables: Vec<Arc<Table>>,
}

impl ConstraintArguments {
    /// Finds the properties, among them what the evaluator knows without a query.
    pub(crate) fn apply(
        &self,
        space: &Arc<dyn SearchSpace>,
        evaluator: &EvaluatorChoice,
        given: Option<Given>,
        note: &dyn Fn(&str),
    ) -> anyhow::Result<Constrained> {
        let mut tables: Vec<Arc<Table>> = evaluator.table().into_iter().cloned().collect();
        for path in &self.properties {
            tables.push(table_source::open(Some(path), &**space, note)?);
        }
        let sources = Sources {
            space,
            tables: &tables,
            looked_up: evaluator.properties(),
        };
        let (on_metric, known): (Vec<_>, Vec<_>) = self.constraints.iter().partition(|bound| {
            given
                .as_ref()
                .is_some_and(|given| given.is_on_metric(bound))
        });
        let stated = stated(&**space)?;
        let stated: Vec<(GivenBound, &str)> = (stated.into_iter())
            .map(|(bound, place)| (bound.into(), place))
            .collect();
        let mut constraints = Vec::new();
        let mut record = Vec::new();
        let cost = given.as_ref().and_then(Given::cost);
        // What costs more than the given network is no improvement.
        let cheaper = cost
            .map(|cost| format!("{cost} <= base").parse())
            .transpose()?;
        let of_arguments = known.into_iter().chain(&cheaper);
        for (bound, place) in (stated.iter().map(|(bound, place)| (bound, *place)))
            .chain(of_arguments.map(|bound| (bound, ARGUMENT)))
        {
            let (property, source) = sources.find(bound.property(), place)?;
            let of_given = given.as_ref().and_then(|given| property.value(&given.arch));
            let mut bound = bound.resolve(of_given)?;
            bound.property = property.name().to_owned();
            record.push(match source {
                Some(table) => format!("{bound} (table {})", table.sha256()),
                None => bound.to_string(),
            });
            constraints.push(Constraint::new(bound, property));
        }
        let cost = cost.map(|cost| sources.find(cost, ARGUMENT)).transpose()?;
        let improvement = given
            .map(|given| given.improvement(&on_metric, cost.map(|(cost, _)| cost)))
            .transpose()?;
        let mut masking = Vec::new();
        let constrained: Arc<dyn SearchSpace> = if constraints.is_empty() {
            Arc::clone(space)
        } else {
            let constrained = ConstrainedSpace::new(Arc::clone(space), constraints)?;
            masking = constrained.masking();
            Arc::new(constrained)
        };
        Ok(Constrained {
            space: constrained,
            record,
            masking,
            improvement,
            tables,
        })
    }
}

/// Where properties come from.
struct Sources<'a> {
    space: &'a Arc<dyn SearchSpace>,
    tables: &'a [Arc<Table>],
    /// What a surrogate looks up; its fingerprint is in the record of a run.
    looked_up: &'a [Arc<dyn Property>],
}

impl<'a> Sources<'a> {
    /// The property with a name, and the table that it is a column of. `place` is where it is named.
    fn find(
        &self,
        name: &str,
        place: &str,
    ) -> anyhow::Result<(Arc<dyn Property>, Option<&'a Table>)> {
        if let Some(property) = closed_form::property(self.space, name) {
            return Ok((property, None));
        }
        if let Some(property) = self.looked_up.iter().find(|known| known.name() == name) {
            return Ok((Arc::clone(property), None));
        }
        for table in self.tables {
            if let Ok(column) = table.column(name) {
                let space = Arc::clone(self.space);
                let property = TableProperty::new(space, Arc::clone(table), column);
                return Ok((Arc::new(property), Some(table)));
            }
        }
        let known: Vec<&str> = closed_form::names(&**self.space)
            .into_iter()
            .chain(self.looked_up.iter().map(|property| property.name()))
            .chain(self.tables.iter().flat_map(|table| {
                let columns = table.columns();
                columns.map(|column| table.info(column).name.as_str())
            }))
            .collect();
        Err(UsageError(format!(
            "{place}: there is no property `{name}`; known are {}; \
             a column of another table is made known with --properties FILE",
            known.join(", ")
        ))
        .into())
    }
}
