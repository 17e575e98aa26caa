//! Memory of a device, and copies to and from it.

use std::fmt::Debug;

use crate::Element;

/// Memory of a device, and copies to and from it.
///
/// Copies write the beginning of a buffer and leave the rest as it is.
pub trait Device: Clone + Debug + Send + Sync + 'static {
    /// The number type of this device.
    type Elem: Element;
    /// A buffer of numbers.
    type Floats: Debug + Send + Sync;
    /// A buffer of 32-bit indices.
    type Ints: Debug + Send + Sync;
    /// A buffer of 64-bit masks.
    type Masks: Debug + Send + Sync;

    /// A handle with a queue of work of its own, for work that shares no buffer with that of other handles.
    ///
    /// Work of one handle is done in the order of the calls; where a device has one queue only, this is a clone.
    #[must_use]
    fn fork(&self) -> Self {
        self.clone()
    }

    /// Waits until all work of this handle is done, so that other handles see what it wrote.
    fn finish(&self) {}

    /// Does work of many small operations in a row, such as a step of training.
    ///
    /// The result is that of the work alone; a device may get ready for the next operation while it goes on.
    fn session<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Does work of the device, and work of the host that it does not need, at the same time where a thread is idle.
    fn overlap(&self, of_device: impl FnOnce() + Send, of_host: impl FnOnce() + Send) {
        rayon::join(of_device, of_host);
    }

    /// Whether encoders compute each distinct embedding once, which the host has to find out, or all of them.
    ///
    /// The results are the same up to the order of sums. Where computing is cheap and the host is what work waits for, it is
    /// faster to compute all.
    fn shares_embeddings(&self) -> bool {
        true
    }

    /// The device and instruction set, for records.
    fn describe(&self) -> String;

    /// A buffer of zeros.
    fn floats(&self, len: usize) -> Self::Floats;
    /// The length of a buffer.
    fn floats_len(&self, floats: &Self::Floats) -> usize;
    /// Copies to the device; the buffer must be long enough.
    fn write(&self, to: &mut Self::Floats, from: &[Self::Elem]);
    /// Sets `len` numbers from `offset` on to zero.
    fn clear(&self, to: &mut Self::Floats, offset: usize, len: usize);
    /// Copies from the device, starting at `offset`.
    fn read(&self, to: &mut [Self::Elem], from: &Self::Floats, offset: usize);

    /// An empty buffer of indices.
    fn ints(&self) -> Self::Ints;
    /// Replaces a buffer of indices; the buffer grows as needed.
    fn write_ints(&self, to: &mut Self::Ints, from: &[u32]);
    /// The number of indices.
    fn ints_len(&self, ints: &Self::Ints) -> usize;
    /// Copies indices from the device.
    fn read_ints(&self, to: &mut [u32], from: &Self::Ints);

    /// An empty buffer of masks.
    fn masks(&self) -> Self::Masks;
    /// The number of masks.
    fn masks_len(&self, masks: &Self::Masks) -> usize;
    /// Replaces a buffer of masks; the buffer grows as needed.
    fn write_masks(&self, to: &mut Self::Masks, from: &[u64]);
}

/// Makes structs of references copies of themselves: deriving it would ask for devices that are.
macro_rules! copied {
    ($($name:ident),*) => {
        $(
            impl<D: $crate::Device> Clone for $name<'_, D> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<D: $crate::Device> Copy for $name<'_, D> {}
        )*
    };
}
pub(crate) use copied;
