//! What a space computes of an architecture, by name: parameters, FLOPs, and what its description adds.

use std::sync::Arc;

use ganas_eval::{ClosedForm, CostProperty, NamedCost, Property};
use ganas_space::SearchSpace;

/// Descriptions of spaces call parameters by their full name.
const PARAMETERS: &str = "parameters";

/// The property with this name; `None` when the space does not know it.
pub(crate) fn property(space: &Arc<dyn SearchSpace>, name: &str) -> Option<Arc<dyn Property>> {
    space.costs()?;
    if let Some(cost) = meant(name) {
        let cost = Some(cost).filter(|cost| cost.is_known(&**space))?;
        return Some(Arc::new(CostProperty::new(Arc::clone(space), cost)));
    }
    let named = NamedCost::new(Arc::clone(space), name)?;
    Some(Arc::new(named))
}

/// The names of what a space computes of an architecture.
#[must_use]
pub fn names(space: &dyn SearchSpace) -> Vec<&str> {
    let Some(costs) = space.costs() else {
        return Vec::new();
    };
    let known = ClosedForm::ALL.iter().filter(|cost| cost.is_known(space));
    known
        .map(|cost| cost.name())
        .chain(costs.named_costs())
        .collect()
}

/// The end of the error that there is nothing of this name: how a space can be made to know it; otherwise nothing.
pub(crate) fn hint(space: &dyn SearchSpace, name: &str) -> String {
    let Some(cost) = meant(name).filter(|cost| !cost.is_known(space)) else {
        return String::new();
    };
    let expression = match cost {
        ClosedForm::Parameters => PARAMETERS,
        ClosedForm::Flops => cost.name(),
    };
    format!(
        "; the space {} does not say how many {} an architecture has: an expression makes them known, \
         `{expression} = \"…\"` in the description of the space",
        space.name(),
        match cost {
            ClosedForm::Parameters => "parameters",
            ClosedForm::Flops => "FLOPs",
        }
    )
}

/// The cost in closed form that a name stands for.
fn meant(name: &str) -> Option<ClosedForm> {
    let is_meant = |cost: &ClosedForm| {
        cost.name() == name || *cost == ClosedForm::Parameters && name == PARAMETERS
    };
    ClosedForm::ALL.into_iter().find(is_meant)
}
