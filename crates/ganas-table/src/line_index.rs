//! The lines where rows begin.

/// The line of each row, as runs of rows whose lines are equally far apart: of a file without odd line ends there is one.
#[derive(Debug, Default)]
pub(crate) struct LineIndex {
    runs: Vec<Run>,
    n_rows: usize,
}

/// Rows whose lines are equally far apart.
#[derive(Debug)]
struct Run {
    first_row: usize,
    line: u64,
    step: u64,
}

impl Run {
    fn line(&self, row: usize) -> u64 {
        self.line + self.step * (row - self.first_row) as u64
    }
}

impl LineIndex {
    /// Adds a row, which begins no earlier than the one before.
    pub(crate) fn push(&mut self, line: u64) {
        let row = self.n_rows;
        self.n_rows += 1;
        if let Some(run) = self.runs.last_mut() {
            if row == run.first_row + 1 {
                run.step = line.saturating_sub(run.line);
            }
            if run.line(row) == line {
                return;
            }
        }
        self.runs.push(Run {
            first_row: row,
            line,
            step: 0,
        });
    }

    /// The number of rows.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The line of a row, which must be there.
    pub(crate) fn line(&self, row: usize) -> u64 {
        let after = self.runs.partition_point(|run| run.first_row <= row);
        self.runs[after - 1].line(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_that_were_pushed() {
        for (lines, n_runs) in [
            (&[2, 3, 4, 5][..], 1),
            (&[1, 1, 1], 1),
            (&[2, 7, 12, 17, 18, 19, 20], 2),
            (&[2, 4, 5, 9, 9, 9, 10], 4),
            (&[3], 1),
            (&[], 0),
        ] {
            let mut index = LineIndex::default();
            lines.iter().for_each(|&line| index.push(line));
            let found: Vec<u64> = (0..index.n_rows()).map(|row| index.line(row)).collect();
            assert_eq!(found, lines);
            assert_eq!(index.runs.len(), n_runs, "{lines:?}");
        }
    }
}
