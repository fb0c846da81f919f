//! What people send.

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use mayfly_bench::CHAIN_ID;
use mayfly_contracts::{Coin, Ticket};
use node_core::chain::{Transaction, recover_sender};

use crate::{
    BLOCK, BLOCKS, Result,
    state::{COIN, SENDERS, TICKET},
};

/// A transaction with the one who signed it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) transaction: Transaction,
    pub(crate) request: TxEip1559,
    pub(crate) sender: Address,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// Each buys a ticket.
    Mints,
    /// Each sends 1 wei to the next one.
    Transfers,
    /// Each sends 1 coin to the next one.
    Erc20,
    /// As many as fit into a block send 1 coin to the next one, in every block: a game.
    Players,
}

/// Keys of the figures.
pub(crate) struct Keys {
    pub(crate) wall: &'static str,
    pub(crate) core: &'static str,
    pub(crate) peer: &'static str,
}

impl Load {
    pub(crate) const ALL: [Self; 4] = [Self::Mints, Self::Transfers, Self::Erc20, Self::Players];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mints => "mints",
            Self::Transfers => "ETH transfers",
            Self::Erc20 => "ERC-20 transfers",
            Self::Players => "ERC-20 transfers of the same 1,000",
        }
    }

    pub(crate) const fn keys(self) -> Keys {
        match self {
            Self::Mints => Keys {
                wall: "engine_mints_per_s",
                core: "engine_mints_per_core_s",
                peer: "revm_mints_per_s",
            },
            Self::Transfers => Keys {
                wall: "engine_transfers_per_s",
                core: "engine_transfers_per_core_s",
                peer: "revm_transfers_per_s",
            },
            Self::Erc20 => Keys {
                wall: "engine_erc20_per_s",
                core: "engine_erc20_per_core_s",
                peer: "revm_erc20_per_s",
            },
            Self::Players => Keys {
                wall: "engine_players_per_s",
                core: "engine_players_per_core_s",
                peer: "revm_players_per_s",
            },
        }
    }

    fn request(self, to: Address) -> TxEip1559 {
        let plain = TxEip1559 { chain_id: CHAIN_ID, gas_limit: 150_000, ..TxEip1559::default() };
        let call = |to, input: Vec<u8>, value| TxEip1559 {
            to: TxKind::Call(to),
            input: Bytes::from(input),
            value,
            ..plain.clone()
        };
        match self {
            Self::Mints => call(TICKET, Ticket::buyCall {}.abi_encode(), U256::ONE),
            Self::Transfers => TxEip1559 { gas_limit: 21_000, ..call(to, Vec::new(), U256::ONE) },
            Self::Erc20 | Self::Players => {
                let transfer = Coin::transferCall { to, value: U256::ONE };
                call(COIN, transfer.abi_encode(), U256::ZERO)
            }
        }
    }
}

/// Blocks of transactions: each of another sender, or all blocks of the same ones.
pub(crate) fn sign(load: Load) -> Result<Vec<Vec<Sent>>> {
    let people = people()?;
    let next = people.iter().cycle().skip(1);
    let pairs: Vec<_> = (0..).zip(people.iter().zip(next)).collect();
    let block = |block: usize| {
        let (first, nonce) = match load {
            Load::Players => (0, block as u64),
            Load::Mints | Load::Transfers | Load::Erc20 => (block * BLOCK, 0),
        };
        let senders = pairs[first..first + BLOCK].iter();
        let sent = senders.map(|(at, (sender, to))| {
            let request = TxEip1559 { nonce, ..load.request(**to) };
            let transaction = sign_one(*at, request.clone())?;
            Ok(Sent { transaction, request, sender: **sender })
        });
        sent.collect()
    };
    (0..BLOCKS).map(block).collect()
}

/// The senders.
pub(crate) fn people() -> Result<Vec<Address>> {
    (0..SENDERS).map(|at| Ok(recover_sender(&sign_one(at, TxEip1559::default())?)?)).collect()
}

pub(crate) fn sign_one(at: u64, request: TxEip1559) -> Result<Transaction> {
    let secret = B256::from(U256::from(at + 1));
    let signature = sign_message(secret, request.signature_hash())?;
    Ok(Transaction::Ethereum(request.into_signed(signature).into()))
}
