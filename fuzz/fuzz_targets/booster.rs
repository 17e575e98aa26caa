//! Boosters of XGBoost and LightGBM.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ganas_surrogate::fuzzing::booster(data));
