//! Properties of an architecture that cost no query: what hard constraints bound.

use std::fmt::Debug;
use std::sync::Arc;

use ganas_space::{Arch, CostBounds, SearchSpace};

/// A number that is known of an architecture without evaluating it: its parameters, its FLOPs, its measured latency.
pub trait Property: Debug + Send + Sync {
    /// The name, as constraints use it.
    fn name(&self) -> &str;

    /// The value; `None` when it is not known of this architecture.
    fn value(&self, arch: &Arch) -> Option<f64>;

    /// Its bounds over the completions of the partial architectures of a space, or of what restrictions leave of it; `None`
    /// when it is known of finished ones only.
    fn bounds(&self, space: &dyn SearchSpace) -> Option<CostBounds> {
        let _ = space;
        None
    }
}

/// What the space computes in closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedForm {
    /// Trainable parameters.
    Parameters,
    /// Floating-point operations of a forward pass.
    Flops,
}

impl ClosedForm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Parameters, Self::Flops];

    /// Whether a space knows it of its architectures.
    #[must_use]
    pub fn is_known(self, space: &dyn SearchSpace) -> bool {
        let known = space.known_costs();
        match self {
            Self::Parameters => known.parameters.is_some(),
            Self::Flops => known.flops.is_some(),
        }
    }

    /// The name in constraints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parameters => "params",
            Self::Flops => "flops",
        }
    }
}

/// A cost in closed form, see [`ganas_space::Costs::cost`].
#[derive(Debug)]
pub struct CostProperty {
    space: Arc<dyn SearchSpace>,
    cost: ClosedForm,
}

impl CostProperty {
    /// A cost of the architectures of a space; where the space does not know it, no value is known either.
    #[must_use]
    pub fn new(space: Arc<dyn SearchSpace>, cost: ClosedForm) -> Self {
        Self { space, cost }
    }
}

impl Property for CostProperty {
    fn name(&self) -> &str {
        self.cost.name()
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        let cost = self.space.costs()?.cost(arch);
        let count = match self.cost {
            ClosedForm::Parameters => cost.parameters,
            ClosedForm::Flops => cost.flops,
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "parameters and FLOPs are below 2^53 in all spaces but those that users write in Rust, where a larger one is rounded"
        )]
        count.map(|count| count as f64)
    }

    fn bounds(&self, space: &dyn SearchSpace) -> Option<CostBounds> {
        CostBounds::new(space, &|arch| self.value(arch))
    }
}

/// A cost that the description of a space names, see [`ganas_space::Costs::named_cost`].
#[derive(Debug)]
pub struct NamedCost {
    space: Arc<dyn SearchSpace>,
    name: String,
}

impl NamedCost {
    /// The cost with this name, when the space has it.
    #[must_use]
    pub fn new(space: Arc<dyn SearchSpace>, name: &str) -> Option<Self> {
        let is_known = space.costs()?.named_costs().contains(&name);
        is_known.then(|| Self {
            name: name.to_owned(),
            space,
        })
    }
}

impl Property for NamedCost {
    fn name(&self) -> &str {
        &self.name
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        self.space.costs()?.named_cost(&self.name, arch)
    }

    fn bounds(&self, space: &dyn SearchSpace) -> Option<CostBounds> {
        CostBounds::new(space, &|arch| self.value(arch))
    }
}
