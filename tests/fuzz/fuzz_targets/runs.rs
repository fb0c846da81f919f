//! Hands `mayfly_fuzz::runs` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::runs(data));
