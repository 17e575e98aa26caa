//! Lines from workers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_worker::fuzzing::message(data));
