//! Costs of a space of the user's: expressions over the factors of a layer and the sizes of its stage, summed up over
//! the layers that are present.

use std::collections::BTreeMap;

use crate::{Cost, OpId};

use super::description::{Block, Description};
use super::expression::Expression;

/// Numbers by their names.
pub(super) type Variables = BTreeMap<String, f64>;

/// The largest cost of a layer that is counted exactly: 2^53.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// The expressions, and the numbers that they are about.
#[derive(Debug)]
pub(super) struct OwnCosts {
    pub(super) parameters: Option<Expression>,
    pub(super) flops: Option<Expression>,
    /// Of each choice its factors; those of absent layers are empty.
    pub(super) factors: Vec<Variables>,
    /// Of each stage its sizes.
    pub(super) sizes: Vec<Variables>,
}

impl OwnCosts {
    /// The costs of an architecture.
    pub(super) fn of(&self, description: &Description, labels: &[OpId]) -> Cost {
        let mut cost = Cost {
            parameters: 0,
            flops: 0,
        };
        for (s, stage) in description.divided(labels).into_iter().enumerate() {
            for label in stage
                .iter()
                .filter(|l| description.block(**l) != Block::Absent)
            {
                let counted = |expression: &Option<Expression>| {
                    expression.as_ref().map_or(0, |expression| {
                        self.layer(expression, s, label.index()).expect(
                            "invariant: the expression was evaluated when the space was opened",
                        )
                    })
                };
                cost.parameters += counted(&self.parameters);
                cost.flops += counted(&self.flops);
            }
        }
        cost
    }

    /// What an expression says of a layer, or why it says nothing that can be counted.
    pub(super) fn layer(
        &self,
        expression: &Expression,
        stage: usize,
        choice: usize,
    ) -> Result<u64, String> {
        let mut variables = self.sizes[stage].clone();
        variables.extend(self.factors[choice].clone());
        let value = expression.value(&variables)?.round();
        if !(0.0..=LARGEST).contains(&value) {
            return Err(format!("it is {value} for some layer; expected 0 to 2^53"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the value is a whole number from 0 to 2^53"
        )]
        Ok(value as u64)
    }
}
