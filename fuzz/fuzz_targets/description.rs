//! Any description of a space in TOML, with any CSV behind it: a zero byte is between the two.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_space::fuzzing::description(data));
