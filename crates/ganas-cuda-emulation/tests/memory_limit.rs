//! Device memory runs out. The limit is of the whole process, so this test has a binary of its own.

#![cfg(target_os = "linux")]

use cudarc::driver::{CudaContext, DriverError, sys::CUresult};

#[test]
fn memory_runs_out_and_comes_back() {
    let emulation = ganas_cuda_emulation::install();
    emulation.set_memory_limit(1000);
    let context = CudaContext::new(0).unwrap();
    let stream = context.default_stream();
    let first = stream.alloc_zeros::<u8>(600).unwrap();
    assert_eq!(emulation.memory_in_use(), 600);
    assert_eq!(context.mem_get_info().unwrap(), (400, 1000));
    let second = stream.alloc_zeros::<u8>(401).map(drop);
    assert_eq!(second, Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)));
    let report = emulation.last_report().unwrap();
    assert!(
        report.contains("401 bytes asked for, 600 bytes of 1000 bytes in use"),
        "{report}"
    );
    emulation.clear_report();
    assert_eq!(emulation.last_report(), None);
    drop(first);
    assert_eq!(emulation.memory_in_use(), 0);
    stream.alloc_zeros::<u8>(1000).unwrap();
}
