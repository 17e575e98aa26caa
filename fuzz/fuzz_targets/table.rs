//! A table file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_table::fuzzing::table(data));
