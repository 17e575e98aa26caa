//! Which restrictions leave nothing of a space.

use super::Restriction;
use crate::SpaceError;
use crate::blueprint::{Blueprint, Forbidden};

/// What a restriction forbids.
type Forbids<'a> = (&'a Restriction, Vec<Forbidden>);

/// The blueprint that several restrictions leave.
///
/// # Errors
///
/// [`SpaceError::UnknownChoice`] and [`SpaceError::UnknownOption`]; [`SpaceError::NothingLeft`], with a smallest set of
/// restrictions that leave nothing.
pub(super) fn restricted(
    blueprint: &Blueprint,
    restrictions: &[Restriction],
) -> Result<Blueprint, SpaceError> {
    let all = restrictions
        .iter()
        .map(|restriction| Ok((restriction, restriction.forbidden(blueprint)?)))
        .collect::<Result<Vec<Forbids<'_>>, SpaceError>>()?;
    if let Some(left) = left(blueprint, &all) {
        return Ok(left);
    }
    // Without any of those that stay, something is left.
    let mut contradictory = all;
    let mut n = 0;
    while n < contradictory.len() {
        let taken = contradictory.remove(n);
        if left(blueprint, &contradictory).is_some() {
            contradictory.insert(n, taken);
            n += 1;
        }
    }
    let arguments = contradictory
        .iter()
        .map(|(restriction, _)| restriction.to_string());
    Err(SpaceError::NothingLeft {
        space: blueprint.name().into(),
        arguments: arguments.collect(),
    })
}

fn left(blueprint: &Blueprint, all: &[Forbids<'_>]) -> Option<Blueprint> {
    blueprint.without(
        all.iter()
            .flat_map(|(_, forbidden)| forbidden.iter().copied()),
    )
}
