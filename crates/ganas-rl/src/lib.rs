//! Rollouts, returns, REINFORCE and PPO losses, and counter-based random streams.
//!
//! This crate knows no network and no search space: it sees log-probabilities, entropies, values and rewards as slices,
//! and returns losses together with their derivatives.
//!
//! Conventions: a loss is minimised; `d_x` is the derivative of the loss with respect to `x` and is overwritten (`=`),
//! since `x` is an activation. Slices that belong together have the same length, which is checked.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::float_cmp, reason = "the expected values are exact")
)]

mod advantage;
mod gae;
mod philox;
mod ppo;
mod reinforce;
mod stream;

pub use advantage::{Baseline, BaselineConfig};
pub use gae::{GaeConfig, gae};
pub use philox::philox4x32_10;
pub use ppo::{PpoBatch, PpoConfig, PpoDerivatives, ppo_loss};
pub use reinforce::{ReinforceConfig, imitation_loss, reinforce_loss};
pub use stream::{Stream, StreamKey};
