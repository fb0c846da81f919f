//! Who may own what, as the logs of the layer name it.
//!
//! A log proves nothing: the sealer asks the token itself. What is named here too much costs a question; what is
//! missing makes a token with a supply unbalanced, so that it does not exit.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Log, U256};
use alloy_sol_types::{SolEvent, sol};

use super::{FlowError, exits};
use crate::port::Stores;

sol! {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
    event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values);
    event ConsecutiveTransfer(uint256 indexed fromTokenId, uint256 toTokenId, address indexed fromAddress, address indexed toAddress);
}

/// Most ids that one `ConsecutiveTransfer` may name: five times what the widespread implementation mints at once.
const MOST_CONSECUTIVE: u64 = 25_000;

/// One question to a token: what this holder has of this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Holding {
    /// Zero for ERC-20.
    pub(super) id: U256,
    /// Zero for ERC-721, which is asked for the owner.
    pub(super) holder: Address,
}

pub(super) const fn of_holder(holder: Address) -> Holding {
    Holding { id: U256::ZERO, holder }
}

pub(super) const fn of_id(id: U256) -> Holding {
    Holding { id, holder: Address::ZERO }
}

/// The interface of a token, by which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interface {
    /// ERC-20.
    Coin,
    /// ERC-721.
    Collection,
    /// ERC-1155.
    Items,
}

/// What logs name of each token, by the interface whose log it is.
#[derive(Debug, Default)]
pub(super) struct Holdings(BTreeMap<(Address, Interface), BTreeSet<Holding>>);

impl Holdings {
    /// Reads all logs of the layer up to block `last`.
    pub(super) async fn read(stores: &Stores, last: u64) -> Result<Self, FlowError> {
        let mut holdings = Self::default();
        exits::scan_logs(stores, last, |log| holdings.note(log)).await?;
        Ok(holdings)
    }

    /// The contracts that have logged transfers.
    pub(super) fn tokens(&self) -> BTreeSet<Address> {
        self.0.keys().map(|(token, _)| *token).collect()
    }

    /// What is named of `token`, ascending.
    pub(super) fn of(&self, token: Address, interface: Interface) -> Vec<Holding> {
        self.0.get(&(token, interface)).into_iter().flatten().copied().collect()
    }

    fn note(&mut self, log: &Log) {
        match *log.topics() {
            [Transfer::SIGNATURE_HASH, from, to] => {
                self.add(log, Interface::Coin, [from, to].map(address).map(of_holder));
            }
            [Transfer::SIGNATURE_HASH, _, _, id] => {
                self.add(log, Interface::Collection, [of_id(id.into())]);
            }
            [ConsecutiveTransfer::SIGNATURE_HASH, first, _, _] => self.note_run(log, first.into()),
            [TransferSingle::SIGNATURE_HASH, ..] => self.note_single(log),
            [TransferBatch::SIGNATURE_HASH, ..] => self.note_batch(log),
            _ => {}
        }
    }

    /// ERC-2309.
    fn note_run(&mut self, log: &Log, first: U256) {
        let Ok(event) = ConsecutiveTransfer::decode_log(log) else { return };
        let count = event.toTokenId.saturating_sub(first).saturating_add(U256::ONE);
        if event.toTokenId < first || count > U256::from(MOST_CONSECUTIVE) {
            return;
        }
        let ids = (0..count.saturating_to::<u64>()).map(|i| of_id(first + U256::from(i)));
        self.add(log, Interface::Collection, ids);
    }

    fn note_single(&mut self, log: &Log) {
        let Ok(event) = TransferSingle::decode_log(log) else { return };
        let of = |holder| Holding { id: event.id, holder };
        self.add(log, Interface::Items, [event.from, event.to].map(of));
    }

    fn note_batch(&mut self, log: &Log) {
        let Ok(event) = TransferBatch::decode_log(log) else { return };
        let both = [event.from, event.to];
        let of = |id: &U256| both.map(|holder| Holding { id: *id, holder });
        self.add(log, Interface::Items, event.ids.iter().flat_map(of));
    }

    fn add(&mut self, log: &Log, interface: Interface, new: impl IntoIterator<Item = Holding>) {
        self.0.entry((log.address, interface)).or_default().extend(new);
    }
}

fn address(topic: B256) -> Address {
    Address::from_word(topic)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Bytes, LogData};

    use super::*;

    const TOKEN: Address = Address::repeat_byte(0x70);
    const A: Address = Address::repeat_byte(0xa);
    const B: Address = Address::repeat_byte(0xb);

    fn noted(data: &[LogData]) -> Holdings {
        let mut holdings = Holdings::default();
        for data in data {
            holdings.note(&Log { address: TOKEN, data: data.clone() });
        }
        holdings
    }

    #[test]
    fn each_transfer_names_both_sides_once() {
        let coin = Transfer { from: B, to: A, value: U256::from(3) }.encode_log_data();
        let holdings = noted(&[coin.clone(), coin]);
        assert_eq!(holdings.of(TOKEN, Interface::Coin), [of_holder(A), of_holder(B)]);
        assert_eq!(holdings.of(TOKEN, Interface::Collection), []);
        assert_eq!(holdings.tokens(), BTreeSet::from([TOKEN]));
    }

    #[test]
    fn an_indexed_id_is_one_of_a_collection() {
        let topics =
            vec![Transfer::SIGNATURE_HASH, A.into_word(), B.into_word(), B256::with_last_byte(9)];
        let holdings = noted(&[LogData::new_unchecked(topics, Bytes::new())]);
        assert_eq!(holdings.of(TOKEN, Interface::Collection), [of_id(U256::from(9))]);
    }

    #[test]
    fn a_consecutive_mint_names_every_id_but_not_without_end() {
        let run = |last: u64| {
            let event = ConsecutiveTransfer {
                fromTokenId: U256::from(5),
                toTokenId: U256::from(last),
                fromAddress: Address::ZERO,
                toAddress: A,
            };
            noted(&[event.encode_log_data()]).of(TOKEN, Interface::Collection).len()
        };
        assert_eq!(run(7), 3);
        assert_eq!(run(4), 0);
        assert_eq!(run(4 + MOST_CONSECUTIVE), 25_000);
        assert_eq!(run(5 + MOST_CONSECUTIVE), 0);
    }

    #[test]
    fn items_are_pairs_of_id_and_holder() {
        let single =
            TransferSingle { operator: A, from: A, to: B, id: U256::from(4), value: U256::ONE };
        let batch = TransferBatch {
            operator: A,
            from: Address::ZERO,
            to: A,
            ids: vec![U256::from(9), U256::from(2)],
            values: vec![U256::ONE; 2],
        };
        let holdings = noted(&[single.encode_log_data(), batch.encode_log_data()]);
        let pair = |id: u64, holder| Holding { id: U256::from(id), holder };
        let expected = [
            pair(2, Address::ZERO),
            pair(2, A),
            pair(4, A),
            pair(4, B),
            pair(9, Address::ZERO),
            pair(9, A),
        ];
        assert_eq!(holdings.of(TOKEN, Interface::Items), expected);
    }
}
