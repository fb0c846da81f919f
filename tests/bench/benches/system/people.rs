//! Who sends, and what: transfers and mints, signed beforehand.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message},
    eips::eip2718::Encodable2718,
    hex,
    primitives::{Address, B256, Bytes, TxHash, TxKind, U256, keccak256},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolConstructor},
};
use mayfly_contracts::Ticket;

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
        self.sign(TxEip1559 {
            gas_limit: 21_000,
            to: TxKind::Call(to),
            value: wei,
            ..TxEip1559::default()
        })
    }

    /// Signs the next purchase of a ticket, for 1 wei.
    pub(crate) fn buy(&mut self, ticket: Address) -> Result<Sent> {
        self.sign(TxEip1559 {
            gas_limit: 150_000,
            to: TxKind::Call(ticket),
            value: U256::ONE,
            input: Bytes::from(Ticket::buyCall {}.abi_encode()),
            ..TxEip1559::default()
        })
    }

    /// Signs the deployment of a ticket contract; returns where it will be as well.
    pub(crate) fn deploy_ticket(&mut self) -> Result<(Address, Sent)> {
        let arguments = Ticket::constructorCall {
            name_: "Ticket".to_owned(),
            symbol_: "T".to_owned(),
            priceWei_: U256::ONE,
            minter_: self.address,
            maxSupply_: U256::MAX,
        };
        let at = self.address.create(self.nonce);
        let sent = self.sign(TxEip1559 {
            gas_limit: 5_000_000,
            to: TxKind::Create,
            input: [&Ticket::BYTECODE[..], &arguments.abi_encode()].concat().into(),
            ..TxEip1559::default()
        })?;
        Ok((at, sent))
    }

    fn sign(&mut self, tx: TxEip1559) -> Result<Sent> {
        let tx =
            TxEip1559 { chain_id: CHAIN_ID, nonce: self.nonce, max_fee_per_gas: MAX_FEE_WEI, ..tx };
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

/// Signs `count` purchases by each, in turns.
pub(crate) fn purchases(people: &mut [Person], count: usize, ticket: Address) -> Result<Vec<Sent>> {
    let mut sent = Vec::with_capacity(people.len() * count);
    for _ in 0..count {
        for person in people.iter_mut() {
            sent.push(person.buy(ticket)?);
        }
    }
    Ok(sent)
}
