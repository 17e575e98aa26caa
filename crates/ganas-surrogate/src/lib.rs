//! Surrogates: models that were fitted on trained architectures and predict what others would reach.
//!
//! [`SurrogateEvaluator::open`] takes the folder of a published surrogate and the space that it is of:
//!
//! | space | surrogate | files |
//! |---|---|---|
//! | `darts` | the network of YAHPO Gym, fitted on NAS-Bench-301 | `graph.json.gz`, `tensors.bin`, `encoding.json` |
//! | `darts` | the official ensembles of NAS-Bench-301 | `surrogate_model.model` and `model_config.json` of each member, in folders |
//! | `mbconv` | the six boosters of Accel-NASBench for ImageNet | `feature_order.json`, and `member_0.xgboost.json.gz` or `member_0.surrogate_model.model.gz`, and so on |
//! | `ofa-mbv3` | once-for-all's accuracy predictor, and the latency on a phone | `ofa_acc_predictor.json`, `ofa_acc_predictor.f32.bin`; `latency_table_note10/160_lookup_table.yaml` and so on |
//! | `ofa-proxyless` | the accuracy predictor of the ProxylessNAS supernet | `proxyless_acc_predictor.json`, `proxyless_acc_predictor.f32.bin` |
//!
//! A surrogate is asked for the canonical form of an architecture, so that a class has one value.
//! Parameters and FLOPs of the space can be reported beside its predictions.
//!
//! # Example
//!
//! ```no_run
//! use ganas_eval::{Evaluator, Query};
//! use ganas_surrogate::SurrogateEvaluator;
//!
//! let space = ganas_space::by_name("darts")?;
//! let evaluator = SurrogateEvaluator::open("yahpo_nb301", space.clone(), None, Some("params"))?;
//! let arch = space.decode("numbers-without-none:(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
//!     ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)))")?;
//! println!("{:?}", evaluator.evaluate(Query::new(&*space, &arch))?.search);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod accel;
mod error;
mod evaluator;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod latency;
mod lightgbm;
mod model;
mod nasbench301;
mod once_for_all;
mod pickled;
mod tensor_graph;
mod xgboost;
mod yahpo;

#[cfg(test)]
mod tests;

pub use error::SurrogateError;
pub use evaluator::SurrogateEvaluator;
pub use ganas_formats::MaxUnpacked;
pub use model::Prediction;
