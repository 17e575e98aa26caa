//! A table of evaluations that were made for it, several trainings an architecture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use ganas_formats::SourceInfo;
use ganas_space::{Arch, SearchSpace};
use indexmap::IndexMap;
use serde_json::json;

use crate::error::{TableError, TableProblem};
use ganas_eval::{MetricDeclaration, MetricMeaning};

use super::builder::Builder;
use super::column_spill::{MAX_RUNS, Runs, SpilledMetric};
use super::manifest::{EvaluatorInfo, Manifest, SpaceDescription};
use super::naming::column_info;
use super::write::target;
use ganas_formats::source::sha256_hex;

/// What the key column of a table of evaluations is called in its manifest.
const KEY_COLUMN: &str = "arch";

/// What to write, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationsRequest {
    /// The table file to write.
    pub output: PathBuf,
    /// Whether `output` may be replaced when it exists.
    pub overwrite: bool,
    /// The files that the evaluations come from, which `output` must not be.
    pub made_from: Vec<PathBuf>,
    /// Who has evaluated.
    pub evaluator: EvaluatorInfo,
    /// The metrics that every evaluation has.
    pub metrics: Vec<MetricDeclaration>,
    /// The description of the space, when it is one of a user; it is kept in the table.
    pub description: Option<SpaceDescription>,
}

/// One evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'a> {
    /// The architecture.
    pub arch: &'a Arch,
    /// The seed of the training.
    pub seed: u32,
    /// All metrics; none when it has failed.
    pub metrics: Option<&'a BTreeMap<String, f64>>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationsReport {
    /// The manifest.
    pub manifest: Manifest,
    /// The size of the table file.
    pub output_bytes: u64,
}

/// The most seeds of a table.
pub const MAX_SEEDS: usize = MAX_RUNS;

/// Writes evaluations as a table of `space`: for each metric a column with the mean over the seeds (`valid_mean`), and
/// one for each seed (`valid_seed0`). What has failed is null, and the mean is over the others.
///
/// A row is an architecture, in the order of its first evaluation, or by official index when all of the space are
/// there. The same evaluations in the same order give the same bytes; the source in the manifest is their sha256 as
/// JSON lines.
///
/// # Errors
///
/// [`TableProblem::OutputExists`](crate::TableProblem::OutputExists), [`TableProblem::WriteOutput`](crate::TableProblem::WriteOutput), and [`TableError::DuplicateMetric`] when two metrics have
/// one name.
///
/// # Panics
///
/// When an evaluation lacks a metric, or there are more than [`MAX_SEEDS`] seeds.
pub fn write_evaluations(
    request: &EvaluationsRequest,
    space: &dyn SearchSpace,
    evaluations: &[Evaluated<'_>],
) -> Result<EvaluationsReport, TableError> {
    let target = target(&request.output, request.overwrite).made_from(&request.made_from);
    target.check()?;
    check_names(&request.metrics)?;
    let failed = |reason: String| {
        TableProblem::WriteOutput {
            source: io::Error::other(reason),
        }
        .in_file(&request.output)
    };
    let mut builder = Builder::new(space, &request.output);
    let metrics = request
        .metrics
        .iter()
        .map(|metric| spilled(metric, &request.evaluator));
    let family = builder.spill.family(metrics.collect(), Runs::Seeds);
    let mut rows: IndexMap<String, u32> = IndexMap::new();
    let mut source = String::new();
    for evaluation in evaluations {
        let text = space.encode(evaluation.arch);
        let line = json!({ "arch": text, "seed": evaluation.seed, "metrics": evaluation.metrics });
        // Writing into a string cannot fail.
        let _ = writeln!(source, "{line}");
        let row = match rows.get(&text) {
            Some(&row) => row,
            None => {
                let row = builder.row(evaluation.arch);
                let row = row.map_err(|problem| failed(problem.to_string()))?;
                rows.insert(text, row);
                row
            }
        };
        let value = |metric: &MetricDeclaration| {
            let metrics = evaluation.metrics?;
            let value = metrics.get(&metric.name);
            Some(*value.expect("precondition: an evaluation has every metric"))
        };
        let values: Vec<Option<f64>> = request.metrics.iter().map(value).collect();
        let spilled = builder.spill.add(family, evaluation.seed, row, &values);
        let fits = spilled.map_err(|error| failed(error.to_string()))?;
        assert!(fits, "precondition: there are at most {MAX_SEEDS} seeds");
    }
    let source = SourceInfo {
        file: format!(
            "evaluations by {} {}",
            request.evaluator.name, request.evaluator.version
        ),
        sha256: sha256_hex(source.as_bytes()),
        bytes: source.len() as u64,
    };
    builder.evaluator = Some(request.evaluator.clone());
    builder.description.clone_from(&request.description);
    let (manifest, output_bytes) = builder.finish(KEY_COLUMN, source, &target)?;
    Ok(EvaluationsReport {
        manifest,
        output_bytes,
    })
}

fn check_names(metrics: &[MetricDeclaration]) -> Result<(), TableError> {
    for (i, metric) in metrics.iter().enumerate() {
        if metrics[..i]
            .iter()
            .any(|earlier| earlier.name == metric.name)
        {
            return Err(TableError::DuplicateMetric {
                metric: metric.name.clone(),
            });
        }
    }
    Ok(())
}

fn spilled(metric: &MetricDeclaration, evaluator: &EvaluatorInfo) -> SpilledMetric {
    let epochs = evaluator.fidelity.get("epochs").copied();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked, and what is after the point is what is asked about"
    )]
    let whole = |number: f64| {
        (number >= 1.0 && number <= f64::from(u32::MAX) && number.fract() == 0.0)
            .then_some(number as u32)
    };
    SpilledMetric {
        name: metric.name.clone(),
        after: String::new(),
        // A range that ends at 100 tells percentages from fractions.
        unit: column_info(&metric.name, &[metric.max]).unit,
        meaning: MetricMeaning::of_declaration(metric),
        epochs: epochs.and_then(whole),
        schedule_epochs: None,
        query_time: None,
    }
}
