//! Posting: one batch, one transaction, however often it is asked for.

use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::{Filter, Log},
    sol_types::{SolCall, SolEvent},
};
use mayfly_contracts::FlashLayer::{
    Batch, Deposit, Deposited, depositCountCall, postBatchCall, postedBlockCall, seenDepositsCall,
};
use node_core::{
    chain::{Finality, Posting},
    exit::{DepositLeaf, DepositTree},
    port::{L1Receipt, PortError, PostedBatch},
};

use crate::{
    HttpL1,
    batches::{Carried, contract_head},
    blobs::Sealed,
    sender::Act,
};

impl HttpL1 {
    /// Makes the transaction that posts a batch, with the blobs beside it.
    pub(crate) async fn batch_transaction(
        &self,
        batch: PostedBatch,
    ) -> Result<(Act, Option<Sealed>), PortError> {
        let PostedBatch { head, payload } = batch;
        let in_blobs = self.posting() == Posting::Blobs;
        let Carried { blobs, calldata } = Carried::new(payload, in_blobs)?;
        let (oldest, proof) = self.oldest_unconsumed(head.consumed_deposits).await?;
        let call = postBatchCall {
            c: self.config.clone(),
            head: contract_head(&head, blobs.len()),
            payload: calldata,
            oldest,
            proof,
        };
        let input = call.abi_encode().into();
        let act = Act { what: "postBatch", to: self.binding.layer, input, value: U256::ZERO };
        if blobs.is_empty() {
            return Ok((act, None));
        }
        // A second of work for a full batch, which must not hold up everything else.
        let sealed = tokio::task::spawn_blocking(move || Sealed::new(blobs)).await;
        let sealed = sealed.map_err(|error| PortError::unavailable("proofs of blobs", error))?;
        Ok((act, Some(sealed?)))
    }

    /// The receipt of a batch that ends with the same block, when the L1 has that block's inputs already.
    pub(crate) async fn posted_before(
        &self,
        batch: &PostedBatch,
    ) -> Result<Option<L1Receipt>, PortError> {
        let (last, hash) = (batch.head.last_block, batch.head.last_block_hash);
        if self.ask(postedBlockCall {}).await? < last {
            return Ok(None);
        }
        let same = |event: Batch| event.head.lastBlock == last && event.head.lastBlockHash == hash;
        self.receipt_of::<Batch>(same).await
    }

    /// The oldest deposit that the batch does not take, proved in the tree that the contract looks at.
    async fn oldest_unconsumed(&self, consumed: u64) -> Result<(Deposit, Vec<B256>), PortError> {
        let count = self.ask(depositCountCall {}).await?;
        if consumed >= count {
            return Ok((nothing(), Vec::new()));
        }
        let seen = self.ask(seenDepositsCall {}).await?;
        let leaves = if consumed < seen { seen } else { count };
        let latest = self.node.block(Finality::Depth(0)).await?.number;
        let filter =
            Filter::new().address(self.binding.layer).event_signature(Deposited::SIGNATURE_HASH);
        let logs = self.node.logs_between(&filter, self.binding.opened_in_block, latest).await?;
        let (mut tree, mut oldest) = (DepositTree::new(), None);
        for log in logs {
            let leaf = self.leaf(&log).await?;
            if leaf.index < leaves {
                tree.push(leaf.hash());
            }
            if leaf.index == consumed {
                oldest = Some(leaf);
            }
        }
        let proof = tree.proof(consumed).ok();
        let (oldest, proof) = oldest.zip(proof).ok_or_else(|| {
            let reason = format!("expected deposit {consumed} of {count}");
            PortError::unavailable("deposits in the L1's logs", reason)
        })?;
        Ok((deposit(&oldest), proof))
    }

    async fn leaf(&self, log: &Log) -> Result<DepositLeaf, PortError> {
        let event = Deposited::decode_log(&log.inner).map_err(|error| PortError::Corrupt {
            name: format!("deposit in L1 block {}", log.block_number.unwrap_or_default()),
            reason: error.to_string(),
        })?;
        let l1_time_s = self.node.time_of(log).await?;
        let Deposited { index, from, to, kind, token, id, value, gasLimit, data } = event.data;
        Ok(DepositLeaf {
            index,
            l1_block: log.block_number.unwrap_or_default(),
            l1_time_s,
            kind,
            from,
            to,
            token,
            id,
            value,
            gas_limit: gasLimit,
            data,
        })
    }
}

fn deposit(leaf: &DepositLeaf) -> Deposit {
    Deposit {
        index: leaf.index,
        l1Block: leaf.l1_block,
        l1Time: leaf.l1_time_s,
        kind: leaf.kind,
        from: leaf.from,
        to: leaf.to,
        token: leaf.token,
        id: leaf.id,
        value: leaf.value,
        gasLimit: leaf.gas_limit,
        dataHash: alloy::primitives::keccak256(&leaf.data),
    }
}

/// What the contract does not look at.
const fn nothing() -> Deposit {
    Deposit {
        index: 0,
        l1Block: 0,
        l1Time: 0,
        kind: 0,
        from: Address::ZERO,
        to: Address::ZERO,
        token: Address::ZERO,
        id: U256::ZERO,
        value: U256::ZERO,
        gasLimit: 0,
        dataHash: B256::ZERO,
    }
}
