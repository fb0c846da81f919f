use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::{Filter, Log},
    sol_types::{SolCall, SolEvent, SolValue},
};
use mayfly_contracts::FlashLayer::{
    self, DepositsClosed, LeavesPublished, Output, Settled, batchAccCall, closeDepositsCall,
    depositsClosedCall, exitRootCall, finalAtCall, publishLeavesCall, publishedCountCall,
    settleCall, stateRootCall,
};
use node_core::{
    exit,
    port::{L1Action, L1Receipt, PortError, PublishedChunk, Settlement},
};

use crate::{
    HttpL1,
    blobs::Sealed,
    holder::{claim_act, claim_range_act},
    sender::{Act, port_receipt},
};

/// Assurance mode B, as the contract counts.
pub(crate) const MODE_ATTESTED: u8 = 2;

impl HttpL1 {
    /// Carries out `action`, once.
    ///
    /// A caller that does not know what became of its transaction asks again. By then the key has nothing in
    /// flight any more (see [`crate::Sender`]), and what an earlier try did is visible at the head:
    ///
    /// | action | counts as done when | and is otherwise |
    /// |---|---|---|
    /// | close | deposits were closed by call | |
    /// | post | a batch that ends with the same block is there | refused when others cover its blocks |
    /// | settle | settled, with the same two roots | refused when the roots are others |
    /// | publish | all of its leaves are published | refused by the contract when some are |
    /// | push | never: the contract skips exits that were paid | |
    /// | claim | never: who claims twice is told so, `AlreadyClaimed` | |
    ///
    /// What counts as done is answered with the receipt of the transaction that did it.
    pub(crate) async fn carry_out(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        let sender = self.sender.as_ref().ok_or_else(|| PortError::Refused {
            what: "L1 transaction".to_owned(),
            reason: "no key was given to act with".to_owned(),
        })?;
        let turn = sender.turn().await?;
        if let Some(receipt) = self.done(&action).await? {
            return Ok(receipt);
        }
        let (act, blobs) = self.transaction(action).await?;
        let receipt = turn.send_with(act, blobs).await?;
        Ok(port_receipt(&receipt))
    }

    async fn transaction(&self, action: L1Action) -> Result<(Act, Option<Sealed>), PortError> {
        let to = self.binding.layer;
        let act = |what, input: Vec<u8>| Act { what, to, input: input.into(), value: U256::ZERO };
        let act = match action {
            L1Action::PostBatch(batch) => return self.batch_transaction(batch).await,
            L1Action::CloseDeposits => {
                act("closeDeposits", closeDepositsCall { c: self.config.clone() }.abi_encode())
            }
            L1Action::Settle(settlement) => Act {
                value: self.stake(),
                ..act("settle", self.settle(*settlement).await?.abi_encode())
            },
            L1Action::Publish(PublishedChunk { start, packed, siblings }) => {
                let call = publishLeavesCall { start: U256::from(start), packed, siblings };
                act("publishLeaves", call.abi_encode())
            }
            L1Action::Push(chunk) => claim_range_act(to, chunk),
            L1Action::Claim { leaf, proof } => claim_act(to, &leaf, proof),
        };
        Ok((act, None))
    }

    /// What a stranger locks up who settles in mode B.
    fn stake(&self) -> U256 {
        let is_operator =
            self.sender.as_ref().is_some_and(|sender| sender.address() == self.config.operator);
        match self.config.mode {
            MODE_ATTESTED if !is_operator => U256::from(self.config.quorum.rescueBond),
            _ => U256::ZERO,
        }
    }

