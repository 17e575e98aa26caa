//! Hard constraints, and where their values come from.

use std::sync::Arc;

use ganas_eval::{MetricMeaning, MetricPair, MetricRole, Property, SelectionKind};
use ganas_search::{Bound, ConstrainedSpace, Constraint, MeasuredBound};
use ganas_space::SearchSpace;

use super::columns::Columns;
use super::improve::{Given, GivenBound, Improvement};
use super::source::Evaluating;
use crate::error::Context as _;
use crate::{Error, closed_form};

/// Where the constraints of an experiment are from, for messages.
const ARGUMENT: &str = "--constraint";

/// The constraints in the description of a space, each with its place for messages.
///
/// # Errors
///
/// A constraint cannot be read.
pub fn stated(space: &dyn SearchSpace) -> Result<Vec<(Bound, &str)>, Error> {
    let bounds = space.stated_bounds().iter();
    bounds
        .map(|stated| {
            let bound = stated.text.parse().with_context(|| &*stated.place)?;
            Ok((bound, &*stated.place))
        })
        .collect()
}

/// The constraints in the description of a space that the space itself can tell of an architecture.
///
/// # Errors
///
/// A constraint cannot be read.
pub fn computed(space: &Arc<dyn SearchSpace>) -> Result<Vec<Constraint>, Error> {
    let stated = stated(&**space)?.into_iter();
    let computed = stated.filter_map(|(bound, _)| {
        let property = closed_form::property(space, &bound.property)?;
        Some(Constraint::new(bound, property))
    });
    Ok(computed.collect())
}

/// A space under constraints, and what a result depends on because of them.
#[derive(Debug)]
pub(super) struct Constrained {
    /// The space, or what the constraints leave of it.
    pub(crate) space: Arc<dyn SearchSpace>,
    /// The constraints as text, with the sha256 of the table that each looks up.
    pub(crate) record: Vec<String>,
    /// Those of the constraints that can mask the actions of a generator.
    pub(crate) masking: Vec<String>,
    /// What is to be improved, when a network is given.
    pub(crate) improvement: Option<Improvement>,
}

/// Takes out of the bounds those on what an evaluator measures beside the metric that is searched on, which hold of a network
/// or not once it is evaluated.
pub(super) fn measured(
    bounds: &mut Vec<GivenBound>,
    evaluating: &Evaluating,
    sources: &Sources<'_>,
) -> Result<Vec<MeasuredBound>, Error> {
    let mut measured = Vec::new();
    let mut others = Vec::new();
    for bound in bounds.drain(..) {
        let name = bound.property();
        let place = evaluating
            .further
            .iter()
            .position(|further| further == name);
        let (Some(place), true) = (place, evaluating.n_workers().is_some()) else {
            others.push(bound);
            continue;
        };
        sources.check_visible(name, ARGUMENT)?;
        let meaning = evaluating.metrics.iter().find(|(known, _)| known == name);
        if let Some((_, meaning)) = meaning {
            refuse_test(meaning, sources.protocol.kind).map_err(|reason| {
                Error::Usage(format!("{ARGUMENT}: the bound on `{name}`: {reason}"))
            })?;
        }
        measured.push(MeasuredBound {
            bound: bound.resolve(None)?,
            place,
        });
    }
    *bounds = others;
    Ok(measured)
}

/// The names in bounds that may be those of metrics which an evaluator measures.
#[cfg(feature = "workers")]
pub(super) fn measurable(bounds: &[GivenBound], space: &Arc<dyn SearchSpace>) -> Vec<String> {
    let names = bounds.iter().map(GivenBound::property);
    names
        .filter(|name| closed_form::property(space, name).is_none())
        .map(ToOwned::to_owned)
        .collect()
}

