//! Matrices on a device, and views of them.

use ndarray::{Array2, ArrayView2};

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

    /// A matrix of the host's values.
    pub fn from_host(device: &D, values: ArrayView2<'_, D::Elem>) -> Self {
        let mut mat = Self::empty(device);
        mat.set(device, values);
        mat
    }

    /// Gives the matrix a shape; its contents are then unspecified. Allocates only when it has never been as large.
    pub fn reshape(&mut self, device: &D, rows: usize, cols: usize) {
        if device.floats_len(&self.floats) < rows * cols {
            self.floats = device.floats(rows * cols);
        }
        (self.rows, self.cols) = (rows, cols);
    }

    /// Takes over the shape and the values of a matrix of the host; no copy is made there if its rows follow each other.
    pub fn set(&mut self, device: &D, values: ArrayView2<'_, D::Elem>) {
        let (rows, cols) = values.dim();
        self.reshape(device, rows, cols);
        let values = values.as_standard_layout();
        let values = values.as_slice().expect("invariant: standard layout");
        device.write(&mut self.floats, values);
    }

    /// Becomes a matrix of one column.
    pub fn set_column(&mut self, device: &D, values: &[D::Elem]) {
        self.reshape(device, values.len(), 1);
        device.write(&mut self.floats, values);
    }

    /// Copies the matrix to the host.
    pub fn to_host(&self, device: &D) -> Array2<D::Elem> {
        self.view().to_host(device)
    }

    /// Copies the column of a matrix of one column to the host.
    ///
    /// # Panics
    ///
    /// When there is not one column.
    pub fn read_column(&self, device: &D, to: &mut Vec<D::Elem>) {
        self.view().read_column(device, to);
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
    pub fn to_host(self, device: &D) -> Array2<D::Elem> {
        let mut matrix = Array2::default([0, 0]);
        self.read(device, &mut matrix);
        matrix
    }

    /// Copies to the host, into the memory of an earlier copy.
    ///
    /// # Panics
    ///
    /// When these are some columns of a wider matrix.
    pub fn read(self, device: &D, to: &mut Array2<D::Elem>) {
        let (mut values, _) = std::mem::take(to).into_raw_vec_and_offset();
        self.read_values(device, &mut values);
        *to = Array2::from_shape_vec(self.shape(), values).expect("invariant: one value each");
    }

    /// Copies the column of a matrix of one column to the host, into the memory of an earlier copy.
    ///
    /// # Panics
    ///
    /// When there is not one column.
    pub fn read_column(self, device: &D, to: &mut Vec<D::Elem>) {
        assert_eq!(self.cols, 1, "columns of a matrix that is read as one");
        self.read_values(device, to);
    }

    fn read_values(self, device: &D, to: &mut Vec<D::Elem>) {
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
