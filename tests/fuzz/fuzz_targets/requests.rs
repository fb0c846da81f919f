//! Hands `mayfly_fuzz::requests` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::requests(data));
