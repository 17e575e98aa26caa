//! NASLib's pickle of NAS-Bench-101: `{hash: (fixed, {epochs: [metrics, …]})}`, in which each pair and list may be
//! a tuple, a list or an array.

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;

use super::records::{Cell, Evaluation, Training, hash_of};
use ganas_formats::limit::{MEMORY, MaxUnpacked};
use ganas_formats::pickle::{Heap, Limits, Machine, References, Value, Watcher};
use ganas_formats::{FormatError, FormatProblem};

/// The memo keeps what is referred to later, mostly the names of the metrics.
const LIMITS: Limits = Limits {
    values: 20_000_000,
    memo: 20_000_000,
    text_bytes: 1 << 20,
    memory: MEMORY.floor,
};
/// The cells of the largest matrix.
const MAX_CELLS: usize = 16 * 16;
/// The most repeats of a training.
const MAX_REPEATS: usize = 1 << 10;

/// The limits of a file.
pub(crate) fn limits(file: &Path, max: MaxUnpacked) -> Limits {
    // What cannot be looked at is an error when it is opened.
    let n_bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
    Limits {
        memory: max.of(MEMORY, n_bytes),
        ..LIMITS
    }
}

/// Shows every training to `each`; returns how many those were. The file is read twice.
pub(crate) fn read_naslib<R: BufRead>(
    open: impl Fn() -> io::Result<R>,
    limits: Limits,
    each: impl FnMut(Cell<'_>, &Training) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let reader = || open().map_err(|error| FormatError::of_read(0, &error, "the file"));
    let references = References::find(reader()?)?;
    let mut cells = Cells {
        each,
        n_trainings: 0,
    };
    let machine = Machine::new(reader()?, limits, &mut cells).keeping(&references);
    let (heap, value) = machine.run()?;
    // Entries that were not shown because of how they were written.
    let rest = heap.entries(&value).ok_or_else(|| {
        let problem = FormatProblem::content("a mapping from hashes to cells", value.kind(&heap));
        FormatError::at(0, problem)
    })?;
    for [key, value] in rest {
        cells
            .entry(&heap, key, value)
            .map_err(|problem| FormatError::at(0, problem))?;
    }
    Ok(cells.n_trainings)
}

struct Cells<F> {
    each: F,
    n_trainings: u64,
}

impl<F: FnMut(Cell<'_>, &Training) -> Result<(), FormatProblem>> Watcher for Cells<F> {
    fn watches(&self, key: Option<&str>) -> bool {
        key.is_none()
    }

    /// The first of the two in a pair is a mapping.
    fn is_whole(&self, heap: &Heap, value: &Value) -> bool {
        heap.elements(value).is_some_and(|pair| pair.len() == 2)
    }

    fn entry(&mut self, heap: &Heap, key: &Value, value: &Value) -> Result<(), FormatProblem> {
        let hash = hash_of(key.as_text().unwrap_or_default())?;
        let Some([fixed, computed]) = heap.elements(value) else {
            return Err(FormatProblem::content(
                "a pair of statistics",
                value.kind(heap),
            ));
        };
        let missing = |name: &str| FormatProblem::content(format!("`{name}`"), "no such entry");
        let get = |name: &str| heap.get(fixed, name).ok_or_else(|| missing(name));
        let adjacency = matrix(heap, get("module_adjacency")?).ok_or_else(|| {
            FormatProblem::content("a square matrix as `module_adjacency`", "none")
        })?;
        let names = heap.flat(get("module_operations")?, MAX_CELLS);
        let names: Option<Vec<&str>> = names
            .as_ref()
            .and_then(|ops| ops.iter().map(Value::as_text).collect());
        let ops = names
            .ok_or_else(|| FormatProblem::content("texts as `module_operations`", "none"))?
            .join(",");
        let params = get("trainable_parameters")?
            .as_f64()
            .ok_or_else(|| missing("trainable_parameters"))?;
        let cell = Cell {
            adjacency: &adjacency,
            ops: &ops,
        };
        let budgets = heap
            .entries(computed)
            .ok_or_else(|| FormatProblem::content("a mapping of epochs", computed.kind(heap)))?;
        for [budget, repeats] in budgets {
            let budget = budget
                .as_i64()
                .and_then(|budget| u32::try_from(budget).ok())
                .ok_or_else(|| FormatProblem::content("a number of epochs", budget.kind(heap)))?;
            let repeats = heap
                .flat(repeats, MAX_REPEATS)
                .ok_or_else(|| FormatProblem::content("a list of repeats", repeats.kind(heap)))?;
            for metrics in &repeats {
                let evaluation = |stage: &str, epoch: f64| {
                    let get = |metric: &str| {
                        let name = format!("{stage}_{metric}");
                        let value = heap.get(metrics, &name).and_then(Value::as_f64);
                        value.ok_or_else(|| missing(&name))
                    };
                    Ok::<_, FormatProblem>(Evaluation {
                        epoch,
                        training_time: get("training_time")?,
                        train_accuracy: get("train_accuracy")?,
                        validation_accuracy: get("validation_accuracy")?,
                        test_accuracy: get("test_accuracy")?,
                    })
                };
                let end = f64::from(budget);
                let training = Training {
                    hash,
                    budget,
                    params,
                    // The pickle does not say when half-way was; it was after half of the epochs.
                    evaluations: [evaluation("halfway", end / 2.0)?, evaluation("final", end)?],
                };
                self.n_trainings += 1;
                (self.each)(cell, &training)?;
            }
        }
        Ok(())
    }
}

/// A matrix of 0 and 1, row by row: a NumPy array, or lists in a list.
fn matrix(heap: &Heap, value: &Value) -> Option<String> {
    let cells = heap.flat(value, MAX_CELLS)?;
    let n = cells.len().isqrt();
    if n == 0 || n * n != cells.len() {
        return None;
    }
    let bit = |value: &Value| match value {
        Value::Int(0) | Value::Bool(false) => Some('0'),
        Value::Int(1) | Value::Bool(true) => Some('1'),
        Value::Float(value) if *value == 0.0 => Some('0'),
        Value::Float(value) if (*value - 1.0).abs() < f64::EPSILON => Some('1'),
        _ => None,
    };
    cells.iter().map(bit).collect()
}
