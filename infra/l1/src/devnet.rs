//! Genesis of an L1 inside the process, for development: node-core itself, with Ethereum's rules.

use std::sync::LazyLock;

use alloy::{
    primitives::{Address, utils::parse_ether},
    signers::local::{MnemonicBuilder, PrivateKeySigner},
};
use mayfly_contracts::{Preinstall, preinstalls};
use node_core::{
    chain::{GenesisAccount, LayerConfig, LayerId},
    flow::open::Alloc,
};

/// Chain id of development chains, the one that wallets and tools know as such.
pub const CHAIN_ID: u64 = 31_337;

/// The phrase behind the accounts of every Ethereum development node. Everybody knows it.
pub const MNEMONIC: &str = "test test test test test test test test test test test junk";

/// Number of accounts that start with ETH.
pub const ACCOUNTS: usize = 10;

/// What each of them has: ETH.
const BALANCE_ETH: &str = "10000";

/// Ethereum's block gas limit since Fusaka.
const GAS_LIMIT: u64 = 60_000_000;

/// Base fee of block 0; afterwards EIP-1559 decides.
const BASE_FEE_WEI: u64 = 1_000_000_000;

/// 31 December 9999: a development L1 does not end.
const NEVER_S: u64 = 253_402_300_799;

/// Block 0 of the development L1.
#[derive(Debug, Clone)]
pub struct Devnet {
    /// Its configuration. It is no layer: what only layers have is empty.
    pub config: LayerConfig,
    /// System contracts, deployers, and the funded accounts.
    pub alloc: Alloc,
}

/// Returns block 0 of a development L1 that starts at `now_s`, Unix seconds.
///
/// # Panics
/// Never: phrase and preinstalls are fixed, and tests read them.
#[must_use]
pub fn genesis(now_s: u64) -> Devnet {
    let preinstalls = preinstalls(CHAIN_ID).expect("the checked-in preinstalls are well formed");
    let mut alloc: Alloc = preinstalls.into_iter().map(contract).collect();
    let balance = parse_ether(BALANCE_ETH).expect("a number");
    for account in accounts() {
        let funded = GenesisAccount { balance, ..GenesisAccount::default() };
        alloc.insert(account.address(), funded);
    }
    Devnet { config: config(now_s), alloc }
}

/// Returns the keys of the funded accounts: `m/44'/60'/0'/0/0` to `/9` of [`MNEMONIC`].
///
/// # Panics
/// Never: the phrase is fixed, and a test compares the addresses with the published ones.
#[must_use]
pub fn accounts() -> Vec<PrivateKeySigner> {
    KEYS.clone()
}

/// Stretching the phrase is slow by design: once per process.
static KEYS: LazyLock<Vec<PrivateKeySigner>> = LazyLock::new(|| {
    let keys = MnemonicBuilder::from_phrase(MNEMONIC).into_iter().take(ACCOUNTS);
    keys.collect::<Result<_, _>>().expect("the phrase is well formed")
});

fn config(now_s: u64) -> LayerConfig {
    LayerConfig {
        name: "development L1".to_owned(),
        opened_at_s: now_s,
        ends_at_s: NEVER_S,
        gas_limit: GAS_LIMIT,
        base_fee_wei: BASE_FEE_WEI,
        ..LayerConfig::detached(LayerId::new(*b"development L1.."), CHAIN_ID)
    }
}

/// Contracts have nonce 1 (EIP-161).
fn contract(preinstall: Preinstall) -> (Address, GenesisAccount) {
    let Preinstall { address, code, .. } = preinstall;
    (address, GenesisAccount { nonce: 1, code, ..GenesisAccount::default() })
}

#[cfg(test)]
mod tests {
    use alloy::{
        eips::{eip2935, eip4788, eip7002, eip7251},
        primitives::{U256, address, keccak256},
    };
    use node_core::flow::open::Genesis;

    use super::*;

    #[test]
    fn accounts_are_the_published_ones() {
        let addresses: Vec<_> = accounts().iter().map(PrivateKeySigner::address).collect();
        let published = [
            address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
            address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
            address!("90F79bf6EB2c4f870365E785982E1f101E93b906"),
            address!("15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
            address!("9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
            address!("976EA74026E726554dB657fA54763abd0C3a0aa9"),
            address!("14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
            address!("23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
            address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720"),
        ];
        assert_eq!(addresses, published);
    }

    #[test]
    fn system_contracts_are_those_of_the_eips() {
        let Devnet { alloc, .. } = genesis(0);
        let code = |account: Address| alloc[&account].code.clone();
        assert_eq!(code(eip4788::BEACON_ROOTS_ADDRESS), eip4788::BEACON_ROOTS_CODE);
        assert_eq!(code(eip2935::HISTORY_STORAGE_ADDRESS), eip2935::HISTORY_STORAGE_CODE);
        for account in [
            eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
        ] {
            assert!(!code(account).is_empty(), "{account}");
        }
    }

    #[test]
    fn deployer_is_where_the_organiser_looks_for_it() {
        let Devnet { alloc, .. } = genesis(0);
        let deployer = &alloc[&crate::organiser::DEPLOYER];
        // Hash of the deterministic deployer's code on Ethereum.
        let published = "2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989";
        assert_eq!(alloy::hex::encode(keccak256(&deployer.code)), published);
    }

    #[test]
    fn genesis_is_a_block_with_a_hundred_thousand_eth() {
        let Devnet { config, alloc } = genesis(1_700_000_000);
        config.check().expect("a valid configuration");
        let genesis = Genesis::unbacked(&config, &alloc);
        assert_eq!(genesis.header.timestamp, 1_700_000_000);
        let total: U256 = alloc.values().map(|account| account.balance).sum();
        assert_eq!(total, parse_ether("100000").expect("a number"));
    }
}
