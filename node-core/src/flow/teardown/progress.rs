//! How far a seal has come, by the system transactions in the log.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolInterface;

use super::{FlowError, exits};
use crate::{
    chain::{SYSTEM_SENDER, Transaction},
    codec::record::BlockRecord,
    exit::IExitSealer::IExitSealerCalls,
    port::Stores,
};

/// A collection with its ids, ascending.
type Collection = (Address, Vec<U256>);

/// What the sealer has been told so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// System transactions so far: number of the next one.
    pub(super) sequence: u64,
    pub(super) frozen: bool,
    pub(super) last_holder: Option<Address>,
    /// Collections in the order of their asset numbers, from 1.
    pub(super) assets: Vec<Address>,
    /// Last id swept, by asset number.
    pub(super) last_id: BTreeMap<u32, U256>,
    pub(super) sealed: bool,
}

impl Progress {
    /// Reads the log. System transactions that are committed have succeeded.
    pub(super) async fn read(stores: &Stores) -> Result<Self, FlowError> {
        let mut progress = Self::default();
        exits::scan_blocks(stores, |record| progress.take(record)).await?;
        Ok(progress)
    }

    /// Puts `collections` into the order that they have, or will get, at the sealer.
    pub(super) fn in_order(&self, collections: Vec<Collection>) -> Vec<Collection> {
        let place = |token: &Address| {
            self.assets.iter().position(|asset| asset == token).unwrap_or(usize::MAX)
        };
        let mut ordered = collections;
        // Stable: those that are new keep their order.
        ordered.sort_by_key(|(token, _)| place(token));
        ordered
    }

    fn take(&mut self, record: &BlockRecord) {
        for transaction in &record.block.transactions {
            if let Transaction::Deposit(deposit) = transaction
                && deposit.from == SYSTEM_SENDER
            {
                self.sequence += 1;
                if let Ok(call) = IExitSealerCalls::abi_decode(&deposit.input) {
                    self.note(call);
                }
            }
        }
    }

    fn note(&mut self, call: IExitSealerCalls) {
        match call {
            IExitSealerCalls::freeze(_) => self.frozen = true,
            IExitSealerCalls::sweepETH(call) => self.last_holder = call.holders.last().copied(),
            IExitSealerCalls::addAsset721(call) => self.assets.push(call.token),
            IExitSealerCalls::sweep721(call) => {
                self.last_id.extend(call.ids.last().map(|id| (call.asset, *id)));
            }
            IExitSealerCalls::seal(_) => self.sealed = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::IExitSealer;

    #[test]
    fn collections_keep_the_numbers_that_they_have() {
        let token = Address::repeat_byte;
        let mut progress = Progress::default();
        let add = |token| IExitSealerCalls::addAsset721(IExitSealer::addAsset721Call { token });
        progress.note(add(token(3)));
        progress.note(add(token(1)));
        let found = [1, 2, 3].map(|seed| (token(seed), vec![])).to_vec();
        let order: Vec<_> = progress.in_order(found).into_iter().map(|(token, _)| token).collect();
        assert_eq!(order, [token(3), token(1), token(2)]);
    }

    #[test]
    fn progress_is_the_last_of_what_was_swept() {
        let mut progress = Progress::default();
        let holders = vec![Address::repeat_byte(1), Address::repeat_byte(2)];
        progress.note(IExitSealerCalls::sweepETH(IExitSealer::sweepETHCall { holders }));
        let ids = vec![U256::from(4), U256::from(9)];
        progress.note(IExitSealerCalls::sweep721(IExitSealer::sweep721Call { asset: 1, ids }));
        assert_eq!(progress.last_holder, Some(Address::repeat_byte(2)));
        assert_eq!(progress.last_id, BTreeMap::from([(1, U256::from(9))]));
        assert!(!progress.sealed);
    }
}
