//! The emulation is tested as the backend uses it, through `cudarc`: correct kernels give correct results in every
//! order of the threads, and each kind of mistake is found.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod broken;
mod correct;
mod device;
mod images;
mod memory;
