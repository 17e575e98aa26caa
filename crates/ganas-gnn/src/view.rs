//! Matrices on a device, and views of them.

use crate::Device;
use crate::device::copied;

/// A matrix on a device, row-major, that keeps its memory when it shrinks.
#[derive(Debug)]
pub struct Mat<D: Device> {
    floats: D::Floats,
    rows: usize,
    cols: usize,
}

impl<D: Device> Mat<D> {
    /// A matrix without elements.
    pub fn empty(device: &D) -> Self {
        Self {
            floats: device.floats(0),
            rows: 0,
            cols: 0,
        }
    }

    /// A matrix with the given rows.
    ///
    /// # Panics
    ///
    /// When the number of values is not `rows * cols`.
    pub fn from_host(device: &D, values: &[D::Elem], rows: usize, cols: usize) -> Self {
        let mut mat = Self::empty(device);
        mat.set(device, values, rows, cols);
        mat
    }

    /// Gives the matrix a shape; its contents are then unspecified. Allocates only when it has never been as large.
    pub fn reshape(&mut self, device: &D, rows: usize, cols: usize) {
        if device.floats_len(&self.floats) < rows * cols {
            self.floats = device.floats(rows * cols);
        }
        (self.rows, self.cols) = (rows, cols);
    }

    /// Gives the matrix a shape and values.
    ///
    /// # Panics
    ///
    /// When the number of values is not `rows * cols`.
    pub fn set(&mut self, device: &D, values: &[D::Elem], rows: usize, cols: usize) {
        assert_eq!(
            values.len(),
            rows * cols,
            "values for {rows} rows of {cols}"
        );
        self.reshape(device, rows, cols);
        device.write(&mut self.floats, values);
    }

    /// Copies the matrix to the host.
    pub fn read(&self, device: &D, to: &mut Vec<D::Elem>) {
        to.resize(self.rows * self.cols, D::Elem::default());
        device.read(to, &self.floats, 0);
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn n_cols(&self) -> usize {
        self.cols
    }

    /// The whole matrix.
    pub fn view(&self) -> View<'_, D> {
        View {
            floats: &self.floats,
            offset: 0,
            rows: self.rows,
            cols: self.cols,
            stride: self.cols,
        }
    }

    /// The whole matrix, to be written.
    pub fn view_mut(&mut self) -> ViewMut<'_, D> {
        ViewMut {
            floats: &mut self.floats,
            offset: 0,
            rows: self.rows,
            cols: self.cols,
            stride: self.cols,
        }
    }

    /// Some consecutive rows.
    pub fn rows(&self, start: usize, count: usize) -> View<'_, D> {
        self.view().rows(start, count)
    }

    /// Some consecutive rows, to be written.
    pub fn rows_mut(&mut self, start: usize, count: usize) -> ViewMut<'_, D> {
        self.view_mut().rows(start, count)
    }
}

/// A matrix that is read.
#[derive(Debug)]
pub struct View<'a, D: Device> {
    pub(crate) floats: &'a D::Floats,
    pub(crate) offset: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// The step from a row to the next one: more than the columns where these are some of a wider matrix.
    pub(crate) stride: usize,
}

copied!(View);

impl<'a, D: Device> View<'a, D> {
    /// Rows and columns.
    pub fn shape(self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// Some consecutive rows.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    pub fn rows(self, start: usize, count: usize) -> Self {
        assert!(
            start + count <= self.rows,
            "rows {start}..{} of {}",
            start + count,
            self.rows
        );
        Self {
            offset: self.offset + start * self.stride,
            rows: count,
            ..self
        }
    }

    /// Some consecutive columns, of all rows: an operand of products, and of nothing else.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    pub fn columns(self, start: usize, count: usize) -> Self {
        check_columns(start, count, self.cols);
        // Where there are no rows, the first column may lie behind the end of the buffer.
        let skipped = if self.rows == 0 { 0 } else { start };
        Self {
            offset: self.offset + skipped,
            cols: count,
            ..self
        }
    }

    /// Whether the rows follow each other in memory.
    pub(crate) fn is_dense(self) -> bool {
        self.stride == self.cols || self.rows <= 1
    }

    /// Copies to the host.
    ///
    /// # Panics
    ///
    /// When these are some columns of a wider matrix.
    pub fn read(self, device: &D, to: &mut Vec<D::Elem>) {
        assert!(self.is_dense(), "{SOME_COLUMNS}");
        to.resize(self.rows * self.cols, D::Elem::default());
        device.read(to, self.floats, self.offset);
    }
}

/// A matrix that is written.
#[derive(Debug)]
pub struct ViewMut<'a, D: Device> {
    pub(crate) floats: &'a mut D::Floats,
    pub(crate) offset: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// The step from a row to the next one: more than the columns where these are some of a wider matrix.
    pub(crate) stride: usize,
}

impl<D: Device> ViewMut<'_, D> {
    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// Some consecutive rows.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    #[must_use]
    pub fn rows(self, start: usize, count: usize) -> Self {
        assert!(
            start + count <= self.rows,
            "rows {start}..{} of {}",
            start + count,
            self.rows
        );
        Self {
            offset: self.offset + start * self.stride,
            rows: count,
            ..self
        }
    }

    /// Some consecutive columns, of all rows: a product can be written there, and nothing else.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        check_columns(start, count, self.cols);
        // Where there are no rows, the first column may lie behind the end of the buffer.
        let skipped = if self.rows == 0 { 0 } else { start };
        Self {
            offset: self.offset + skipped,
            cols: count,
            ..self
        }
    }

    /// Whether the rows follow each other in memory.
    pub(crate) fn is_dense(&self) -> bool {
        self.stride == self.cols || self.rows <= 1
    }

    /// Sets all elements to zero.
    ///
    /// # Panics
    ///
    /// When these are some columns of a wider matrix.
    pub fn clear(self, device: &D) {
        assert!(self.is_dense(), "{SOME_COLUMNS}");
        device.clear(self.floats, self.offset, self.rows * self.cols);
    }

    /// The same matrix, to be read.
    pub fn as_view(&self) -> View<'_, D> {
        View {
            floats: self.floats,
            offset: self.offset,
            rows: self.rows,
            cols: self.cols,
            stride: self.stride,
        }
    }

    /// The last columns of a matrix of one row.
    ///
    /// # Panics
    ///
    /// When there are more rows, or fewer columns.
    #[must_use]
    pub fn from_column(self, start: usize) -> Self {
        assert!(
            self.rows == 1 && start <= self.cols,
            "column {start} of {} rows of {}",
            self.rows,
            self.cols
        );
        Self {
            offset: self.offset + start,
            cols: self.cols - start,
            ..self
        }
    }

    /// A shorter-lived view of the same matrix.
    pub fn reborrow(&mut self) -> ViewMut<'_, D> {
        ViewMut {
            floats: self.floats,
            offset: self.offset,
            rows: self.rows,
            cols: self.cols,
            stride: self.stride,
        }
    }
}

/// What a view of some columns is told where it cannot be used.
pub(crate) const SOME_COLUMNS: &str =
    "a whole matrix is expected, found some columns of a wider one";

fn check_columns(start: usize, count: usize, cols: usize) {
    assert!(
        start + count <= cols,
        "columns {start}..{} of {cols}",
        start + count
    );
}
