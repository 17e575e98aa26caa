//! Architectures of NAS-Bench-201 that tests query.

use std::sync::Arc;

use ganas_space::{Arch, SearchSpace};

/// Texts of two classes.
pub(crate) const SKIP: &str = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";
pub(crate) const CONV: &str = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";

/// The space of the architectures.
pub(crate) fn space() -> Arc<dyn SearchSpace> {
    ganas_space::by_name("nasbench201").unwrap()
}

/// The architecture with this text.
pub(crate) fn arch(text: &str) -> Arch {
    space().decode(text).unwrap()
}