/// Finds the properties that the bounds name, and puts the space under constraints.
pub(super) fn apply(
    bounds: &[GivenBound],
    sources: &Sources<'_>,
    given: Option<Given>,
) -> Result<Constrained, Error> {
    let (on_metric, known): (Vec<_>, Vec<_>) = bounds.iter().partition(|bound| {
        given
            .as_ref()
            .is_some_and(|given| given.is_on_metric(bound))
    });
    let stated = stated(&**sources.space)?;
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
        let (property, source) = sources.property(bound.property(), place)?;
        let of_given = given.as_ref().and_then(|given| property.value(&given.arch));
        let mut bound = bound.resolve(of_given)?;
        bound.property = property.name().to_owned();
        record.push(match source {
            Some(sha256) => format!("{bound} (table {sha256})"),
            None => bound.to_string(),
        });
        constraints.push(Constraint::new(bound, property));
    }
    let cost = cost
        .map(|cost| sources.property(cost, ARGUMENT))
        .transpose()?;
    let improvement = given
        .map(|given| given.improvement(&on_metric, cost.map(|(cost, _)| cost)))
        .transpose()?;
    let mut masking = Vec::new();
    let space: Arc<dyn SearchSpace> = if constraints.is_empty() {
        Arc::clone(sources.space)
    } else {
        let constrained = ConstrainedSpace::new(Arc::clone(sources.space), constraints)?;
        masking = constrained.masking();
        Arc::new(constrained)
    };
    Ok(Constrained {
        space,
        record,
        masking,
        improvement,
    })
}

/// Where properties come from.
pub(super) struct Sources<'a> {
    pub(super) space: &'a Arc<dyn SearchSpace>,
    /// What is searched on, and what is reported.
    pub(super) protocol: &'a MetricPair,
    pub(super) columns: &'a Columns,
    /// What a surrogate looks up; its fingerprint is in the record of a run.
    pub(super) looked_up: &'a [Arc<dyn Property>],
}

/// Why a search must not see a metric of this meaning, when it must not.
pub(super) fn refuse_test(meaning: &MetricMeaning, kind: SelectionKind) -> Result<(), String> {
    if meaning.role != MetricRole::Test || kind == SelectionKind::TestSelected {
        return Ok(());
    }
    let how_known = if meaning.guessed.role {
        "its name says that it is measured on test data"
    } else {
        "it is measured on test data"
    };
    Err(format!(
        "{how_known}, which a search must not see; name one on validation data, or search on test data with --search, which the \
         protocol then says{}",
        if meaning.guessed.role {
            "; if it is something else, say so with --metric-role"
        } else {
            ""
        }
    ))
}

impl Sources<'_> {
    /// Refuses a bound on what only a query may tell, and on what is reported in the end.
    fn check_visible(&self, name: &str, place: &str) -> Result<(), Error> {
        let MetricPair { search, report, .. } = self.protocol;
        if name == search {
            return Err(Error::Usage(format!(
                "{place}: `{name}` is the metric that is searched on, which costs a query: leave the bound out"
            )));
        }
        if name == report {
            return Err(Error::Usage(format!(
                "{place}: `{name}` is the metric that is reported, which a search must not see; report another one with --report"
            )));
        }
        Ok(())
    }

    /// The property with a name, and the sha256 of the table that it is a column of. `place` is where it is named.
    pub(super) fn property(
        &self,
        name: &str,
        place: &str,
    ) -> Result<(Arc<dyn Property>, Option<String>), Error> {
        if let Some(property) = closed_form::property(self.space, name) {
            return Ok((property, None));
        }
        if let Some(property) = self.looked_up.iter().find(|known| known.name() == name) {
            return Ok((Arc::clone(property), None));
        }
        self.check_visible(name, place)?;
        if let Some(column) = self.columns.find(self.space, name)? {
            refuse_test(&column.meaning, self.protocol.kind)
                .map_err(|reason| Error::Usage(format!("{place}: `{name}`: {reason}")))?;
            return Ok((column.property, Some(column.table_sha256)));
        }
        let known: Vec<&str> = closed_form::names(&**self.space)
            .into_iter()
            .chain(self.looked_up.iter().map(|property| property.name()))
            .chain(self.columns.names().map(|(name, _)| name))
            .collect();
        let left_out = self.columns.left_out(name);
        Err(Error::Usage(format!(
            "{place}: there is no property `{name}`{left_out}; known are {}; \
             a column of another table is made known with --properties FILE{}",
            known.join(", "),
            closed_form::hint(&**self.space, name)
        )))
    }
}