    /// Returns what vouches for `settlement` by signature: keccak256 of the contract's `Output`, for the batches
    /// that the L1 has now.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn output_of(&self, settlement: Settlement) -> Result<B256, PortError> {
        Ok(keccak256(self.settle_call(settlement).await?.o.abi_encode()))
    }

    async fn settle(&self, settlement: Settlement) -> Result<settleCall, PortError> {
        let call = self.settle_call(settlement).await?;
        match (self.config.mode, &self.organisers_word) {
            (MODE_ATTESTED, _) => self.gather(call).await,
            (_, Some(word)) => Ok(settleCall { signatures: vec![word.clone()], ..call }),
            _ => Ok(call),
        }
    }

    async fn settle_call(&self, settlement: Settlement) -> Result<settleCall, PortError> {
        let batch_acc = self.ask(batchAccCall {}).await?;
        let sealed = settlement.sealed;
        Ok(settleCall {
            c: self.config.clone(),
            o: Output {
                lastBlock: settlement.last_block,
                lastBlockHash: settlement.last_block_hash,
                stateRoot: settlement.state_root,
                batchAcc: batch_acc,
                exitRoot: sealed.exit_root,
                leafCount: sealed.leaf_count,
                depth: sealed.depth,
                depositCount: sealed.deposit_count,
                assetsHash: sealed.assets_hash,
            },
            assets: settlement.assets.into_iter().map(asset).collect(),
            accountProof: settlement.account_proof,
            storageProof: settlement.storage_proof,
            signatures: Vec::new(),
        })
    }

    async fn done(&self, action: &L1Action) -> Result<Option<L1Receipt>, PortError> {
        match action {
            L1Action::CloseDeposits => self.closed().await,
            L1Action::Settle(settlement) => self.settled(settlement).await,
            L1Action::Publish(chunk) => self.published(chunk).await,
            L1Action::PostBatch(batch) => self.posted_before(batch).await,
            L1Action::Push(_) | L1Action::Claim { .. } => Ok(None),
        }
    }

    async fn closed(&self) -> Result<Option<L1Receipt>, PortError> {
        if !self.ask(depositsClosedCall {}).await? {
            return Ok(None);
        }
        self.receipt_of::<DepositsClosed>(|_| true).await
    }

    async fn settled(&self, ours: &Settlement) -> Result<Option<L1Receipt>, PortError> {
        if self.ask(finalAtCall {}).await? == 0 {
            return Ok(None);
        }
        let held = (self.ask(stateRootCall {}).await?, self.ask(exitRootCall {}).await?);
        if held == (ours.state_root, ours.sealed.exit_root) {
            return self.receipt_of::<Settled>(|_| true).await;
        }
        let reason = format!(
            "settled with state root {} and exit root {}, expected {} and {}",
            held.0, held.1, ours.state_root, ours.sealed.exit_root
        );
        Err(PortError::Refused { what: "settle".to_owned(), reason })
    }

    async fn published(&self, chunk: &PublishedChunk) -> Result<Option<L1Receipt>, PortError> {
        let published = u64::from(self.ask(publishedCountCall {}).await?);
        if published <= chunk.start || published < chunk.start + leaf_count(&chunk.packed) {
            return Ok(None);
        }
        let start = U256::from(chunk.start);
        let covers =
            |event: LeavesPublished| event.start <= start && start - event.start < event.count;
        self.receipt_of::<LeavesPublished>(covers).await
    }

    /// Returns the receipt of the newest transaction whose event `wanted` accepts.
    pub(crate) async fn receipt_of<E: SolEvent>(
        &self,
        wanted: impl Fn(E) -> bool + Send + Sync,
    ) -> Result<Option<L1Receipt>, PortError> {
        let filter = Filter::new().address(self.binding.layer).event_signature(E::SIGNATURE_HASH);
        let accepts = |log: &Log| E::decode_log(&log.inner).is_ok_and(|event| wanted(event.data));
        let opened = self.binding.opened_in_block;
        let log = self.node.newest_log(&filter, opened, accepts).await?;
        let what = || format!("transaction of {}", E::SIGNATURE);
        let hash = log.and_then(|log| log.transaction_hash);
        let hash = hash.ok_or_else(|| PortError::unavailable(what(), "it is in no log"))?;
        let answer = self.node.provider().get_transaction_receipt(hash).await;
        let receipt = self.node.read(answer).map_err(|fault| fault.into_port(what()))?;
        receipt
            .map(|receipt| Some(port_receipt(&receipt)))
            .ok_or_else(|| PortError::unavailable(what(), "it has no receipt"))
    }

    pub(crate) async fn ask<C: SolCall>(&self, call: C) -> Result<C::Return, PortError> {
        self.node.call(self.binding.layer, &call, BlockNumberOrTag::Latest).await
    }
}

/// Number of packed leaves; bytes that are none are the contract's to refuse.
fn leaf_count(packed: &Bytes) -> u64 {
    exit::unpack(packed, 0).map_or(u64::MAX, |leaves| leaves.len() as u64)
}

fn asset(asset: exit::Asset) -> FlashLayer::Asset {
    let exit::Asset { kind, l2, decimals, name, symbol, total } = asset;
    FlashLayer::Asset { kind, l2, decimals, name, symbol, total }
}
