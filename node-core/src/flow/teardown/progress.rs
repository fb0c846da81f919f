//! How far a seal has come, by the system transactions in the log.

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolInterface;

use super::{
    FlowError, exits,
    holdings::{Holding, of_holder, of_id},
};
use crate::{
    chain::{EXIT_SEALER, SYSTEM_SENDER, Transaction},
    codec::record::BlockRecord,
    exit::IExitSealer::IExitSealerCalls,
    port::Stores,
};

/// What the sealer has been told so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Calls of the sealer so far: number of the next one.
    pub(super) sequence: u64,
    pub(super) frozen: bool,
    pub(super) last_holder: Option<Address>,
    /// Tokens whose sweep is over, whether they were kept or dropped.
    pub(super) closed: BTreeSet<Address>,
    /// The token whose sweep is under way.
    pub(super) open: Option<Address>,
    /// What was swept last of that token.
    pub(super) last: Option<Holding>,
    pub(super) sealed: bool,
}

impl Progress {
    /// Reads the log up to block `last`. System transactions that are committed have succeeded.
    pub(super) async fn read(stores: &Stores, last: u64) -> Result<Self, FlowError> {
        let mut progress = Self::default();
        exits::scan_blocks(stores, last, |record| progress.take(record)).await?;
        Ok(progress)
    }

    fn take(&mut self, record: &BlockRecord) {
        for transaction in &record.block.transactions {
            if let Transaction::Deposit(deposit) = transaction
                && deposit.from == SYSTEM_SENDER
                && deposit.to.to() == Some(&EXIT_SEALER)
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
            IExitSealerCalls::addAsset20(call) => self.open(call.token),
            IExitSealerCalls::addAsset721(call) => self.open(call.token),
            IExitSealerCalls::addAssetBulk721(call) => self.open(call.token),
            IExitSealerCalls::addAsset1155(call) => self.open(call.token),
            IExitSealerCalls::sweep20(call) => {
                self.swept(call.holders.last().map(|holder| of_holder(*holder)));
            }
            IExitSealerCalls::sweep721(call) => self.swept(call.ids.last().map(|id| of_id(*id))),
            IExitSealerCalls::sweep1155(call) => self.swept(last_pair(&call.ids, &call.holders)),
            IExitSealerCalls::closeAsset(_) => self.closed.extend(self.open.take()),
            IExitSealerCalls::seal(_) => self.sealed = true,
            _ => {}
        }
    }

    const fn open(&mut self, token: Address) {
        self.open = Some(token);
        self.last = None;
    }

    fn swept(&mut self, last: Option<Holding>) {
        self.last = last.or(self.last);
    }
}

fn last_pair(ids: &[U256], holders: &[Address]) -> Option<Holding> {
    Some(Holding { id: *ids.last()?, holder: *holders.last()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::IExitSealer;

    #[test]
    fn progress_is_the_last_of_what_was_swept() {
        let token = Address::repeat_byte;
        let holders = vec![Address::repeat_byte(1), Address::repeat_byte(2)];
        let mut progress = Progress::default();
        let eth = IExitSealer::sweepETHCall { holders: holders.clone() };
        progress.note(IExitSealerCalls::sweepETH(eth));
        let add = IExitSealer::addAsset721Call { token: token(7) };
        progress.note(IExitSealerCalls::addAsset721(add));
        let ids = vec![U256::from(4), U256::from(9)];
        progress.note(IExitSealerCalls::sweep721(IExitSealer::sweep721Call { asset: 1, ids }));
        assert_eq!(progress.last_holder, Some(Address::repeat_byte(2)));
        assert_eq!(progress.last, Some(of_id(U256::from(9))));
        progress.note(IExitSealerCalls::closeAsset(IExitSealer::closeAssetCall { asset: 1 }));
        assert_eq!((progress.open, &progress.closed), (None, &BTreeSet::from([token(7)])));

        let add = IExitSealer::addAsset1155Call { token: token(8) };
        progress.note(IExitSealerCalls::addAsset1155(add));
        assert_eq!((progress.open, progress.last), (Some(token(8)), None));
        let ids = vec![U256::from(1), U256::from(3)];
        let sweep = IExitSealer::sweep1155Call { asset: 1, ids, holders: holders.clone() };
        progress.note(IExitSealerCalls::sweep1155(sweep));
        assert_eq!(progress.last, Some(Holding { id: U256::from(3), holder: holders[1] }));
        assert!(!progress.sealed);
    }
}
