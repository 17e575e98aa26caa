//! Conversions between indices of the host and indices of device buffers.

/// An index from a device buffer as an index of the host.
#[inline]
pub(crate) fn to_usize(index: u32) -> usize {
    index as usize
}

/// An index, or a count, of the host as one of a device buffer.
pub(crate) fn to_u32(index: usize) -> u32 {
    u32::try_from(index).expect("invariant: a batch has fewer than 2^32 nodes, edges and states")
}
