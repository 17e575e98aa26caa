//! A NATS-Bench tar file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::nats_tar(data));
