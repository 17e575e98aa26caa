//! Costs that are sums over the parts of an architecture, such as the layers of a chain or the operations of a cell.

use crate::Cost;

/// A part of an architecture: the number of its place, and that of what is chosen there.
pub type Part = (usize, usize);

/// What each choice costs at each place.
///
/// Parameters, and FLOPs, are known once they were set of some part; those of all other parts are 0 then.
#[derive(Clone, Debug)]
pub struct CostTable {
    n_places: usize,
    n_choices: usize,
    parameters: Option<Vec<u64>>,
    flops: Option<Vec<u64>>,
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
    /// A table in which nothing is known yet.
    #[must_use]
    pub fn new(n_places: usize, n_choices: usize) -> Self {
        Self {
            n_places,
            n_choices,
            parameters: None,
            flops: None,
            named: Vec::new(),
        }
    }

    /// Sets the parameters and FLOPs of a part, as far as they are known.
    ///
    /// # Panics
    ///
    /// When there is no such place or choice.
    pub fn set(&mut self, part: Part, cost: Cost) {
        let (index, len) = (self.index(part), self.len());
        for (values, value) in [
            (&mut self.parameters, cost.parameters),
            (&mut self.flops, cost.flops),
        ] {
            if let Some(value) = value {
                values.get_or_insert_with(|| vec![0; len])[index] = value;
            }
        }
    }

    /// Adds a further cost: `constant` once, and a value for each of these parts.
    ///
    /// # Panics
    ///
    /// When there is no such place or choice.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        constant: f64,
        parts: impl IntoIterator<Item = (Part, f64)>,
    ) {
        let mut values = vec![0.0; self.len()];
        for (part, value) in parts {
            values[self.index(part)] = value;
        }
        self.named.push(NamedValues {
            name: name.into(),
            constant,
            values,
        });
    }

    /// Parameters and FLOPs of parts; a sum that no `u64` holds is not known.
    pub fn cost(&self, parts: impl Iterator<Item = Part>) -> Cost {
        let mut cost = Cost {
            parameters: self.parameters.as_ref().map(|_| 0),
            flops: self.flops.as_ref().map(|_| 0),
        };
        for index in parts.map(|part| self.index(part)) {
            for (sum, values) in [
                (&mut cost.parameters, &self.parameters),
                (&mut cost.flops, &self.flops),
            ] {
                let value = values.as_ref().map(|values| values[index]);
                *sum = sum
                    .zip(value)
                    .and_then(|(sum, value)| sum.checked_add(value));
            }
        }
        cost
    }

    /// The names of the further costs.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.named.iter().map(|cost| &*cost.name).collect()
    }

    /// A further cost of parts, added in this order; a sum that is no finite number is not known.
    pub fn named(&self, name: &str, parts: impl Iterator<Item = Part>) -> Option<f64> {
        let cost = self.named.iter().find(|cost| cost.name == name)?;
        let sum = parts.fold(cost.constant, |sum, part| {
            sum + cost.values[self.index(part)]
        });
        sum.is_finite().then_some(sum)
    }

    /// All that the further costs say, as text; nothing where there are none.
    pub(crate) fn named_as_text(&self) -> String {
        let named = self.named.iter();
        named
            .map(|cost| format!("{} {:?} {:?}\n", cost.name, cost.constant, cost.values))
            .collect()
    }

    fn len(&self) -> usize {
        self.n_places * self.n_choices
    }

    fn index(&self, (place, choice): Part) -> usize {
        assert!(
            place < self.n_places && choice < self.n_choices,
            "place {place}, choice {choice}: there are {} places and {} choices",
            self.n_places,
            self.n_choices
        );
        place * self.n_choices + choice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_set_is_not_known() {
        let mut table = CostTable::new(2, 2);
        let parts = [(0, 1), (1, 0)];
        assert_eq!(table.cost(parts.into_iter()), Cost::UNKNOWN);
        let parameters = |parameters| Cost {
            parameters: Some(parameters),
            flops: None,
        };
        table.set((0, 1), parameters(7));
        assert_eq!(table.cost(parts.into_iter()), parameters(7));
        assert_eq!(table.cost([(1, 1)].into_iter()), parameters(0));
    }

    #[test]
    fn sums_that_no_number_holds_are_not_known() {
        let mut table = CostTable::new(2, 1);
        table.set((0, 0), Cost::new(u64::MAX, 1));
        table.set((1, 0), Cost::new(1, 1));
        let cost = table.cost([(0, 0), (1, 0)].into_iter());
        assert_eq!((cost.parameters, cost.flops), (None, Some(2)));
        table.add("joules", 1e308, [((0, 0), 1e308), ((1, 0), -1e308)]);
        assert_eq!(table.named("joules", [(0, 0)].into_iter()), None);
        assert!(table.named("joules", [(1, 0)].into_iter()).is_some());
    }

    #[test]
    #[should_panic(expected = "place 0, choice 2: there are 1 places and 2 choices")]
    fn a_choice_that_there_is_not_is_none_of_another_place() {
        CostTable::new(1, 2).set((0, 2), Cost::new(1, 1));
    }
}
