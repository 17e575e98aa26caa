//! Parameters: named matrices in one flat buffer, so that an optimiser passes over them once.

use rand::RngExt;
use rand_core::Rng;

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

    /// Name, offset, rows and columns of each parameter, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, usize, usize, usize)> {
        self.entries
            .iter()
            .map(|e| (e.name.as_str(), e.offset, e.rows, e.cols))
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
                    values.extend(
                        (0..count).map(|_| T::of(bound * (2.0 * rng.random::<f64>() - 1.0))),
                    );
                }
                Init::Normal { deviation } => {
                    values.extend((0..count).map(|_| T::of(deviation * standard_normal(rng))));
                }
            }
        }
        values
    }
}

/// One standard normal number by the Box-Muller transform: two uniform draws, always.
fn standard_normal(rng: &mut dyn Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
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
