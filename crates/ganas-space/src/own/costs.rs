//! Costs of a described space: a sum over the parts of an architecture, which are the layers of a chain or the
//! operations of a cell.
//!
//! What a part costs follows from its place and its choice, and is computed once, when the space is opened.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use crate::{Cost, SpaceError};

use super::Open;
use super::document::is_name;
use super::expression::Expression;
use super::lookup;

/// Numbers by their names.
pub(crate) type Variables = BTreeMap<String, f64>;

/// The largest cost of a part that is counted exactly: 2^53.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Names that mean something else where costs are named.
const TAKEN: [&str; 5] = ["parameters", "params", "flops", "accuracy", "base"];

/// What there can be at a place.
#[derive(Debug)]
pub(crate) struct Part {
    /// The number of the place.
    pub(crate) place: usize,
    /// The number of the choice.
    pub(crate) choice: usize,
    /// What expressions know of it.
    pub(crate) variables: Variables,
    /// Its row in a look-up table.
    pub(crate) row: Row,
}

/// Which row of a look-up table is meant: the word of a layer or of an operation, and in a chain where it stands, counted
/// from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) stage: Option<usize>,
    pub(crate) layer: Option<usize>,
    pub(crate) word: String,
}

/// What the parts of an architecture cost, by place and choice.
#[derive(Debug)]
pub(crate) struct OwnCosts {
    n_choices: usize,
    parameters: Vec<u64>,
    flops: Vec<u64>,
    names: Vec<&'static str>,
    named: Vec<Named>,
}

/// A further cost.
#[derive(Debug)]
struct Named {
    constant: f64,
    values: Vec<f64>,
}

impl OwnCosts {
    /// Evaluates what the description says of every part that there can be.
    pub(crate) fn new(
        open: &Open<'_>,
        n_choices: usize,
        parts: &[Part],
    ) -> Result<Self, SpaceError> {
        let n_places = parts.iter().map(|part| part.place + 1).max().unwrap_or(0);
        let size = n_places * n_choices;
        let at = |part: &Part| part.place * n_choices + part.choice;
        let counted = |given: &Option<Spanned<String>>| {
            let mut table = vec![0; size];
            if let Some(given) = given {
                for (part, value) in parts.iter().zip(values(open, given, parts)?) {
                    table[at(part)] =
                        count(value).map_err(|problem| bad(open, given.span(), part, &problem))?;
                }
            }
            Ok(table)
        };
        let (parameters, flops) = (counted(&open.file.parameters)?, counted(&open.file.flops)?);
        let (mut names, mut named): (Vec<&'static str>, _) = (Vec::new(), Vec::new());
        let mut add = |name: &str, constant: f64, of_parts: Vec<f64>| {
            let mut values = vec![0.0; size];
            for (part, value) in parts.iter().zip(of_parts) {
                values[at(part)] = value;
            }
            names.push(name.to_owned().leak());
            named.push(Named { constant, values });
        };
        for (name, given) in &open.file.costs {
            check_name(open, name, given.span())?;
            let of_parts = values(open, given, parts)?;
            let infinite = parts
                .iter()
                .zip(&of_parts)
                .find(|(_, value)| !value.is_finite());
            if let Some((part, value)) = infinite {
                let problem = format!("it is {value}; expected a finite number");
                return Err(bad(open, given.span(), part, &problem));
            }
            add(name, 0.0, of_parts);
        }
        for (name, table) in &open.file.lookup {
            check_name(open, name, table.span())?;
            if open.file.costs.contains_key(name) {
                let problem = format!("`{name}` is also the name of a cost in [costs]");
                return Err(open.document.bad(table.span(), problem));
            }
            let constant = lookup::constant(open, table.get_ref())?;
            add(
                name,
                constant,
                lookup::values(open, table.get_ref(), parts)?,
            );
        }
        Ok(Self {
            n_choices,
            parameters,
            flops,
            names,
            named,
        })
    }

    /// Parameters and FLOPs of parts, which are places and choices.
    pub(crate) fn cost(&self, parts: impl Iterator<Item = (usize, usize)>) -> Cost {
        let mut cost = Cost {
            parameters: 0,
            flops: 0,
        };
        for (place, choice) in parts {
            cost.parameters += self.parameters[place * self.n_choices + choice];
            cost.flops += self.flops[place * self.n_choices + choice];
        }
        cost
    }

    /// The names of the further costs.
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// A further cost of parts, added in this order.
    pub(crate) fn named(
        &self,
        name: &str,
        parts: impl Iterator<Item = (usize, usize)>,
    ) -> Option<f64> {
        let place = self.names.iter().position(|known| *known == name)?;
        let Named { constant, values } = &self.named[place];
        Some(parts.fold(*constant, |sum, (place, choice)| {
            sum + values[place * self.n_choices + choice]
        }))
    }

    /// What the name of the space has to follow from, beside the expressions of parameters and FLOPs; nothing where there
    /// are no further costs.
    pub(super) fn further(&self) -> String {
        let named = self.names.iter().zip(&self.named);
        named
            .map(|(name, Named { constant, values })| format!("{name} {constant:?} {values:?}\n"))
            .collect()
    }
}

/// What an expression says of each part.
fn values(
    open: &Open<'_>,
    given: &Spanned<String>,
    parts: &[Part],
) -> Result<Vec<f64>, SpaceError> {
    let expression = Expression::parse(given.get_ref())
        .map_err(|problem| open.document.bad(given.span(), problem))?;
    let value = |part: &Part| {
        let value = expression.value(&part.variables);
        value.map_err(|problem| bad(open, given.span(), part, &problem))
    };
    parts.iter().map(value).collect()
}

/// A number of parameters or operations.
fn count(value: f64) -> Result<u64, String> {
    let value = value.round();
    if !(0.0..=LARGEST).contains(&value) {
        return Err(format!("it is {value}; expected 0 to 2^53"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is a whole number from 0 to 2^53"
    )]
    Ok(value as u64)
}

fn bad(open: &Open<'_>, span: Range<usize>, part: &Part, problem: &str) -> SpaceError {
    open.document
        .bad(span, format!("{problem} ({})", part.row.describe()))
}

fn check_name(open: &Open<'_>, name: &str, span: Range<usize>) -> Result<(), SpaceError> {
    let problem = if TAKEN.contains(&name) {
        format!("`{name}` cannot be the name of a further cost: it means something else")
    } else if !is_name(name) {
        format!("`{name}`: expected letters, digits and `_`, a letter first")
    } else {
        return Ok(());
    };
    Err(open.document.bad(span, problem))
}

impl Row {
    /// The row in words.
    pub(crate) fn describe(&self) -> String {
        let word = &self.word;
        match (self.stage, self.layer) {
            (Some(stage), Some(layer)) => format!("`{word}` in layer {layer} of stage {stage}"),
            (Some(stage), None) => format!("`{word}` in stage {stage}"),
            (None, Some(layer)) => format!("`{word}` in layer {layer}"),
            (None, None) => format!("`{word}`"),
        }
    }
}
