//! Hands `mayfly_fuzz::pages` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::pages(data));
