//! Texts of architectures, in each space that has a name.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_space::fuzzing::text(data));
