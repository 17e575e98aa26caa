//! NASLib's pickle of NAS-Bench-101.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_benchmarks::fuzzing::naslib_pickle(data));
