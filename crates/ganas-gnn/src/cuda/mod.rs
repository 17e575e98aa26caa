//! NVIDIA GPUs as a device, through the CUDA driver and kernels that are compiled at run time.
//!
//! Parameters, optimiser state, graphs and caches live on the device; what crosses are graph structures and uniform
//! numbers on the way in, and actions, rewards and losses on the way out. All work of a handle goes to one stream, so
//! that it is done in the order of the calls. A copy from the device waits for the work of its handle before it; nothing
//! else waits. Handles that were forked do not wait for each other.
//!
//! Results do not depend on the number of multiprocessors, nor on the order in which blocks run: how a sum is shared out
//! depends on shapes only, and no float is added atomically. They equal those of the CPU up to the order of sums and to
//! fused multiply-adds inside products, and the last bit of `log`.
//!
//! A [`DeviceError`] leaves an operation by unwinding, and is caught by [`guarded`](crate::guarded).

mod compiler;
mod device_info;
mod driver;
pub mod kernels;
mod launch;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use device_info::DeviceInfo;
pub use driver::Buffer;
pub(crate) use launch::Launch;

use crate::{Device, DeviceError, View, ViewMut};
use driver::Driver;

/// An NVIDIA GPU, computing in single precision.
#[derive(Clone, Debug)]
pub struct Cuda {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    driver: Driver,
    description: String,
    warning: Option<String>,
    /// Parts of sums; locked from the launch that writes them to the one that reads them, or to the copy to the host.
    parts: Mutex<Parts>,
}

/// Scratch memory for sums that several blocks share.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) floats: Buffer<f32>,
    pub(crate) doubles: Buffer<f64>,
}

impl Cuda {
    /// The devices that the driver sees.
    ///
    /// # Errors
    ///
    /// [`DeviceError::NoDriver`], or a failure of the driver.
    pub fn devices() -> Result<Vec<DeviceInfo>, DeviceError> {
        (0..driver::count()?).map(driver::info).collect()
    }

    /// Takes a device, and compiles the kernels for it or finds them in the folder `cache`.
    ///
    /// # Errors
    ///
    /// When there is no driver, compiler or device of this number, or they do not fit together.
    pub fn open(ordinal: usize, cache: Option<&Path>) -> Result<Self, DeviceError> {
        let count = driver::count()?;
        if ordinal >= count {
            return Err(DeviceError::NoSuchDevice { ordinal, count });
        }
        let info = driver::info(ordinal)?;
        let code = compiler::code(&info, cache)?;
        let driver = Driver::open(ordinal, &code)?;
        let [major, minor] = info.capability;
        let description = format!("cuda-f32 {} sm_{major}{minor}", info.name);
        Ok(Self::new(driver, description, code.warning))
    }

    fn new(driver: Driver, description: String, warning: Option<String>) -> Self {
        let parts = Mutex::new(Parts {
            floats: driver.empty(),
            doubles: driver.empty(),
        });
        Self {
            shared: Arc::new(Shared {
                driver,
                description,
                warning,
                parts,
            }),
        }
    }

    /// Why compiled kernels could not be kept for the next time, if they could not.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.shared.warning.as_deref()
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.shared.driver
    }

    /// Does something with scratch memory, while nobody else does.
    pub(crate) fn with_parts<R>(&self, work: impl FnOnce(&mut Parts) -> R) -> R {
        // A holder that failed leaves nothing behind that the next one reads.
        let mut parts = (self.shared.parts.lock()).unwrap_or_else(PoisonError::into_inner);
        work(&mut parts)
    }

    /// A buffer of at least this length, with unspecified contents.
    pub(crate) fn at_least<T: driver::Plain>(&self, buffer: &mut Buffer<T>, len: usize) {
        if buffer.len() < len {
            *buffer = self.driver().allocate(len.next_power_of_two());
        }
    }

    /// The sum of the doubles that a kernel writes, one for each of `n` blocks, in their order.
    pub(crate) fn sum_of_parts(&self, n: usize, kernel: impl FnOnce(&mut Buffer<f64>)) -> f64 {
        self.with_parts(|parts| {
            self.at_least(&mut parts.doubles, n);
            kernel(&mut parts.doubles);
            let mut sums = vec![0.0; n];
            self.driver().read(&mut sums, &parts.doubles, 0);
            sums.iter().sum()
        })
    }
}

impl Device for Cuda {
    type Elem = f32;
    type Floats = Buffer<f32>;
    type Ints = Buffer<u32>;
    type Masks = Buffer<u64>;

    fn fork(&self) -> Self {
        let Shared {
            driver,
            description,
            warning,
            ..
        } = &*self.shared;
        match driver.fork() {
            Ok(driver) => Self::new(driver, description.clone(), warning.clone()),
            Err(error) => error.raise(),
        }
    }

    fn finish(&self) {
        self.driver().synchronise();
    }

    fn shares_embeddings(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        self.shared.description.clone()
    }

    fn floats(&self, len: usize) -> Buffer<f32> {
        let mut floats = self.driver().allocate(len);
        self.driver().clear(&mut floats, 0, len);
        floats
    }

    fn floats_len(&self, floats: &Buffer<f32>) -> usize {
        floats.len()
    }

    fn write(&self, to: &mut Buffer<f32>, from: &[f32]) {
        self.driver().write(to, from);
    }

    fn clear(&self, to: &mut Buffer<f32>, offset: usize, len: usize) {
        self.driver().clear(to, offset, len);
    }

    fn read(&self, to: &mut [f32], from: &Buffer<f32>, offset: usize) {
        self.driver().read(to, from, offset);
    }

    fn ints(&self) -> Buffer<u32> {
        self.driver().empty()
    }

    fn write_ints(&self, to: &mut Buffer<u32>, from: &[u32]) {
        self.driver().replace(to, from);
    }

    fn ints_len(&self, ints: &Buffer<u32>) -> usize {
        ints.len()
    }

    fn read_ints(&self, to: &mut [u32], from: &Buffer<u32>) {
        self.driver().read(to, from, 0);
        if let Some(row) = to.iter().position(|&action| action == kernels::NO_ACTION) {
            DeviceError::NoAction { row }.raise();
        }
    }

    fn masks(&self) -> Buffer<u64> {
        self.driver().empty()
    }

    fn masks_len(&self, masks: &Buffer<u64>) -> usize {
        masks.len()
    }

    fn write_masks(&self, to: &mut Buffer<u64>, from: &[u64]) {
        self.driver().replace(to, from);
    }
}

impl View<'_, Cuda> {
    /// The address of the first number on the device.
    pub(crate) fn address(self) -> u64 {
        self.floats.address(self.offset)
    }
}

impl ViewMut<'_, Cuda> {
    /// The address of the first number on the device.
    pub(crate) fn address(&self) -> u64 {
        self.floats.address(self.offset)
    }
}
