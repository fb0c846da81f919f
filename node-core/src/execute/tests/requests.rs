//! Requests (EIP-7685), under Ethereum's rules.

use alloy_eips::{
    eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS, eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, eip7685::Requests,
};
use alloy_primitives::{Bytes, hex};

use super::super::{BlockError, Rules};
use super::kit::*;

/// Returns 32 bytes that end in `0x2a`.
const QUEUE: [u8; 10] = hex!("602a60005260206000f3");
/// Logs its call data as a deposit event.
const DEPOSIT_CONTRACT: [u8; 44] = hex!(
    "3660006000377f649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c536 6000a1 00"
);

fn ethereum() -> Layer {
    Layer::ethereum().with_code(MAINNET_DEPOSIT_CONTRACT_ADDRESS, &DEPOSIT_CONTRACT)
}

/// A deposit event in the ABI, its fields filled with 1, 2, 3, 4 and 5.
fn event() -> Vec<u8> {
    let mut data = vec![0; 576];
    let fields = [(0, 160, 48, 1), (32, 256, 32, 2), (64, 320, 8, 3), (96, 384, 96, 4)];
    for (head, offset, length, fill) in fields.into_iter().chain([(128, 512, 8, 5)]) {
        data[head + 30..head + 32].copy_from_slice(&u16::to_be_bytes(offset));
        let at = usize::from(offset);
        data[at + 31] = length;
        data[at + 32..at + 32 + usize::from(length)].fill(fill);
    }
    data
}

fn send(event: &[u8]) -> crate::chain::Transaction {
    let to = MAINNET_DEPOSIT_CONTRACT_ADDRESS;
    Tx::from_account(0).value(0).to(to).input(event).sign()
}

#[test]
fn requests_are_those_of_events_and_queues_in_the_order_of_their_types() {
    let chain = ethereum()
        .with_code(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, &QUEUE)
        .with_code(CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, &QUEUE);

    let built = chain.build(&[send(&event())]);

    let fields = [vec![1; 48], vec![2; 32], vec![3; 8], vec![4; 96], vec![5; 8]];
    let queue = [&[0; 31][..], &[0x2a]].concat();
    let expected = Requests::new(vec![
        Bytes::from([vec![0], fields.concat()].concat()),
        Bytes::from([vec![1], queue.clone()].concat()),
        Bytes::from([vec![2], queue].concat()),
    ]);
    assert_eq!(built.header.requests_hash, Some(expected.requests_hash()));
}

#[test]
fn badly_laid_out_deposit_event_spoils_the_block() {
    let mut long = event();
    long.push(0);
    let mut moved = event();
    moved[31] = 161;
    let mut short_key = event();
    short_key[160 + 31] = 47;
    for event in [long, moved, short_key] {
        let mut builder = ethereum().builder();
        include(&mut builder, &send(&event));

        let error = builder.finish().expect_err("not a deposit event");

        assert!(matches!(error.error, BlockError::DepositEvent), "{error}");
    }
}

#[test]
fn system_contract_must_be_there_and_succeed() {
    let mut without = Layer::new();
    without.rules = Rules::ethereum(CHAIN_ID);
    let failing = ethereum().with_code(CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, &REVERTS);

    let missing = without.builder().finish().expect_err("no code");
    let failed = failing.builder().finish().expect_err("reverts");

    let address = WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS;
    assert!(
        matches!(missing.error, BlockError::SystemContractMissing { address: it } if it == address)
    );
    let address = CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS;
    assert!(matches!(failed.error, BlockError::SystemCallFailed { address: it } if it == address));
}

#[test]
fn layer_requests_nothing() {
    let layer = Layer::new().with_code(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, &QUEUE);

    let built = layer.build(&[]);

    let nothing = alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
    assert_eq!(built.header.requests_hash, Some(nothing));
}
