//! Costs of a described space: a sum over the parts of an architecture, which are the layers of a chain or the
//! operations of a cell.
//!
//! What a part costs follows from its place and its choice, and is computed once, when the space is opened.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use crate::limits::{MAX_COSTS, MAX_COUNT, MAX_SUM};
use crate::{Cost, CostTable, SpaceError};

use super::document::{is_name, not_a_name};
use super::expression::Expression;
use super::lookup;
use super::opening::Open;
use super::part::DescribedPart;

/// Names that mean something else where costs are named.
const TAKEN: [&str; 5] = ["parameters", "params", "flops", "accuracy", "base"];

/// How many parts an architecture has, for the largest cost that there can be.
#[derive(Clone, Copy, Debug)]
pub(super) enum PartsOfArch {
    /// At most one at each place.
    OneAPlace,
    /// At most so many, at any places.
    AtMost(usize),
}

/// Everything that there can be in an architecture of a described space.
#[derive(Clone, Copy)]
pub(super) struct AllParts<'a> {
    pub(super) parts: &'a [DescribedPart],
    pub(super) n_choices: usize,
    pub(super) of_arch: PartsOfArch,
}

/// Evaluates what the description says of every part that there can be.
pub(super) fn cost_table(open: &Open<'_>, all: AllParts<'_>) -> Result<CostTable, SpaceError> {
    let parts = all.parts;
    let n_costs = open.file.costs.len() + open.file.lookup.len();
    if n_costs > MAX_COSTS {
        let problem = format!("{n_costs} further costs; expected at most {MAX_COSTS}");
        return Err(open.document.bad(open.file.name.span(), problem));
    }
    let n_places = parts.iter().map(|part| part.part.0 + 1).max().unwrap_or(0);
    let mut table = CostTable::new(n_places, all.n_choices);
    let parameters = counts(open, "parameters", &open.file.parameters, all)?;
    let flops = counts(open, "flops", &open.file.flops, all)?;
    for (p, part) in parts.iter().enumerate() {
        let of_part = |counts: &Option<Vec<u64>>| counts.as_ref().map(|counts| counts[p]);
        table.set(
            part.part,
            Cost {
                parameters: of_part(&parameters),
                flops: of_part(&flops),
            },
        );
    }
    let mut add = |name: &str, constant: f64, of_parts: Vec<f64>| {
        let parts = parts.iter().map(|part| part.part);
        table.add(name, constant, parts.zip(of_parts));
    };
    for (name, given) in &open.file.costs {
        check_name(open, name, given.span())?;
        let of_parts = values(open, name, given, parts)?;
        check_sum(
            open,
            &Summed {
                name,
                span: given.span(),
                limit: MAX_SUM,
            },
            all,
            (0.0, &of_parts),
        )?;
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
        check_sum(
            open,
            &Summed {
                name,
                span: table.span(),
                limit: MAX_SUM,
            },
            all,
            (constant, &of_parts),
        )?;
        add(name, constant, of_parts);
    }
    Ok(table)
}

/// The numbers of parameters or operations of each part; `None` when the description has no expression for them.
fn counts(
    open: &Open<'_>,
    name: &str,
    given: &Option<Spanned<String>>,
    all: AllParts<'_>,
) -> Result<Option<Vec<u64>>, SpaceError> {
    let Some(given) = given else {
        return Ok(None);
    };
    let values = values(open, name, given, all.parts)?;
    let counts = values.iter().zip(all.parts).map(|(value, part)| {
        let place = (name, given.span(), part);
        count(*value).map_err(|problem| bad(open, place, &problem))
    });
    let counts = counts.collect::<Result<_, _>>()?;
    let summed = Summed {
        name,
        span: given.span(),
        limit: MAX_COUNT,
    };
    check_sum(open, &summed, all, (0.0, &values))?;
    Ok(Some(counts))
}

/// What an expression says of each part.
fn values(
    open: &Open<'_>,
    name: &str,
    given: &Spanned<String>,
    parts: &[DescribedPart],
) -> Result<Vec<f64>, SpaceError> {
    let expression = Expression::parse(given.get_ref())
        .map_err(|problem| open.document.bad(given.span(), problem))?;
    let value = |part: &DescribedPart| {
        let value = expression.value(&part.variables);
        value.map_err(|problem| bad(open, (name, given.span(), part), &problem))
    };
    parts.iter().map(value).collect()
}

/// A number of parameters or operations.
fn count(value: f64) -> Result<u64, String> {
    let value = value.round();
    if !(0.0..=MAX_COUNT).contains(&value) {
        return Err(format!("it is {value:?}; expected 0 to 2^53"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is a whole number from 0 to 2^53"
    )]
    Ok(value as u64)
}

/// A cost that is a sum.
struct Summed<'a> {
    name: &'a str,
    span: Range<usize>,
    /// The largest sum.
    limit: f64,
}

/// Checks that no architecture can cost more than the limit, in either direction; `constant` is added once.
fn check_sum(
    open: &Open<'_>,
    summed: &Summed<'_>,
    all: AllParts<'_>,
    (constant, values): (f64, &[f64]),
) -> Result<(), SpaceError> {
    // By place: the largest value in either direction, and the part that has it.
    let mut largest = BTreeMap::<usize, (f64, &DescribedPart)>::new();
    for (value, part) in values.iter().zip(all.parts) {
        let of_place = match all.of_arch {
            PartsOfArch::OneAPlace => part.part.0,
            PartsOfArch::AtMost(_) => 0,
        };
        let entry = largest.entry(of_place).or_insert((0.0, part));
        if value.abs() >= entry.0 {
            *entry = (value.abs(), part);
        }
    }
    // A rounded count may be larger than its value by one half.
    let sum: f64 = largest.values().map(|(value, _)| value + 0.5).sum();
    let times = match all.of_arch {
        PartsOfArch::OneAPlace => 1,
        PartsOfArch::AtMost(n) => n,
    };
    let times = u32::try_from(times).map_or(f64::INFINITY, f64::from);
    let sum = constant.abs() + sum * times;
    let of_most = largest.into_values().max_by(|a, b| a.0.total_cmp(&b.0));
    match of_most {
        Some((value, part)) if sum > summed.limit => {
            let problem = format!(
                "it may be {sum:?} for a whole architecture, with {value:?} of this part; expected at most {:?}",
                summed.limit
            );
            Err(bad(
                open,
                (summed.name, summed.span.clone(), part),
                &problem,
            ))
        }
        None if sum > summed.limit => {
            let problem = format!(
                "`{}` is {sum:?}; expected at most {:?}",
                summed.name, summed.limit
            );
            Err(open.document.bad(summed.span.clone(), problem))
        }
        _ => Ok(()),
    }
}

/// The error about a cost of a part: its name, where it is written, and the part.
fn bad(
    open: &Open<'_>,
    (name, span, part): (&str, Range<usize>, &DescribedPart),
    problem: &str,
) -> SpaceError {
    let part = part.row.describe();
    open.document
        .bad(span, format!("`{name}` of {part}: {problem}"))
}

fn check_name(open: &Open<'_>, name: &str, span: Range<usize>) -> Result<(), SpaceError> {
    let problem = if TAKEN.contains(&name) {
        format!("`{name}` cannot be the name of a further cost: it means something else")
    } else if !is_name(name) {
        not_a_name(name)
    } else {
        return Ok(());
    };
    Err(open.document.bad(span, problem))
}
