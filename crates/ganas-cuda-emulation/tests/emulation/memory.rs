//! Device memory: bounds of copies, frees, and what the driver says of handles.

#![expect(unsafe_code, reason = "wrong addresses are the subject of the tests")]

use cudarc::driver::{DevicePtr as _, DriverError, result, sys::CUresult};

use crate::device::Device;

const INVALID: Result<(), DriverError> = Err(DriverError(CUresult::CUDA_ERROR_INVALID_VALUE));

#[test]
fn copies_stay_inside_an_allocation() {
    let device = Device::new();
    let memory = device.upload(&[1.0, 2.0, 3.0, 4.0]);
    let (address, _guard) = memory.device_ptr(&device.stream);
    let mut host = [0.0f32; 8];
    // SAFETY: the emulation checks the range.
    let copied = unsafe { result::memcpy_dtoh_sync(&mut host, address) };
    assert_eq!(copied, INVALID);
    let report = device.report();
    assert!(
        report.contains("the source of a copy of 32 bytes"),
        "{report}"
    );
    assert!(
        report.contains("byte 0 of an allocation of 16 bytes"),
        "{report}"
    );
    // SAFETY: the emulation checks the range.
    let copied = unsafe { result::memcpy_htod_sync(address + 12, &host) };
    assert_eq!(copied, INVALID);
    // SAFETY: the emulation checks the range.
    let copied = unsafe { result::memcpy_dtod_sync(address + 4, address, 16) };
    assert_eq!(copied, INVALID);
    // SAFETY: the emulation checks the range.
    let filled = unsafe { result::memset_d8_sync(address, 0, 17) };
    assert_eq!(filled, INVALID);
    // SAFETY: all of it is inside.
    unsafe { result::memcpy_dtod_sync(address + 4, address, 12) }.unwrap();
    assert_eq!(device.download(&memory), [1.0, 1.0, 2.0, 3.0]);
}

#[test]
fn memory_is_freed_once() {
    let device = Device::new();
    device.context.bind_to_thread().unwrap();
    // SAFETY: nothing reads the memory.
    let address = unsafe { result::malloc_sync(100) }.unwrap();
    // SAFETY: the emulation checks the address.
    let freed = unsafe { result::free_sync(address + 16) };
    assert_eq!(freed, INVALID);
    // SAFETY: the address is that of the allocation.
    unsafe { result::free_sync(address) }.unwrap();
    // SAFETY: the emulation checks the address.
    let freed = unsafe { result::free_sync(address) };
    assert_eq!(freed, INVALID);
    let report = device.report();
    assert!(
        report.contains("in memory that is freed (100 bytes)"),
        "{report}"
    );
    // SAFETY: the emulation checks the address.
    assert_eq!(unsafe { result::free_sync(0) }, INVALID);
}

#[test]
fn empty_allocations_are_refused_as_by_the_driver() {
    let device = Device::new();
    assert!(device.stream.alloc_zeros::<f32>(0).is_err());
}

#[test]
fn fresh_memory_is_nan() {
    let device = Device::new();
    // SAFETY: that the values are unset is what the test is about.
    let fresh = unsafe { device.stream.alloc::<f32>(1000) }.unwrap();
    assert!(device.download(&fresh).iter().all(|value| value.is_nan()));
}

#[test]
fn views_are_parts_of_allocations() {
    let device = Device::new();
    let memory = device.upload(&[1.0, 2.0, 3.0, 4.0]);
    let mut target = device.zeros(4);
    device
        .stream
        .memcpy_dtod(&memory.slice(1..3), &mut target.slice_mut(2..4))
        .unwrap();
    assert_eq!(device.download(&target), [0.0, 0.0, 2.0, 3.0]);
}

#[test]
fn streams_and_events_work() {
    let device = Device::new();
    let stream = device.context.new_stream().unwrap();
    let timed = Some(cudarc::driver::sys::CUevent_flags::CU_EVENT_DEFAULT);
    let start = stream.record_event(timed).unwrap();
    let memory = stream.alloc_zeros::<f32>(1 << 20).unwrap();
    let end = stream.record_event(timed).unwrap();
    assert!(start.elapsed_ms(&end).unwrap() > 0.0);
    stream.join(&device.stream).unwrap();
    stream.synchronize().unwrap();
    drop(memory);
}

#[test]
fn functions_that_are_not_emulated_say_so() {
    let device = Device::new();
    let stream = device.context.new_stream().unwrap();
    let mode = cudarc::driver::sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    let captured = stream.begin_capture(mode);
    assert_eq!(
        captured,
        Err(DriverError(CUresult::CUDA_ERROR_NOT_SUPPORTED))
    );
    let report = device.report();
    assert_eq!(report, "cuStreamBeginCapture_v2 is not emulated");
}
