//! Parameters: named matrices in one flat buffer, so that an optimiser passes over them once.

use ndarray::Array2;
use rand_core::Rng;
use rand_distr::{Distribution as _, Normal, Uniform};

use crate::{Device, Element, View, ViewMut};

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All zeros.
    Zeros,
    /// Uniform in `±gain sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio, 2010).
    Glorot {
        /// Multiplies the bound.
        gain: f64,
        /// Inputs of the product that uses the matrix.
        fan_in: usize,
        /// Outputs of that product.
        fan_out: usize,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
}

/// A parameter of a [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamId(usize);

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    offset: usize,
    rows: usize,
    cols: usize,
    init: Init,
}

/// The names, shapes and starting values of the parameters of a network, in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    entries: Vec<Entry>,
    len: usize,
}

impl Layout {
    /// Adds a matrix.
    pub fn matrix(
        &mut self,
        name: impl Into<String>,
        rows: usize,
        cols: usize,
        init: Init,
    ) -> ParamId {
        self.entries.push(Entry {
            name: name.into(),
            offset: self.len,
            rows,
            cols,
            init,
        });
        self.len += rows * cols;
        ParamId(self.entries.len() - 1)
    }

    /// Adds a weight matrix of a product with `fan_in` inputs that starts Glorot-uniform.
    pub fn weight(&mut self, name: impl Into<String>, fan_in: usize, fan_out: usize) -> ParamId {
        self.matrix(
            name,
            fan_in,
            fan_out,
            Init::Glorot {
                gain: 1.0,
                fan_in,
                fan_out,
            },
        )
    }

    /// Adds a row of biases that starts at zero.
    pub fn bias(&mut self, name: impl Into<String>, cols: usize) -> ParamId {
        self.matrix(name, 1, cols, Init::Zeros)
    }

    /// The number of scalars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Each parameter, with its name, in order.
    pub fn entries(&self) -> impl Iterator<Item = (ParamId, &str)> {
        let named = self.entries.iter().enumerate();
        named.map(|(number, entry)| (ParamId(number), entry.name.as_str()))
    }

    /// All scalars, from the matrix of each parameter, which is asked for by name.
    ///
    /// # Panics
    ///
    /// When a matrix does not have the shape of its parameter.
    pub fn flatten<T: Element>(&self, mut matrix: impl FnMut(&str) -> Array2<T>) -> Vec<T> {
        let mut values = Vec::with_capacity(self.len);
        for entry in &self.entries {
            let matrix = matrix(&entry.name);
            let shape = [entry.rows, entry.cols];
            assert_eq!(matrix.shape(), shape, "shape of `{}`", entry.name);
            values.extend(matrix);
        }
        values
    }

    /// Draws starting values.
    pub fn draw<T: Element>(&self, rng: &mut dyn Rng) -> Vec<T> {
        let mut values = Vec::with_capacity(self.len);
        for entry in &self.entries {
            let count = entry.rows * entry.cols;
            match entry.init {
                Init::Zeros => values.resize(values.len() + count, T::zero()),
                Init::Glorot {
                    gain,
                    fan_in,
                    fan_out,
                } => {
                    let bound = gain * (6.0 / f64::of_count(fan_in + fan_out)).sqrt();
                    let uniform = Uniform::new_inclusive(-bound, bound)
                        .expect("invariant: a gain is finite and not negative");
                    values.extend(uniform.sample_iter(&mut *rng).take(count).map(T::of));
                }
                Init::Normal { deviation } => {
                    let normal = Normal::new(0.0, deviation)
                        .expect("invariant: a deviation is finite and not negative");
                    values.extend(normal.sample_iter(&mut *rng).take(count).map(T::of));
                }
            }
        }
        values
    }
}

macro_rules! flat {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<D: Device> {
            pub(crate) floats: D::Floats,
            shapes: Vec<(usize, usize, usize)>,
        }

        impl<D: Device> $name<D> {
            /// All zeros, in the shapes of a layout.
            pub fn zeros(device: &D, layout: &Layout) -> Self {
                let shapes = layout.entries.iter().map(|e| (e.offset, e.rows, e.cols)).collect();
                Self { floats: device.floats(layout.len), shapes }
            }

            /// The matrix of one parameter.
            pub fn view(&self, id: ParamId) -> View<'_, D> {
                let (offset, rows, cols) = self.shapes[id.0];
                View { floats: &self.floats, offset, rows, cols, stride: cols }
            }

            /// The matrix of one parameter, to be written.
            pub fn view_mut(&mut self, id: ParamId) -> ViewMut<'_, D> {
                let (offset, rows, cols) = self.shapes[id.0];
                ViewMut { floats: &mut self.floats, offset, rows, cols, stride: cols }
            }

            /// Copies all scalars to the host, in the order of the layout.
            pub fn read(&self, device: &D) -> Vec<D::Elem> {
                let mut values = vec![D::Elem::default(); device.floats_len(&self.floats)];
                device.read(&mut values, &self.floats, 0);
                values
            }

            /// Overwrites all scalars.
            ///
            /// # Panics
            ///
            /// When the number of values is not that of the layout.
            pub fn write(&mut self, device: &D, values: &[D::Elem]) {
                assert_eq!(values.len(), device.floats_len(&self.floats), "one value for each scalar");
                device.write(&mut self.floats, values);
            }
        }
    };
}

flat! {
    /// The parameters of a network.
    Params
}

flat! {
    /// Derivatives of the loss with respect to the parameters of a network; backward passes add to them.
    Grads
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn starting_values_have_their_distributions() {
        let mut layout = Layout::default();
        layout.bias("b", 10);
        layout.weight("w", 100, 50);
        layout.matrix("n", 100, 100, Init::Normal { deviation: 0.3 });
        let values: Vec<f64> = layout.draw(&mut rand::rngs::SmallRng::seed_from_u64(1));
        assert_eq!(values.len(), layout.len());
        let bound = (6.0_f64 / 150.0).sqrt();
        let (biases, rest) = values.split_at(10);
        let (weights, normal) = rest.split_at(5000);
        assert_eq!(biases, [0.0; 10]);
        assert!(weights.iter().all(|x| x.abs() <= bound));
        // Standard deviations of a uniform and of a normal distribution, within five standard errors.
        for (values, deviation) in [(weights, bound / 3.0_f64.sqrt()), (normal, 0.3)] {
            let n = f64::of_count(values.len());
            let mean = values.iter().sum::<f64>() / n;
            let square = values.iter().map(|x| x * x).sum::<f64>() / n;
            assert!(mean.abs() < 5.0 * deviation / n.sqrt(), "{mean}");
            let error = square.sqrt() / deviation - 1.0;
            assert!(error.abs() < 5.0 / (2.0 * n).sqrt(), "{error}");
        }
    }
}
