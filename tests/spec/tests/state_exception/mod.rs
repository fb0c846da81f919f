//! Reasons for a rejection as the official tests name them, and as we say them.

/// Official name of a reason, and how our text for it begins or what is in it.
const REASONS: [(&str, &str); 16] = [
    ("GAS_ALLOWANCE_EXCEEDED", "exceeds block gas limit"),
    ("GAS_ALLOWANCE_EXCEEDED", "gas limit reached"),
    ("GAS_LIMIT_EXCEEDS_MAXIMUM", "transaction gas limit too high"),
    ("INSUFFICIENT_ACCOUNT_FUNDS", "insufficient funds for gas * price + value"),
    ("INSUFFICIENT_MAX_FEE_PER_GAS", "max fee per gas less than block base fee"),
    ("INTRINSIC_GAS_BELOW_FLOOR_GAS_COST", "insufficient gas for floor data gas cost"),
    ("INTRINSIC_GAS_TOO_LOW", "intrinsic gas too low"),
    ("INVALID_BASEFEE_PER_GAS", "base fee: expected"),
    ("INVALID_GASLIMIT", "gas limit: expected"),
    ("INVALID_WITHDRAWALS_ROOT", "withdrawals root: expected"),
    ("NONCE_MISMATCH_TOO_HIGH", "nonce too high"),
    ("NONCE_MISMATCH_TOO_LOW", "nonce too low"),
    ("PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", "max priority fee per gas higher than max fee"),
    ("SENDER_NOT_EOA", "sender not an eoa"),
    ("TYPE_4_EMPTY_AUTHORIZATION_LIST", "empty auth list"),
    // The type has no encoding for it: the address is missing.
    ("TYPE_4_TX_CONTRACT_CREATION", "unexpected length"),
];

/// Checks that `reason` is one that the test allows: `A.X|B.Y` allows both.
pub(crate) fn check(expected: &str, reason: &str) -> Result<(), String> {
    let allowed = expected.split('|').filter_map(|name| name.split('.').nth(1));
    let says = |name: &str| REASONS.iter().any(|(it, text)| *it == name && reason.contains(text));
    match allowed.into_iter().any(says) {
        true => Ok(()),
        false => Err(format!("rejected for another reason than {expected}: {reason}")),
    }
}
