//! Sums over the layers of a convolutional network, for costs in closed form.

/// What the layers so far add up to.
///
/// Benchmarks differ in what they count as a floating-point operation, so the parts are kept apart.
/// A sum that no `u64` holds is not known, and is never told as another number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    parameters: Sum,
    multiply_adds: Sum,
    normalised: Sum,
    pooled: Sum,
    pooled_globally: Sum,
}

impl Layers {
    /// A convolution without bias whose result is `side` by `side`.
    pub fn conv(&mut self, kernel: u64, inputs: u64, outputs: u64, side: u64) {
        self.parameters.add(&[kernel, kernel, inputs, outputs]);
        self.multiply_adds
            .add(&[kernel, kernel, inputs, outputs, side, side]);
    }

    /// A convolution of each channel on its own, without bias.
    pub fn depthwise(&mut self, kernel: u64, channels: u64, side: u64) {
        self.conv(kernel, 1, channels, side);
    }

    /// A batch normalisation with scale and shift.
    pub fn norm(&mut self, channels: u64, side: u64) {
        self.parameters.add(&[2, channels]);
        self.normalised.add(&[channels, side, side]);
    }

    /// A linear layer with bias.
    pub fn linear(&mut self, inputs: u64, outputs: u64) {
        self.parameters.add(&[inputs, outputs]);
        self.parameters.add(&[outputs]);
        self.multiply_adds.add(&[inputs, outputs]);
    }

    /// Average pooling with a fixed window, whose result is `side` by `side`.
    pub fn pool(&mut self, channels: u64, side: u64) {
        self.pooled.add(&[channels, side, side]);
    }

    /// Average pooling to one value a channel.
    pub fn global_pool(&mut self, channels: u64, side: u64) {
        self.pooled_globally.add(&[channels, side, side]);
        self.pooled_globally.add(&[channels]);
    }

    /// Trainable parameters, when a `u64` holds them.
    #[must_use]
    pub fn parameters(&self) -> Option<u64> {
        self.parameters.0
    }

    /// Multiply-adds of convolutions and linear layers, when a `u64` holds them; biases are not counted.
    #[must_use]
    pub fn multiply_adds(&self) -> Option<u64> {
        self.multiply_adds.0
    }

    /// The operations as the profiler `thop` counts them, when a `u64` holds them: a multiply-add is one, a normalised
    /// value four, a pooled value one, and pooling over the whole image one for each value read and made.
    #[must_use]
    pub fn thop_flops(&self) -> Option<u64> {
        let normalised = self.normalised.0?.checked_mul(4)?;
        self.multiply_adds
            .0?
            .checked_add(normalised)?
            .checked_add(self.pooled.0?)?
            .checked_add(self.pooled_globally.0?)
    }
}

/// A sum of products; `None` once a `u64` does not hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum(Option<u64>);

impl Default for Sum {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Sum {
    fn add(&mut self, factors: &[u64]) {
        let product = factors
            .iter()
            .try_fold(1_u64, |product, factor| product.checked_mul(*factor));
        self.0 = self
            .0
            .zip(product)
            .and_then(|(sum, product)| sum.checked_add(product));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_number_holds_is_not_known() {
        let mut layers = Layers::default();
        layers.conv(3, 3, 16, 8);
        layers.norm(16, 8);
        assert_eq!(layers.parameters(), Some(432 + 32));
        assert_eq!(layers.thop_flops(), Some(432 * 64 + 4 * 16 * 64));
        // 2^64 weights; their multiply-adds are even more.
        layers.conv(1, 1 << 32, 1 << 32, 1);
        assert_eq!((layers.parameters(), layers.multiply_adds()), (None, None));
        layers.conv(1, 1, 1, 1);
        assert_eq!((layers.parameters(), layers.thop_flops()), (None, None));
        let mut layers = Layers::default();
        for _ in 0..2 {
            layers.linear(1 << 31, 1 << 32);
        }
        assert_eq!((layers.parameters(), layers.multiply_adds()), (None, None));
        let mut layers = Layers::default();
        layers.norm(1 << 62, 1);
        assert_eq!(layers.parameters(), Some(1 << 63));
        assert_eq!(layers.thop_flops(), None);
    }
}
