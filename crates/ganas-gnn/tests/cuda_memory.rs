//! A GPU whose memory is full, under emulation; the limit holds for the whole process, so this test has one of its own.

#![cfg(target_os = "linux")]

use ganas_gnn::{Cuda, Device as _, DeviceError, guarded};

#[test]
fn the_size_asked_for_is_told() {
    let emulation = ganas_cuda_emulation::install();
    let device = Cuda::open(0, None).unwrap();
    emulation.set_memory_limit(1 << 20);
    let kept = device.floats(1000);
    let error = guarded(|| device.floats(1 << 19)).unwrap_err();
    let DeviceError::OutOfMemory { bytes, free, total } = error else {
        panic!("{error}");
    };
    assert_eq!((bytes, total), (1 << 21, 1 << 20));
    assert!(free <= (1 << 20) - 4000, "{free}");
    // The device goes on.
    drop(kept);
    assert_eq!(device.floats_len(&device.floats(1000)), 1000);
}
