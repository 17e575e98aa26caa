//! Evaluating what a study lacks, and writing the table once it is complete.

use std::path::PathBuf;
use std::sync::Arc;

use ganas_eval::EvalError;
use ganas_search::StopFlag;
use ganas_space::SearchSpace;
use ganas_store::{Collection, Evaluation, EvaluationId, EvaluatorSpec, OnExisting, Study};
use ganas_table::{
    Evaluated, EvaluationsRequest, EvaluatorInfo, Manifest, Noise, Replace, SpaceDescription,
    Table, TableError, Target, write_evaluations,
};
use ganas_worker::{PoolConfig, PoolListener, Request, Workers};

use super::Progress;
use super::architectures::{self, Architecture, Choice};
use crate::Error;
use crate::error::Context as _;

/// Evaluations that are given to the workers together; they wait for each other only at the end of as many.
const TOGETHER: usize = 4096;

/// What is to be evaluated, how, and where to.
#[derive(Clone, Debug)]
pub struct TableBuild {
    /// The search space.
    pub space: Arc<dyn SearchSpace>,
    /// Its description, when it is one of a user; it is kept in the table.
    pub description: Option<SpaceDescription>,
    /// Which of its architectures.
    pub choice: Choice,
    /// The seeds that the evaluator is told, one evaluation each; see [`check_seeds`](super::check_seeds).
    pub seeds: Vec<u32>,
    /// The evaluator.
    pub workers: PoolConfig,
    /// The table file to write.
    pub output: PathBuf,
    /// Whether the table file is replaced when it exists.
    pub overwrite: bool,
    /// The study that keeps the evaluations, created when it does not exist.
    pub study: PathBuf,
    /// Further files that it is made from, such as the description of the space: `output` must not be one of them.
    pub made_from: Vec<PathBuf>,
    /// What to do with the evaluations that it holds.
    pub on_existing: OnExisting,
    /// Whether evaluations that have failed are made again.
    pub retry_failed: bool,
    /// Stops it.
    pub stop: StopFlag,
}

/// A table that is being built.
pub struct Build {
    plan: TableBuild,
    architectures: Vec<Architecture>,
    workers: Workers,
    collection: Collection,
    progress: Progress,
}

impl std::fmt::Debug for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Build")
            .field("plan", &self.plan)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// A table that was built.
#[derive(Clone, Debug)]
pub struct BuildReport {
    /// The table file.
    pub output: PathBuf,
    /// Its sha256.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// What it says about itself.
    pub manifest: Manifest,
    /// The number of evaluations.
    pub evaluations: usize,
    /// Those that failed, which are null in the table.
    pub failed: usize,
    /// Spread and noise of its metrics.
    pub noise: Vec<Noise>,
}

impl TableBuild {
    /// All files that the table is made from.
    fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.study).chain(&self.made_from)
    }

    /// Opens the study and starts the first worker; `listener` is told what workers do.
    ///
    /// # Errors
    ///
    /// The output exists already, the space cannot be enumerated, or the study or the evaluator cannot be used.
    pub fn prepare(self, listener: PoolListener) -> Result<Build, Error> {
        // Not hours later.
        let replace = if self.overwrite {
            Replace::Allowed
        } else {
            Replace::Refused
        };
        let target = Target::new(&self.output, replace).made_from(self.inputs());
        target.check().map_err(TableError::from)?;
        let architectures = architectures::choose(&*self.space, self.choice)?;
        let study = Study::create_or_open(&self.study)?;
        let config = PoolConfig {
            stop: self.stop.shared(),
            ..self.workers.clone()
        };
        let workers = Workers::open(config, Arc::clone(&self.space), listener)?;
        let worker = workers.capabilities();
        let spec = EvaluatorSpec {
            space: self.space.name().to_owned(),
            identity: workers.identity().to_owned(),
            fidelity: self.workers.fidelity.clone(),
            description: format!(
                "{} {} by `{}`",
                worker.name, worker.version, self.workers.command
            ),
        };
        let collection = study.collect(&spec, self.on_existing)?;
        if self.retry_failed {
            collection.forget_failures()?;
        }
        let known = collection.evaluations()?;
        Ok(Build {
            progress: Progress::new(&architectures, &self.seeds, &known),
            plan: self,
            architectures,
            workers,
            collection,
        })
    }
}

