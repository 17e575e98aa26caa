//! What a space computes of an architecture, by name: parameters, FLOPs, and what its description adds.

use std::sync::Arc;

use ganas_eval::{ClosedForm, CostProperty, NamedCost, Property};
use ganas_space::SearchSpace;

/// Descriptions of spaces call parameters by their full name.
const PARAMETERS: &str = "parameters";

/// The property with this name.
pub(crate) fn property(space: &Arc<dyn SearchSpace>, name: &str) -> Option<Arc<dyn Property>> {
    let is_meant = |cost: &ClosedForm| {
        cost.name() == name || *cost == ClosedForm::Parameters && name == PARAMETERS
    };
    space.costs()?;
    if let Some(cost) = ClosedForm::ALL.into_iter().find(is_meant) {
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
    let always = ClosedForm::ALL.iter().map(|cost| cost.name());
    always.chain(costs.named_costs()).collect()
}
