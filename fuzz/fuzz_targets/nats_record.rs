//! The uncompressed pickle of a NATS-Bench record.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::nats_record(data));
