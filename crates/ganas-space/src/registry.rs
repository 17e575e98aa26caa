//! The search spaces by name.

use std::sync::Arc;

use crate::chain::{self, Chain};
use crate::darts::Darts;
use crate::nasbench101::{NasBench101, Vertices};
use crate::nasbench201::NasBench201;
use crate::suggestion::closest;
use crate::{SearchSpace, SpaceError};

/// The names of all built-in search spaces.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &[
        NasBench201::NAME,
        NasBench101::NAME,
        "nasbench101-v6",
        "nasbench101-v5",
        "nasbench101-v4",
        Darts::NAME,
        chain::MBCONV,
        chain::OFA_PROXYLESS,
        chain::OFA_MBV3,
        chain::NASBENCH_MACRO,
    ]
}

/// The search space with this name.
///
/// # Errors
///
/// [`SpaceError::UnknownSpace`], with the closest name when one is close.
pub fn by_name(name: &str) -> Result<Arc<dyn SearchSpace>, SpaceError> {
    if name == NasBench201::NAME {
        return Ok(Arc::new(NasBench201::new()));
    }
    if name == Darts::NAME {
        return Ok(Arc::new(Darts::new()));
    }
    if let Some(chain) = Chain::by_name(name) {
        return Ok(chain);
    }
    match Vertices::ALL.into_iter().find(|v| v.name() == name) {
        Some(vertices) => Ok(Arc::new(NasBench101::up_to(vertices))),
        None => Err(SpaceError::UnknownSpace {
            name: name.to_owned(),
            suggestion: closest(name, names()),
            known: names().join(", "),
        }),
    }
}
