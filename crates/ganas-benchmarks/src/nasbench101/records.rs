//! NAS-Bench-101: records of the published TFRecord file, and of NASLib's pickle of the same numbers.
//!
//! Every training is a record of its own: a cell was trained three times for each budget of epochs, so the full file
//! has twelve records for a cell, in no order that is promised.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ganas_space::{Arch, SearchSpace};
use serde::Deserialize;

use ganas_formats::protobuf::{Fields, Wire};
use ganas_formats::tfrecord::TfRecords;
use ganas_formats::{FormatError, FormatProblem};

/// The largest matrix: 7 vertices, or more in relatives of the benchmark.
const MAX_VERTICES: usize = 16;

/// One training of one cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Training {
    /// The official hash of the cell.
    pub(crate) hash: u128,
    /// The epochs that it was trained for.
    pub(crate) budget: u32,
    /// Trainable parameters.
    pub(crate) params: f64,
    /// Half-way and at the end.
    pub(crate) evaluations: [Evaluation; 2],
}

/// A measurement during a training; accuracies are fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evaluation {
    /// The epochs that were done.
    pub(crate) epoch: f64,
    /// Seconds since the beginning of the training.
    pub(crate) training_time: f64,
    pub(crate) train_accuracy: f64,
    pub(crate) validation_accuracy: f64,
    pub(crate) test_accuracy: f64,
}

/// A cell as the file writes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    /// 0 and 1, row by row.
    pub(crate) adjacency: &'a str,
    /// Names, comma-separated, input and output included.
    pub(crate) ops: &'a str,
}

/// Shows every record of a TFRecord file to `each`.
pub(crate) fn read_tfrecords(
    reader: impl Read,
    mut each: impl FnMut(Cell<'_>, &Training) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let mut records = TfRecords::new(reader);
    let mut protobuf = Vec::new();
    loop {
        let (offset, number) = (records.offset(), records.n_records() + 1);
        let Some(payload) = records.next_record()? else {
            return Ok(records.n_records());
        };
        parse_record(payload, &mut protobuf)
            .and_then(|(cell, training)| each(cell, &training))
            .map_err(|problem| {
                FormatError::at(offset, problem).within(|| format!("record {number}"))
            })?;
    }
}

/// The JSON list of a record: hash, epochs, adjacency, operations, metrics.
///
/// The official writer breaks the metrics into lines, which JSON escapes, so they have to be copied.
#[derive(Deserialize)]
struct Json<'a>(&'a str, u32, &'a str, &'a str, String);

/// Reads `[hash, epochs, adjacency, operations, metrics]`; `protobuf` is a buffer that is used again.
pub(crate) fn parse_record<'a>(
    payload: &'a [u8],
    protobuf: &mut Vec<u8>,
) -> Result<(Cell<'a>, Training), FormatProblem> {
    let Json(hash, budget, adjacency, ops, mut metrics) =
        serde_json::from_slice(payload).map_err(|error| {
            // The message of the error would hold the content, which is long.
            FormatProblem::content(
                "a JSON list [hash, epochs, adjacency, operations, metrics]",
                format!("something else at its byte {}", error.column()),
            )
        })?;
    metrics.retain(|c| c != '\n');
    protobuf.clear();
    STANDARD
        .decode_vec(&metrics, protobuf)
        .map_err(|error| FormatProblem::content("metrics in base64", error.to_string()))?;
    let (params, evaluations) = metrics_of(protobuf)?;
    let training = Training {
        hash: hash_of(hash)?,
        budget,
        params,
        evaluations,
    };
    Ok((Cell { adjacency, ops }, training))
}

pub(crate) fn hash_of(text: &str) -> Result<u128, FormatProblem> {
    let hash = (text.len() == 32).then(|| u128::from_str_radix(text, 16));
    match hash {
        Some(Ok(hash)) => Ok(hash),
        _ => {
            let found: String = text.chars().take(40).collect();
            Err(FormatProblem::content(
                "a hash of 32 hexadecimal digits",
                format!("`{found}`"),
            ))
        }
    }
}

/// Parameters, and the evaluations half-way and at the end.
fn metrics_of(message: &[u8]) -> Result<(f64, [Evaluation; 2]), FormatProblem> {
    let mut fields = Fields::of(message);
    let mut params = 0;
    let mut evaluations = Vec::with_capacity(3);
    while let Some((number, value)) = fields.next_field()? {
        match (number, value) {
            (1, Wire::Bytes(message)) => evaluations.push(evaluation_of(message)?),
            (2, Wire::Varint(value)) => params = value,
            _ => {}
        }
    }
    // The first one is before the training.
    let [_, half, end] = evaluations[..] else {
        return Err(FormatProblem::content(
            "three evaluations: before, half-way and at the end",
            evaluations.len().to_string(),
        ));
    };
    let params = u32::try_from(params)
        .map_err(|_| FormatProblem::content("a number of parameters", params.to_string()))?;
    Ok((f64::from(params), [half, end]))
}

fn evaluation_of(message: &[u8]) -> Result<Evaluation, FormatProblem> {
    // A field that is zero is not written.
    let mut values = [0.0; 5];
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next_field()? {
        if let (1..=5, Wire::Double(value)) = (number, value) {
            let index = usize::try_from(number).unwrap_or_default() - 1;
            values[index] = value;
        }
    }
    let [
        epoch,
        training_time,
        train_accuracy,
        validation_accuracy,
        test_accuracy,
    ] = values;
    Ok(Evaluation {
        epoch,
        training_time,
        train_accuracy,
        validation_accuracy,
        test_accuracy,
    })
}

/// The cell as an architecture of a space that has the official operations and reads matrices.
pub(crate) fn arch_of(space: &dyn SearchSpace, cell: Cell<'_>) -> Result<Arch, FormatProblem> {
    let n = cell.ops.split(',').count();
    let bits = cell.adjacency;
    if n > MAX_VERTICES || bits.len() != n * n || !bits.bytes().all(|b| matches!(b, b'0' | b'1')) {
        return Err(FormatProblem::content(
            format!("{n} operations and as many rows of 0 and 1"),
            format!("{} characters", bits.len()),
        ));
    }
    let rows: Vec<&str> = (0..n).map(|row| &bits[row * n..(row + 1) * n]).collect();
    let text = format!("{} | {}", rows.join(" "), cell.ops);
    space.decode(&text).map_err(|source| FormatProblem::Arch {
        source: Box::new(source),
    })
}
