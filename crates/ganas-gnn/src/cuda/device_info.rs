//! What the driver says of a device.

/// A device that the driver sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its number.
    pub ordinal: usize,
    /// Its name.
    pub name: String,
    /// Its compute capability, major and minor.
    pub capability: [u32; 2],
    /// Its memory in bytes.
    pub memory: usize,
}
