//! A result of NAS-Bench-301.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::nasbench301_result(data));
