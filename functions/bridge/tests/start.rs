//! The function says which variable of its environment is missing.

use mayfly_cloud::names_what_is_missing;

#[test]
fn a_variable_that_is_missing_is_named() {
    let own = [
        ("MAYFLY_RPC", "r"),
        ("MAYFLY_SEQUENCER", "s"),
        ("MAYFLY_TEARDOWN", "t"),
        ("MAYFLY_POST_AFTER_S", "60"),
        ("MAYFLY_L1_URL", "http://127.0.0.1:1"),
        ("MAYFLY_L1_KEY", "0x0101010101010101010101010101010101010101010101010101010101010101"),
    ];
    names_what_is_missing(env!("CARGO_BIN_EXE_bridge"), &own);
}
