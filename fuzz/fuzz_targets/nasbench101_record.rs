//! The payload of a NAS-Bench-101 record.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::nasbench101_record(data));
