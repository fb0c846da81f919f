mod genesis;
mod l1_info;

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, U256, address, b256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};

use super::*;

#[test]
fn the_cores_interface_is_the_sealers() {
    let selectors = |all: &[[u8; 4]]| all.iter().copied().collect::<BTreeSet<_>>();
    let core = selectors(IExitSealer::IExitSealerCalls::SELECTORS);
    let built = selectors(ExitSealer::ExitSealerCalls::SELECTORS);
    // The contract's constants are constants of the core, too.
    let constants =
        selectors(&[ExitSealer::SYSTEMCall::SELECTOR, ExitSealer::MAX_ASSETSCall::SELECTOR]);
    assert_eq!(built.difference(&core).copied().collect::<BTreeSet<_>>(), constants);
    assert!(core.is_subset(&built));
    assert_eq!(
        selectors(IExitSealer::IExitSealerErrors::SELECTORS),
        selectors(ExitSealer::ExitSealerErrors::SELECTORS)
    );
    assert_eq!(IExitSealer::Exit::SIGNATURE_HASH, ExitSealer::Exit::SIGNATURE_HASH);
    assert_eq!(IExitSealer::Sealed::SIGNATURE_HASH, ExitSealer::Sealed::SIGNATURE_HASH);
    assert_eq!(IExitSealer::Frozen::SIGNATURE_HASH, ExitSealer::Frozen::SIGNATURE_HASH);
    assert_eq!(IExitSealer::AssetAdded::SIGNATURE_HASH, ExitSealer::AssetAdded::SIGNATURE_HASH);
    assert_eq!(IExitSealer::AssetClosed::SIGNATURE_HASH, ExitSealer::AssetClosed::SIGNATURE_HASH);
    assert_eq!(IExitSealer::AssetDropped::SIGNATURE_HASH, ExitSealer::AssetDropped::SIGNATURE_HASH);
    assert_eq!(
        IExitSealer::RecipientNamed::SIGNATURE_HASH,
        ExitSealer::RecipientNamed::SIGNATURE_HASH
    );
}

#[test]
fn the_code_fits_the_limit() {
    assert!(!exit_sealer_code().is_empty());
    for code in [&FlashLayer::DEPLOYED_BYTECODE, &FlashSettlement::DEPLOYED_BYTECODE] {
        assert!(code.len() <= 24_576, "EIP-170");
    }
}

#[test]
fn permit2_is_patched_for_the_chain() {
    let permit2 = |chain_id| {
        let all = preinstalls(chain_id).expect("the file is checked in");
        all.into_iter().find(|p| p.name == "Permit2").expect("Permit2 is in it").code
    };
    let mainnet = permit2(1);
    assert_eq!(U256::from_be_slice(&mainnet[6945..6977]), U256::from(1));
    // What the contract on Ethereum answers to DOMAIN_SEPARATOR().
    let domain = b256!("866a5aba21966af95d6c7ab78eb2b2fc913915c28be3b9aa07cc04ff903e3f28");
    assert_eq!(B256::from_slice(&mainnet[6983..7015]), domain);
    assert_ne!(permit2(5), mainnet);
}

#[test]
fn all_wanted_contracts_are_preinstalled() {
    let wanted: BTreeSet<Address> = [
        address!("cA11bde05977b3631167028862bE2a173976CA11"),
        address!("4e59b44847b379578588920cA78FbF26c0B4956C"),
        address!("000000000022D473030F116dDEE9F6B43aC78BA3"),
        address!("914d7Fec6aaC8cd542e72Bca78B30650d45643d7"),
        address!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
        address!("7fc98430eAEdbb6070B35B39D798725049088348"),
        address!("0000000071727De22E5E9d8BAf0edAc6f37da032"),
        address!("EFC2c1444eBCC4Db75e7613d20C6a62fF67A167C"),
        address!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
        address!("449ED7C3e6Fee6a97311d4b55475DF59C44AdD33"),
        address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02"),
        address!("0000F90827F1C53a10cb7A02335B175320002935"),
        address!("00000961Ef480Eb55e80D19ad83579A64c007002"),
        address!("0000BBdDc7CE488642fb579F8B00f3a590007251"),
    ]
    .into();
    let found: BTreeSet<Address> =
        preinstalls(7).expect("checked in").into_iter().map(|p| p.address).collect();
    assert_eq!(found, wanted);
}

#[test]
fn preinstalled_code_is_the_code_of_other_chains() {
    let hash = |name: &str| {
        let all = preinstalls(1).expect("checked in");
        keccak256(&all.iter().find(|p| p.name == name).expect("listed").code)
    };
    // EXTCODEHASH of both on Ethereum, as their projects publish them.
    assert_eq!(
        hash("Multicall3"),
        b256!("d5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891")
    );
    assert_eq!(
        hash("DeterministicDeploymentProxy"),
        b256!("2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989")
    );
}
