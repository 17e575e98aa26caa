//! Golden files: named tensors computed by another implementation.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A golden file: where it came from, and its tensors.
#[derive(Clone, Debug, Deserialize)]
pub struct Golden {
    /// The command that wrote the file; a mismatch prints it.
    pub command: String,
    /// The implementation and its version, for example `torch 2.15.0`.
    pub source: String,
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
}

/// A tensor: its shape, and its values in row-major order.
#[derive(Clone, Debug, Deserialize)]
pub struct Tensor {
    /// Sizes, slowest first.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f64>,
}

impl Golden {
    /// Reads a golden file.
    ///
    /// # Panics
    ///
    /// When the text is not a golden file.
    #[must_use]
    pub fn parse(json: &str) -> Self {
        match serde_json::from_str(json) {
            Ok(golden) => golden,
            Err(error) => {
                panic!("not a golden file: {error}; write it again with `cargo xtask golden`")
            }
        }
    }

    /// The values of a tensor.
    ///
    /// # Panics
    ///
    /// When there is none of that name.
    #[track_caller]
    #[must_use]
    pub fn values(&self, name: &str) -> &[f64] {
        match self.tensors.get(name) {
            Some(tensor) => &tensor.values,
            None => panic!(
                "no golden tensor `{name}`; write the file again: {}",
                self.command
            ),
        }
    }

    /// Panics when the values differ from the tensor by more than the tolerance.
    #[track_caller]
    pub fn check(&self, name: &str, found: &[f64], tolerance: crate::Tolerance) {
        let what = format!("`{name}` of {} ({})", self.source, self.command);
        tolerance.check(&what, found, self.values(name));
    }
}
