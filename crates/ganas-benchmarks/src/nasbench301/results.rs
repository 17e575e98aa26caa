//! NAS-Bench-301: the result of one training, a JSON object in a file of its own (`results_0.json`).
//!
//! The trainings were run with Auto-PyTorch, so the architecture stands among all other hyperparameters, under the names
//! of the official ConfigSpace: `NetworkSelectorDatasetInfo:darts:edge_normal_0` and so on.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::BenchmarkError;

use ganas_formats::source::check_regular;
use ganas_formats::{FormatError, FormatProblem, SourceError};

/// The field with the hyperparameters, in the official spelling; a file without it is another one.
const CONFIG: &str = "optimized_hyperparamater_config";
/// What the hyperparameters of the network begin with.
const PREFIX: &str = "NetworkSelectorDatasetInfo:darts:";
/// What the hyperparameters of the architecture go on with.
const ARCHITECTURE: [&str; 2] = ["edge_", "inputs_node_"];
/// A file has 3 KiB, or 100 KiB with a learning curve.
const MAX_FILE_BYTES: u64 = 1 << 24;
/// Folders below the one that is named, which has one for each algorithm that chose architectures.
const DEPTH: usize = 4;

/// One training of one architecture; percentages and seconds. Values that are not finite are not there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Training {
    /// The hyperparameters of the architecture with their values, as a JSON object.
    pub(crate) arch: String,
    /// The network around the cells.
    pub(crate) network: Network,
    /// The epochs that were planned.
    pub(crate) budget: u32,
    /// The epochs that were done.
    pub(crate) epochs: u32,
    pub(crate) validation_accuracy: Option<f64>,
    pub(crate) test_accuracy: Option<f64>,
    pub(crate) train_accuracy: Option<f64>,
    pub(crate) validation_loss: Option<f64>,
    pub(crate) train_loss: Option<f64>,
    /// Of the training with its evaluations.
    pub(crate) seconds: Option<f64>,
    pub(crate) params: Option<f64>,
}

/// What else decides on the accuracy: trainings of different networks do not belong into one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) layers: u32,
    pub(crate) init_channels: u32,
}

/// The parts of a file that are read; others are skipped.
#[derive(Deserialize)]
struct Json {
    optimized_hyperparamater_config: IndexMap<String, Value>,
    budget: f64,
    #[serde(default)]
    test_accuracy: Option<f64>,
    #[serde(default)]
    runtime: Option<f64>,
    info: Vec<Info>,
}

/// The measurements at the end of the training.
#[derive(Deserialize)]
struct Info {
    epochs: f64,
    #[serde(default)]
    val_accuracy: Option<f64>,
    #[serde(default)]
    train_accuracy: Option<f64>,
    #[serde(default)]
    val_cross_entropy: Option<f64>,
    #[serde(default)]
    train_cross_entropy: Option<f64>,
    #[serde(default)]
    model_parameters: Option<f64>,
}

/// Whether a text is the beginning of a result, rather than one of JSON lines.
pub(crate) fn is_result(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    let name = CONFIG.as_bytes();
    start.starts_with(b"{") && start.windows(name.len()).any(|window| window == name)
}

/// The results in a folder and in those below it, in the order of their paths.
pub(crate) fn result_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    look_into(folder, DEPTH, &mut files)?;
    files.sort();
    Ok(files)
}

fn look_into(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name
            .strip_prefix("results_")
            .and_then(|rest| rest.strip_suffix(".json"));
        if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            files.push(path);
        } else if depth > 1 && path.is_dir() {
            look_into(&path, depth - 1, files)?;
        }
    }
    Ok(())
}

/// Shows the results of a file or of a folder to `each`.
pub(crate) fn read_results(
    source: &Path,
    mut each: impl FnMut(&Training) -> Result<(), FormatProblem>,
) -> Result<u64, BenchmarkError> {
    let unreadable =
        |file: &Path, source| BenchmarkError::from(SourceError::unreadable(file, source));
    let files = if source.is_dir() {
        result_files(source).map_err(|error| unreadable(source, error))?
    } else {
        vec![source.to_owned()]
    };
    for path in &files {
        check_regular(path)?;
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let mut text = Vec::new();
        file.take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|error| unreadable(path, error))?;
        parse_result(&text)
            .and_then(|training| each(&training).map_err(|problem| FormatError::at(0, problem)))
            .map_err(|error| error.in_file(path))?;
    }
    Ok(files.len() as u64)
}

/// Reads one result.
pub(crate) fn parse_result(text: &[u8]) -> Result<Training, FormatError> {
    let length = text.len() as u64;
    if length > MAX_FILE_BYTES {
        let limit = MAX_FILE_BYTES;
        return Err(FormatError::at(
            limit,
            FormatProblem::TooLong { length, limit },
        ));
    }
    let json: Json = serde_json::from_slice(text).map_err(|error| json_fault(text, &error))?;
    training(json).map_err(|problem| FormatError::at(0, problem))
}

/// What is wrong, at the byte where it is.
fn json_fault(text: &[u8], error: &serde_json::Error) -> FormatError {
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let at = (before + error.column()) as u64;
    // A sign or a backslash at the very end is not reported as one.
    if error.is_eof() || error.is_syntax() && at >= text.len() as u64 {
        let problem = FormatProblem::Truncated {
            missing: 1,
            of: "the JSON object",
        };
        return FormatError::at(text.len() as u64, problem);
    }
    let reason = error.to_string();
    let expected = "the result of a training of NAS-Bench-301 as JSON";
    FormatError::at(at, FormatProblem::content(expected, reason))
}

fn training(json: Json) -> Result<Training, FormatProblem> {
    let config = json.optimized_hyperparamater_config;
    let mut arch = serde_json::Map::new();
    for (name, value) in &config {
        let architecture = name
            .strip_prefix(PREFIX)
            .is_some_and(|rest| ARCHITECTURE.iter().any(|part| rest.starts_with(part)));
        if architecture {
            arch.insert(name.clone(), value.clone());
        }
    }
    let whole = |name: &str| {
        let full = format!("{PREFIX}{name}");
        let value = config.get(&full).and_then(Value::as_u64);
        let value = value.and_then(|value| u32::try_from(value).ok());
        value.ok_or_else(|| FormatProblem::content(format!("a whole number as `{full}`"), "none"))
    };
    let network = Network {
        layers: whole("layers")?,
        init_channels: whole("init_channels")?,
    };
    let [info] = &json.info[..] else {
        return Err(FormatProblem::content(
            "one set of measurements as `info`",
            json.info.len().to_string(),
        ));
    };
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Ok(Training {
        arch: Value::Object(arch).to_string(),
        network,
        budget: epochs(json.budget)?,
        epochs: epochs(info.epochs)?,
        validation_accuracy: finite(info.val_accuracy),
        test_accuracy: finite(json.test_accuracy),
        train_accuracy: finite(info.train_accuracy),
        validation_loss: finite(info.val_cross_entropy),
        train_loss: finite(info.train_cross_entropy),
        seconds: finite(json.runtime),
        params: finite(info.model_parameters),
    })
}

/// A number of epochs, which some files write with a decimal point.
fn epochs(value: f64) -> Result<u32, FormatProblem> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a whole number within the range of u32"
    )]
    let whole =
        (value.fract() == 0.0 && (1.0..=100_000.0).contains(&value)).then_some(value as u32);
    whole.ok_or_else(|| FormatProblem::content("a number of epochs", value.to_string()))
}
