//! Any pickle: the interpreter and the first pass of large files.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_formats::fuzzing::pickle(data));
