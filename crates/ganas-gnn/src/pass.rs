//! What the passes of all layers and networks have in common.

use crate::device::copied;
use crate::{Device, Grads, Params};

/// A forward pass: where it runs, and the parameters.
#[derive(Debug)]
pub struct Forward<'a, D: Device> {
    /// The device.
    pub device: &'a D,
    /// The parameters of the network.
    pub params: &'a Params<D>,
}

impl<'a, D: Device> Forward<'a, D> {
    /// A pass on a device.
    pub fn new(device: &'a D, params: &'a Params<D>) -> Self {
        Self { device, params }
    }
}

copied!(Forward);

/// A backward pass: as the forward pass, and the gradients that it adds to.
#[derive(Debug)]
pub struct Backward<'a, D: Device> {
    /// The device.
    pub device: &'a D,
    /// The parameters of the network.
    pub params: &'a Params<D>,
    /// The gradients of the parameters.
    pub grads: &'a mut Grads<D>,
}

impl<'a, D: Device> Backward<'a, D> {
    /// A pass on a device.
    pub fn new(device: &'a D, params: &'a Params<D>, grads: &'a mut Grads<D>) -> Self {
        Self {
            device,
            params,
            grads,
        }
    }

    /// What the forward pass had.
    pub fn forward(&self) -> Forward<'a, D> {
        Forward::new(self.device, self.params)
    }
}
