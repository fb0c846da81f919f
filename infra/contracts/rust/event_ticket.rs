use alloy_primitives::{Address, B256, Bytes, Uint};
use alloy_sol_types::SolConstructor;

use crate::EventTicket::{self, EventSettings, TierSettings};

/// Returns the creation code of tickets in one tier of `cap`, which only `minter` mints and `owner` owns, and which are
/// nothing but tickets: no price, no allow-list, no metadata, no royalties. Codes at the door are good for
/// `check_in_window_s` seconds.
#[must_use]
pub fn plain_event_ticket(
    owner: Address,
    minter: Address,
    cap: u32,
    check_in_window_s: u32,
) -> Bytes {
    let tier = TierSettings {
        cap,
        walletCap: 0,
        opensAt: 0,
        closesAt: 0,
        priceWei: Uint::ZERO,
        allowRoot: B256::ZERO,
    };
    let s = EventSettings {
        owner,
        minter,
        payout: owner,
        name: "Night".to_owned(),
        symbol: "NIGHT".to_owned(),
        contractUri: String::new(),
        hiddenUri: String::new(),
        baseUri: String::new(),
        revealHash: B256::ZERO,
        soulbound: false,
        royaltyReceiver: Address::ZERO,
        royaltyBps: Uint::ZERO,
        checkInWindow: check_in_window_s,
        tiers: vec![tier],
    };
    let arguments = EventTicket::constructorCall { s }.abi_encode();
    [EventTicket::BYTECODE.as_ref(), &arguments].concat().into()
}
