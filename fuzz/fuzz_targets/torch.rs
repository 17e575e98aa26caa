//! A .pth file, zipped or not.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::torch(data));
