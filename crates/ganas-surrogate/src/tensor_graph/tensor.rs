//! A tensor of floats or integers.

/// Values in row-major order, and the lengths of the axes.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

/// The values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Tensor {
    /// A tensor of floats; as many as the shape says.
    pub(in super::super) fn floats(shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self {
            shape,
            values: Values::Floats(values),
        }
    }

    /// A tensor of integers; as many as the shape says.
    pub(in super::super) fn ints(shape: Vec<usize>, values: Vec<i64>) -> Self {
        Self {
            shape,
            values: Values::Ints(values),
        }
    }

    /// The values, when they are floats.
    pub(in super::super) fn as_floats(&self) -> Option<&[f32]> {
        match &self.values {
            Values::Floats(values) => Some(values),
            Values::Ints(_) => None,
        }
    }

    /// The values, when they are integers.
    pub(super) fn as_ints(&self) -> Option<&[i64]> {
        match &self.values {
            Values::Ints(values) => Some(values),
            Values::Floats(_) => None,
        }
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    /// The same values with other axes; as many as before.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self {
            shape,
            values: self.values.clone(),
        }
    }
}
