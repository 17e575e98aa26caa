//! The messages between `ganas` and a worker, one JSON object a line; docs/PROTOCOL.md says what they mean.
//!
//! A reader ignores fields that it does not know, so that fields can be added within one version of the protocol.

use std::collections::BTreeMap;

use ganas_space::{Arch, SearchSpace, SpaceError};
use serde::{Deserialize, Serialize};

use ganas_eval::{Fidelity, MetricDeclaration};

/// The version of the protocol.
pub const PROTOCOL_VERSION: u32 = 1;

/// A message to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// The first message: who is asking.
    Hello(Greeting),
    /// Asks for one evaluation.
    Evaluate(Evaluation),
    /// The evaluation is no longer wanted; the worker answers it with a failure, and stays.
    Cancel {
        /// The evaluation.
        id: u64,
    },
    /// Nothing more is wanted; the worker ends.
    Shutdown,
}

/// A message from a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// The answer to the greeting: what the worker measures.
    Hello(Capabilities),
    /// How an evaluation is going.
    Progress(Progress),
    /// The end of an evaluation that succeeded.
    Result(Answer),
    /// The end of an evaluation that failed.
    Failure(Refusal),
}

/// Who is asking, and in which space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Greeting {
    /// The version of the protocol.
    pub protocol: u32,
    /// The version of ganas.
    pub ganas: String,
    /// The name of the search space.
    pub space: String,
    /// The number of this worker, from 0; a restarted worker keeps it.
    pub worker: u32,
}

/// What a worker measures, and what it can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The version of the protocol.
    pub protocol: u32,
    /// The name of the evaluator.
    pub name: String,
    /// The version of the evaluator; another version is another experiment.
    pub version: String,
    /// The metrics of every result.
    pub metrics: Vec<MetricDeclaration>,
    /// How many evaluations it does at the same time.
    #[serde(default = "one")]
    pub capacity: u32,
    /// The fidelities that it is made for, from the least thorough to the most; none when it does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fidelities: Vec<Fidelity>,
}

fn one() -> u32 {
    1
}

/// One evaluation that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Names the evaluation in all messages about it; never used twice.
    pub id: u64,
    /// The architecture.
    pub arch: ArchDescription,
    /// How thorough the evaluation is to be; for example `{"epochs": 12}`.
    pub fidelity: Fidelity,
    /// The seed of the evaluation: the same for every attempt, whoever does it.
    pub seed: u32,
    /// How often this evaluation was attempted before.
    pub attempt: u32,
    /// After so many seconds the evaluation is cancelled.
    pub time_limit_s: f64,
    /// The artifact of an evaluation of the same architecture and seed with a lower fidelity, from which it may go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_from: Option<String>,
}

/// An architecture in three forms, so that a script reads the one that it likes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchDescription {
    /// The text form of the space.
    pub text: String,
    /// The class of architectures that compute the same function, 32 hexadecimal digits.
    pub key: String,
    /// The label of each vertex, in topological order.
    pub labels: Vec<String>,
    /// The edges, as pairs of vertices.
    pub edges: Vec<[usize; 2]>,
    /// The decisions that build the architecture in its space.
    pub choices: Vec<u8>,
}

impl ArchDescription {
    /// Describes an architecture of a space.
    ///
    /// # Errors
    ///
    /// [`SpaceError::NotInSpace`] for an architecture of another space.
    pub fn new(space: &dyn SearchSpace, arch: &Arch) -> Result<Self, SpaceError> {
        let names = space.labels();
        let labels = arch.labels().iter().map(|label| {
            names.get(label.index()).map_or_else(
                || Err(not_in_space(space, label.0)),
                |name| Ok(name.clone()),
            )
        });
        let edges = arch
            .predecessors()
            .iter()
            .enumerate()
            .flat_map(|(to, &mask)| {
                (0..to)
                    .filter(move |from| mask >> from & 1 == 1)
                    .map(move |from| [from, to])
            });
        let choices = space.actions_of(arch)?;
        Ok(Self {
            text: space.encode(arch),
            key: space.key(arch).to_string(),
            labels: labels.collect::<Result<_, _>>()?,
            edges: edges.collect(),
            choices: choices.into_iter().map(|action| action.0).collect(),
        })
    }
}

fn not_in_space(space: &dyn SearchSpace, label: u8) -> SpaceError {
    SpaceError::NotInSpace {
        space: space.name().into(),
        reason: format!("it has the label {label}, which the space does not name"),
    }
}

/// How an evaluation is going.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The evaluation.
    pub id: u64,
    /// How much is done, from 0 to 1, when the worker knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<f64>,
    /// The step of the training that the metrics are of, such as an epoch, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// Metrics so far.
    #[serde(default)]
    pub metrics: BTreeMap<String, Option<f64>>,
}

/// A successful evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The evaluation.
    pub id: u64,
    /// The value of every declared metric, and of others that the worker likes to tell; null for one that is not a number.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// What the evaluation cost, for example `{"gpu_hours": 1.5}`; null for what is not a number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cost: BTreeMap<String, Option<f64>>,
    /// Where the worker left what it made, for example the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
}

/// A failed evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The evaluation.
    pub id: u64,
    /// What kind of failure, in one word, for example `out_of_memory`.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// Whether another attempt may succeed.
    pub retryable: bool,
}
