//! How large a graph may be, and how much it may compute: far above the published networks, far below what a machine
//! cannot bear.

/// The most nodes of a graph.
pub(super) const MAX_NODES: usize = 100_000;

/// The most tensors that a file may hold.
pub(super) const MAX_TENSORS: usize = 100_000;

/// The most axes of a tensor.
pub(super) const MAX_AXES: usize = 8;

/// The most values that all tensors of a file may have together, and all results of one run.
pub(super) const MAX_VALUES: usize = 1 << 26;

/// The most multiplications of one run.
pub(super) const MAX_WORK: usize = 1 << 32;

/// What was used of the limits.
#[derive(Debug, Default)]
pub(super) struct Usage {
    values: usize,
    work: usize,
}

impl Usage {
    /// Counts a tensor of so many values, and the multiplications for it.
    pub(super) fn add(&mut self, values: usize, work: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(values);
        self.work = self.work.saturating_add(work);
        if self.values > MAX_VALUES {
            return Err(format!(
                "{} values with all before it; the limit is {MAX_VALUES}",
                self.values
            ));
        }
        if self.work > MAX_WORK {
            return Err(format!(
                "{} multiplications with all before it; the limit is {MAX_WORK}",
                self.work
            ));
        }
        Ok(())
    }
}

/// How many values a tensor of this shape has.
pub(super) fn n_values(shape: &[usize]) -> Result<usize, String> {
    if shape.len() > MAX_AXES {
        return Err(format!("{} axes; the limit is {MAX_AXES}", shape.len()));
    }
    // An axis of length 0 hides none that is impossible.
    let longest = shape.iter().filter(|side| **side != 0);
    longest
        .copied()
        .try_fold(1_usize, usize::checked_mul)
        .filter(|n| *n <= MAX_VALUES)
        .ok_or_else(|| format!("the shape {shape:?}; the limit is {MAX_VALUES} values"))?;
    Ok(shape.iter().product())
}
