//! Who sends, and what: transfers signed beforehand.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message},
    eips::eip2718::Encodable2718,
    hex,
    primitives::{Address, B256, TxHash, TxKind, U256, keccak256},
    signers::local::PrivateKeySigner,
};

use crate::Result;

/// Chain id of both nodes, so that both take the same bytes.
pub(crate) const CHAIN_ID: u64 = 265_669;

/// Both nodes are run without a base fee; a wallet offers something all the same.
const MAX_FEE_WEI: u128 = 1_000_000_000;

/// A transaction as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Its hash.
    pub(crate) hash: TxHash,
    /// Its bytes in hex.
    pub(crate) raw: String,
}

/// A sender that knows its next nonce.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    secret: B256,
    address: Address,
    nonce: u64,
}

impl Person {
    /// Makes the person with this number, who sent nothing yet.
    pub(crate) fn new(number: usize) -> Result<Self> {
        Self::with_secret(keccak256(format!("person {number}")), 0)
    }

    /// The owner of a key, who sent `nonce` transactions.
    pub(crate) fn with_secret(secret: B256, nonce: u64) -> Result<Self> {
        let address = PrivateKeySigner::from_bytes(&secret)?.address();
        Ok(Self { secret, address, nonce })
    }

    /// Where ETH for this person goes.
    pub(crate) const fn address(&self) -> Address {
        self.address
    }

    /// Signs the next transfer.
    pub(crate) fn transfer(&mut self, to: Address, wei: U256) -> Result<Sent> {
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: self.nonce,
            gas_limit: 21_000,
            max_fee_per_gas: MAX_FEE_WEI,
            to: TxKind::Call(to),
            value: wei,
            ..TxEip1559::default()
        };
        self.nonce += 1;
        let signature = sign_message(self.secret, tx.signature_hash())?;
        let tx = TxEnvelope::from(tx.into_signed(signature));
        Ok(Sent { hash: *tx.hash(), raw: hex::encode_prefixed(tx.encoded_2718()) })
    }
}

/// Signs `count` transfers of each in turns, so that neighbours have different senders.
pub(crate) fn transfers(people: &mut [Person], count: usize) -> Result<Vec<Sent>> {
    let addresses: Vec<_> = people.iter().map(Person::address).collect();
    let mut sent = Vec::with_capacity(people.len() * count);
    for _ in 0..count {
        let to = addresses.iter().cycle().skip(1);
        for (person, to) in people.iter_mut().zip(to) {
            sent.push(person.transfer(*to, U256::ONE)?);
        }
    }
    Ok(sent)
}
