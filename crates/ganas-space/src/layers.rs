//! Sums over the layers of a convolutional network, for costs in closed form.

/// What the layers so far add up to.
///
/// Benchmarks differ in what they count as a floating-point operation, so the parts are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Trainable parameters.
    pub parameters: u64,
    /// Multiply-adds of convolutions and linear layers; biases are not counted.
    pub multiply_adds: u64,
    /// Values that are normalised in batches.
    pub normalised: u64,
    /// Values that average pooling with a fixed window makes.
    pub pooled: u64,
    /// Values that average pooling over a whole image reads and makes.
    pub pooled_globally: u64,
}

impl Layers {
    /// A convolution without bias whose result is `side` by `side`.
    pub fn conv(&mut self, kernel: u64, inputs: u64, outputs: u64, side: u64) {
        let weights = kernel * kernel * inputs * outputs;
        self.parameters += weights;
        self.multiply_adds += weights * side * side;
    }

    /// A convolution of each channel on its own, without bias.
    pub fn depthwise(&mut self, kernel: u64, channels: u64, side: u64) {
        self.conv(kernel, 1, channels, side);
    }

    /// A batch normalisation with scale and shift.
    pub fn norm(&mut self, channels: u64, side: u64) {
        self.parameters += 2 * channels;
        self.normalised += channels * side * side;
    }

    /// A linear layer with bias.
    pub fn linear(&mut self, inputs: u64, outputs: u64) {
        self.parameters += inputs * outputs + outputs;
        self.multiply_adds += inputs * outputs;
    }

    /// Average pooling to one value a channel.
    pub fn global_pool(&mut self, channels: u64, side: u64) {
        self.pooled_globally += channels * (side * side + 1);
    }

    /// The operations as the profiler `thop` counts them: a multiply-add is one, a normalised value four, a pooled
    /// value one, and pooling over the whole image one for each value read and made.
    #[must_use]
    pub fn thop_flops(&self) -> u64 {
        self.multiply_adds + 4 * self.normalised + self.pooled + self.pooled_globally
    }
}
