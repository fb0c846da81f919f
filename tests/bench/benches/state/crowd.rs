//! States of any size, the same in every run, and transfers between their accounts.

use std::path::Path;

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use futures::executor::block_on;
use mayfly_bench::{CHAIN_ID, NOW_MS, free_layer};
use mayfly_disk::Disk;
use node_core::{
    chain::{EXIT_SEALER, LayerId, Transaction, recover_sender},
    codec::{names, record::Pending},
    flow::{
        open,
        pages::{Import, Imported, Layout, Written},
    },
    port::{Objects, Put},
    state::AccountInfo,
};

use crate::Result;

/// Accounts whose keys are known.
pub(crate) const PEOPLE: u64 = 1_000;

/// The layer of every benchmark here.
pub(crate) const LAYER: LayerId = LayerId::new([9; 16]);

/// Writes the packs of a state of `count` accounts and opens a layer on it in `dir`.
pub(crate) fn open_layer(dir: &Path, count: u64) -> Result<Written> {
    let disk = Disk::open(dir)?;
    let stores = disk.stores(LAYER);
    let top = write(&*stores.objects, Layout::default(), count)?;
    block_on(open::open_imported(&stores, &free_layer(LAYER), top.clone()))?;
    Ok(top)
}

/// Writes the packs of a state of `count` accounts.
pub(crate) fn write(objects: &dyn Objects, layout: Layout, count: u64) -> Result<Written> {
    let import = Import::new(layout, |epoch, pack| {
        let name = names::pack(LAYER, 0, epoch);
        block_on(objects.put(&name, pack, Put::IfAbsent))?;
        Ok(())
    });
    let code = mayfly_contracts::exit_sealer_code();
    let info = AccountInfo { nonce: 1, code_hash: keccak256(&code), ..AccountInfo::default() };
    let sealer = Imported { address: EXIT_SEALER, info, slots: Vec::new() };
    let people = (0..count).map(account).collect::<Result<Vec<_>>>()?;
    Ok(import.write(people.into_iter().chain([sealer]).collect(), vec![code])?)
}

fn account(i: u64) -> Result<Imported> {
    Ok(Imported { address: address(i)?, info: info(i), slots: Vec::new() })
}

/// Everybody has sent a few transactions and has some ETH left.
pub(crate) fn info(i: u64) -> AccountInfo {
    let nonce = if i < PEOPLE { 0 } else { i % 7 };
    let balance = U256::from(1_000_000_000_000_000_000_u64 + i * 1_000_000_007);
    AccountInfo { nonce, balance, ..AccountInfo::default() }
}

/// The address of somebody: of the first thousand the keys are known.
pub(crate) fn address(i: u64) -> Result<Address> {
    if i >= PEOPLE {
        return Ok(Address::from_word(keccak256(i.to_be_bytes())));
    }
    Ok(recover_sender(&sign(i, TxEip1559::default())?)?)
}

/// A transfer of 1 wei from one of the people to anybody.
pub(crate) fn transfer(from: u64, nonce: u64, to: u64) -> Result<Pending> {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        to: TxKind::Call(address(to)?),
        value: U256::ONE,
        ..TxEip1559::default()
    };
    let transaction = sign(from, tx)?;
    Ok(Pending {
        hash: *transaction.hash(),
        sender: address(from)?,
        raw: Bytes::from(transaction.encoded_2718()),
        received_ms: NOW_MS,
        deposit_position: 0,
    })
}

fn sign(i: u64, tx: TxEip1559) -> Result<Transaction> {
    let secret = B256::from(U256::from(i + 1));
    let signature = sign_message(secret, tx.signature_hash())?;
    Ok(Transaction::Ethereum(tx.into_signed(signature).into()))
}
