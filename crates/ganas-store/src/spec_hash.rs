//! The identity of runs and experiments.

use std::fmt::Write;
use std::num::NonZeroU32;

use ganas_eval::{Fidelity, MetricPair};
use ganas_search::{Budget, Objectives, RunSpec, Rungs, StopBelow};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::StoreError;

/// The spec of a run as it is stored, with the names that follow from it.
pub(crate) struct SpecText {
    /// The spec as JSON.
    pub(crate) json: String,
    /// The name of the run: the beginning of the sha256 of the spec without its budget, which can be extended.
    pub(crate) name: String,
    /// The sha256 of the spec without version, device, seed and budget: equal for all runs that are to be compared over seeds.
    pub(crate) experiment: String,
}

/// The part of a spec that seeds, versions and devices have in common.
#[derive(Serialize)]
struct Experiment<'a> {
    space: &'a str,
    table_sha256: &'a str,
    protocol: &'a MetricPair,
    algorithm: &'a str,
    config: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<NonZeroU32>,
    fidelity: &'a Fidelity,
    #[serde(skip_serializing_if = "Option::is_none")]
    rungs: Option<&'a Rungs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_below: Option<&'a StopBelow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objectives: Option<&'a Objectives>,
}

impl SpecText {
    pub(crate) fn new(spec: &RunSpec) -> Result<Self, StoreError> {
        let json = json(spec)?;
        // The shortest budget stands for all.
        let without_budget = RunSpec {
            budget: Budget::ONE,
            ..spec.clone()
        };
        let mut name = sha256(self::json(&without_budget)?.as_bytes());
        name.truncate(16);
        let experiment = sha256(
            self::json(&Experiment {
                space: &spec.space,
                table_sha256: &spec.table_sha256,
                protocol: &spec.protocol,
                algorithm: &spec.algorithm,
                config: &spec.config,
                window: spec.pace.window(),
                fidelity: &spec.fidelity,
                rungs: spec.rungs.as_ref(),
                stop_below: spec.stop_below.as_ref(),
                objectives: spec.objectives.as_ref(),
            })?
            .as_bytes(),
        );
        Ok(Self {
            json,
            name,
            experiment,
        })
    }
}

/// The sha256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Encoding {
        what: "the spec of the run",
        source,
    })
}
