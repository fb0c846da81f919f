//! Hands `mayfly_fuzz::proofs` to libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mayfly_fuzz::proofs(data));
