//! Golden files: named tensors computed by another implementation.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::ArrayView2;
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

    /// The tensor of a name.
    ///
    /// # Panics
    ///
    /// When there is none, or when it has not the number of values that its shape says.
    #[track_caller]
    #[must_use]
    pub fn tensor(&self, name: &str) -> &Tensor {
        let Some(tensor) = self.tensors.get(name) else {
            panic!("no golden tensor `{name}`; {}", self.again())
        };
        assert_eq!(
            tensor.values.len(),
            tensor.shape.iter().product::<usize>(),
            "`{name}`: number of values; {}",
            self.again()
        );
        tensor
    }

    /// The values of a tensor.
    ///
    /// # Panics
    ///
    /// When there is none of that name.
    #[track_caller]
    #[must_use]
    pub fn values(&self, name: &str) -> &[f64] {
        &self.tensor(name).values
    }

    /// The tensor of a name as a matrix; a list of numbers is a column.
    ///
    /// # Panics
    ///
    /// When there is none of that name, or it has more than two dimensions.
    #[track_caller]
    #[must_use]
    pub fn matrix(&self, name: &str) -> ArrayView2<'_, f64> {
        let Tensor { shape, values } = self.tensor(name);
        let shape = match shape[..] {
            [rows] => [rows, 1],
            [rows, cols] => [rows, cols],
            ref shape => panic!("`{name}` has the shape {shape:?}, which is no matrix"),
        };
        ArrayView2::from_shape(shape, values).expect("invariant: `tensor` has checked the number")
    }

    /// The values of a tensor of indices.
    ///
    /// # Panics
    ///
    /// When there is none of that name, or a value is no index of 32 bits.
    #[track_caller]
    #[must_use]
    pub fn indices(&self, name: &str) -> Vec<u32> {
        let values = self.values(name);
        values
            .iter()
            .map(|&x| {
                assert!(
                    x.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&x),
                    "`{name}`: {x} is no index; {}",
                    self.again()
                );
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a whole number that fits"
                )]
                let index = x as u32;
                index
            })
            .collect()
    }

    /// Panics unless the tensors whose names start with `prefix` are those that are expected, named without it.
    #[track_caller]
    pub fn check_names<'a>(&self, prefix: &str, expected: impl IntoIterator<Item = &'a str>) {
        let found: BTreeSet<&str> = self
            .tensors
            .keys()
            .filter_map(|name| name.strip_prefix(prefix))
            .collect();
        let expected: BTreeSet<&str> = expected.into_iter().collect();
        assert!(
            found == expected,
            "`{prefix}*`: only in the golden file: {:?}, missing from it: {:?}; {}",
            found.difference(&expected).collect::<Vec<_>>(),
            expected.difference(&found).collect::<Vec<_>>(),
            self.again()
        );
    }

    /// Panics when the values differ from the tensor by more than the tolerance.
    #[track_caller]
    pub fn check(&self, name: &str, found: &[f64], tolerance: crate::Tolerance) {
        let what = format!("`{name}` of {} ({})", self.source, self.again());
        tolerance.check(&what, found, self.values(name));
    }

    /// What to do when the file is out of date.
    fn again(&self) -> String {
        format!("to write the file again: {}", self.command)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::Tolerance;

    const JSON: &str = r#"{"command": "cargo xtask golden", "source": "torch 2", "tensors": {
        "param.w": {"shape": [1, 2], "values": [0.1, -3]},
        "param.b": {"shape": [1], "values": [7]},
        "short": {"shape": [2], "values": [7]}}}"#;

    /// The message of a panic.
    fn refusal(check: impl FnOnce(&Golden)) -> String {
        let golden = Golden::parse(JSON);
        let panic = catch_unwind(AssertUnwindSafe(|| check(&golden))).unwrap_err();
        *panic.downcast::<String>().expect("a formatted message")
    }

    #[test]
    fn reads_and_accepts() {
        let golden = Golden::parse(JSON);
        assert_eq!(golden.tensor("param.w").shape, [1, 2]);
        assert_eq!(golden.indices("param.b"), [7]);
        golden.check("param.w", &[0.1, -3.0], Tolerance::F64);
        assert_eq!(golden.matrix("param.w").shape(), [1, 2]);
        assert_eq!(golden.matrix("param.b").shape(), [1, 1]);
        golden.check_names("param.", ["w", "b"]);
    }

    #[test]
    fn refusals_say_how_to_write_the_file_again() {
        let refusals = [
            refusal(|g| g.check("param.w", &[0.2, -3.0], Tolerance::F64)),
            refusal(|g| _ = g.values("missing")),
            refusal(|g| _ = g.values("short")),
            refusal(|g| _ = g.indices("param.w")),
            refusal(|g| g.check_names("param.", ["w"])),
            refusal(|g| g.check_names("param.", ["w", "b", "c"])),
        ];
        for text in refusals {
            assert!(
                text.contains("write the file again: cargo xtask golden"),
                "{text}"
            );
        }
    }
}
