//! NASLib's pickle of NAS-Bench-101: `{hash: [fixed, {epochs: [metrics, …]}]}`.

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
const MAX_VERTICES: usize = 16;

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
        let names: Option<Vec<&str>> = heap
            .elements(get("module_operations")?)
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
                .elements(repeats)
                .ok_or_else(|| FormatProblem::content("a list of repeats", repeats.kind(heap)))?;
            for metrics in repeats {
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
    let bits: Vec<bool> = if let Some((_, state)) = heap.object(value) {
        array(heap, state)?
    } else {
        let rows = heap.elements(value)?;
        let rows = rows.iter().map(|row| heap.elements(row));
        let numbers = rows.collect::<Option<Vec<_>>>()?.concat();
        let bit = |value: &Value| match value.as_i64()? {
            bit @ 0..=1 => Some(bit == 1),
            _ => None,
        };
        numbers.iter().map(bit).collect::<Option<_>>()?
    };
    Some(
        bits.into_iter()
            .map(|bit| if bit { '1' } else { '0' })
            .collect(),
    )
}

/// A square array of 0 and 1 from its state: version, shape, type, whether columns come first, and bytes.
fn array(heap: &Heap, state: &Value) -> Option<Vec<bool>> {
    let [_, shape, _, by_column, Value::Bytes(bytes)] = heap.elements(state)? else {
        return None;
    };
    let [rows, columns] = heap.elements(shape)? else {
        return None;
    };
    let n = usize::try_from(rows.as_i64()?).ok()?;
    if rows.as_i64() != columns.as_i64() || !(1..=MAX_VERTICES).contains(&n) {
        return None;
    }
    let cells: Vec<&[u8]> = {
        let size = bytes.len() / (n * n);
        if size == 0 || size > 8 || bytes.len() != size * n * n {
            return None;
        }
        bytes.chunks(size).collect()
    };
    // A 1 of any integer type is one byte that is 1 among zeros.
    let bit = |cell: &&[u8]| match cell.iter().map(|&b| u32::from(b)).sum::<u32>() {
        sum @ 0..=1 => Some(sum == 1),
        _ => None,
    };
    let bits: Vec<bool> = cells.iter().map(bit).collect::<Option<_>>()?;
    if matches!(by_column, Value::Bool(true)) {
        let transposed = (0..n * n).map(|i| bits[i % n * n + i / n]);
        return Some(transposed.collect());
    }
    Some(bits)
}
