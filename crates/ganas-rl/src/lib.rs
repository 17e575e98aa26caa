//! The policy-gradient trainer.
//!
#![doc = include_str!("../README.md")]
//!
//! # Conventions
//!
//! A loss is minimised; `d_x` is the derivative of the loss with respect to `x`. Derivatives of what a policy says of
//! decisions are overwritten (`=`), those of its parameters are added to (`+=`). Slices that belong together have the
//! same length, which is checked.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::float_cmp, reason = "the expected values are exact")
)]

mod baseline;
mod config;
mod gae;
mod imitation;
mod number;
mod policy;
mod ppo;
mod reinforce;
mod trainer;

pub use baseline::{Baseline, BaselineConfig};
pub use config::{Algorithm, ConfigError, TrainerConfig};
pub use gae::{GaeConfig, Trajectories, gae};
pub use imitation::imitation_loss;
pub use policy::{Decisions, Policy, StepSize};
pub use ppo::{PpoBatch, PpoConfig, ppo_loss};
pub use reinforce::{ReinforceBatch, ReinforceConfig, reinforce_loss};
pub use trainer::{Report, Trainer};
