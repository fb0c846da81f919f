//! Hands `mayfly_fuzz::batches` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::batches(data));
