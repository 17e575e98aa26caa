//! A file of bzip2.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_formats::fuzzing::bzip2(data));
