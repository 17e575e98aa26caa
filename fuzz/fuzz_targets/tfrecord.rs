//! A TFRecord file; checksums are compared, so this one is about frames.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::tfrecord(data));
