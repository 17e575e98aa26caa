//! Costs of a described space: a sum over the parts of an architecture, which are the layers of a chain or the
//! operations of a cell.
//!
//! What a part costs follows from its place and its choice, and is computed once, when the space is opened.

use std::ops::Range;

use toml::Spanned;

use crate::{Cost, CostTable, SpaceError};

use super::document::is_name;
use super::expression::Expression;
use super::lookup;
use super::opening::Open;
use super::part::DescribedPart;

/// The largest cost of a part that is counted exactly: 2^53.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Names that mean something else where costs are named.
const TAKEN: [&str; 5] = ["parameters", "params", "flops", "accuracy", "base"];

/// Evaluates what the description says of every part that there can be.
pub(super) fn cost_table(
    open: &Open<'_>,
    n_choices: usize,
    parts: &[DescribedPart],
) -> Result<CostTable, SpaceError> {
    let n_places = parts.iter().map(|part| part.part.0 + 1).max().unwrap_or(0);
    let mut table = CostTable::new(n_places, n_choices);
    let counted = |given: &Option<Spanned<String>>| {
        let Some(given) = given else {
            return Ok(vec![0; parts.len()]);
        };
        let values = values(open, given, parts)?.into_iter().zip(parts);
        values
            .map(|(value, part)| {
                count(value).map_err(|problem| bad(open, given.span(), part, &problem))
            })
            .collect()
    };
    let (parameters, flops) = (counted(&open.file.parameters)?, counted(&open.file.flops)?);
    for (part, (parameters, flops)) in parts.iter().zip(parameters.into_iter().zip(flops)) {
        table.set(part.part, Cost { parameters, flops });
    }
    let mut add = |name: &str, constant: f64, of_parts: Vec<f64>| {
        let parts = parts.iter().map(|part| part.part);
        table.add(name, constant, parts.zip(of_parts));
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
        let of_parts = lookup::values(open, table.get_ref(), parts)?;
        add(name, constant, of_parts);
    }
    Ok(table)
}

/// What an expression says of each part.
fn values(
    open: &Open<'_>,
    given: &Spanned<String>,
    parts: &[DescribedPart],
) -> Result<Vec<f64>, SpaceError> {
    let expression = Expression::parse(given.get_ref())
        .map_err(|problem| open.document.bad(given.span(), problem))?;
    let value = |part: &DescribedPart| {
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

fn bad(open: &Open<'_>, span: Range<usize>, part: &DescribedPart, problem: &str) -> SpaceError {
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
