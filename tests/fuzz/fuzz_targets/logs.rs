//! Hands `mayfly_fuzz::logs` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::logs(data));
