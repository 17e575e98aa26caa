//! Costs that are sums over the parts of an architecture, such as the layers of a chain or the operations of a cell.

use crate::Cost;

/// A part of an architecture: the number of its place, and that of what is chosen there.
pub type Part = (usize, usize);

/// What each choice costs at each place.
#[derive(Clone, Debug)]
pub struct CostTable {
    n_choices: usize,
    parameters: Vec<u64>,
    flops: Vec<u64>,
    named: Vec<NamedValues>,
}

/// A further cost.
#[derive(Clone, Debug)]
struct NamedValues {
    name: String,
    /// What is added once.
    constant: f64,
    values: Vec<f64>,
}

impl CostTable {
    /// A table in which nothing costs anything yet.
    #[must_use]
    pub fn new(n_places: usize, n_choices: usize) -> Self {
        let zeros = vec![0; n_places * n_choices];
        Self {
            n_choices,
            parameters: zeros.clone(),
            flops: zeros,
            named: Vec::new(),
        }
    }

    /// Sets the parameters and FLOPs of a part.
    pub fn set(&mut self, part: Part, cost: Cost) {
        let index = self.index(part);
        (self.parameters[index], self.flops[index]) = (cost.parameters, cost.flops);
    }

    /// Adds a further cost: `constant` once, and a value for each of these parts.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        constant: f64,
        parts: impl IntoIterator<Item = (Part, f64)>,
    ) {
        let mut values = vec![0.0; self.parameters.len()];
        for (part, value) in parts {
            values[self.index(part)] = value;
        }
        self.named.push(NamedValues {
            name: name.into(),
            constant,
            values,
        });
    }

    /// Parameters and FLOPs of parts.
    pub fn cost(&self, parts: impl Iterator<Item = Part>) -> Cost {
        let mut cost = Cost {
            parameters: 0,
            flops: 0,
        };
        for index in parts.map(|part| self.index(part)) {
            cost.parameters += self.parameters[index];
            cost.flops += self.flops[index];
        }
        cost
    }

    /// The names of the further costs.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.named.iter().map(|cost| &*cost.name).collect()
    }

    /// A further cost of parts, added in this order.
    pub fn named(&self, name: &str, parts: impl Iterator<Item = Part>) -> Option<f64> {
        let cost = self.named.iter().find(|cost| cost.name == name)?;
        Some(parts.fold(cost.constant, |sum, part| {
            sum + cost.values[self.index(part)]
        }))
    }

    /// All that the further costs say, as text; nothing where there are none.
    pub(crate) fn named_as_text(&self) -> String {
        let named = self.named.iter();
        named
            .map(|cost| format!("{} {:?} {:?}\n", cost.name, cost.constant, cost.values))
            .collect()
    }

    fn index(&self, (place, choice): Part) -> usize {
        place * self.n_choices + choice
    }
}
