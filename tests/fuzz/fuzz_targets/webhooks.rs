//! Hands `mayfly_fuzz::webhooks` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::webhooks(data));