impl Build {
    /// The number of architectures.
    #[must_use]
    pub fn n_architectures(&self) -> usize {
        self.architectures.len()
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Makes the evaluations that are missing; `finished` is told after each.
    ///
    /// # Errors
    ///
    /// A stop was asked for, the evaluator cannot be used any more, or the study cannot be written. When nothing works any
    /// more, failures so far may have the same reason, so they are forgotten.
    pub fn evaluate(&mut self, finished: &mut dyn FnMut(&Progress)) -> Result<(), Error> {
        let result = self.evaluate_missing(finished);
        if let Err(EvalError::Unusable(_)) = result {
            self.collection.forget_failures()?;
        }
        Ok(result?)
    }

    fn evaluate_missing(&mut self, finished: &mut dyn FnMut(&Progress)) -> Result<(), EvalError> {
        let Self {
            architectures,
            workers,
            collection,
            progress,
            plan,
        } = self;
        let space = &plan.space;
        for some in progress.missing().chunks(TOGETHER) {
            let requests: Vec<Request<'_>> = some
                .iter()
                .map(|missing| Request {
                    arch: &architectures[missing.architecture].arch,
                    seed: missing.seed,
                })
                .collect();
            workers.measure_all(&requests, &mut |at, measured| {
                let architecture = &architectures[some[at].architecture];
                let failed = measured.result.is_err();
                let evaluation = Evaluation {
                    id: EvaluationId {
                        key: architecture.key,
                        seed: Some(some[at].seed),
                    },
                    arch: Some(space.encode(&architecture.arch)),
                    run: None,
                    reason: measured.result.err().map(|failure| failure.to_string()),
                    details: measured.details,
                };
                let kept = collection.keep(&evaluation);
                kept.map_err(|error| EvalError::Record {
                    source: Box::new(error),
                })?;
                progress.count(failed);
                finished(progress);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Writes the table, from the study.
    ///
    /// # Errors
    ///
    /// The study cannot be read, or the table cannot be written.
    pub fn write(&self) -> Result<BuildReport, Error> {
        let plan = &self.plan;
        let known = self.collection.evaluations()?;
        let mut evaluations = Vec::with_capacity(self.architectures.len() * plan.seeds.len());
        for architecture in &self.architectures {
            for &seed in &plan.seeds {
                let key = architecture.key;
                let seed_asked = Some(seed);
                let evaluation = known.get(&EvaluationId {
                    key,
                    seed: seed_asked,
                });
                let evaluation = evaluation.context("invariant: every evaluation was made")?;
                let is_measured = evaluation.reason.is_none();
                evaluations.push(Evaluated {
                    arch: &architecture.arch,
                    seed,
                    metrics: is_measured.then_some(&evaluation.details.metrics),
                });
            }
        }
        let worker = self.workers.capabilities();
        let request = EvaluationsRequest {
            output: plan.output.clone(),
            overwrite: plan.overwrite,
            made_from: plan.inputs().cloned().collect(),
            evaluator: EvaluatorInfo {
                command: plan.workers.command.clone(),
                name: worker.name.clone(),
                version: worker.version.clone(),
                fidelity: plan.workers.fidelity.clone(),
            },
            metrics: worker.metrics.clone(),
            description: plan.description.clone(),
        };
        let report = write_evaluations(&request, &*plan.space, &evaluations)?;
        let table = Table::open(&plan.output)?;
        Ok(BuildReport {
            output: plan.output.clone(),
            sha256: table.sha256()?,
            bytes: report.output_bytes,
            manifest: report.manifest,
            evaluations: evaluations.len(),
            failed: evaluations.iter().filter(|e| e.metrics.is_none()).count(),
            noise: table.noise()?,
        })
    }
}
