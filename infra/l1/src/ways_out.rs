//! What keeps the promise when the usual way fails: accepting with a stake, vetoes, getting everything back, and what
//! nobody can claim.

use std::collections::{BTreeMap, btree_map::Entry};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, Bytes, U256, keccak256},
    rpc::types::Filter,
    sol_types::{SolCall, SolEvent},
};
use mayfly_contracts::FlashLayer::{
    Deposit, Deposited, Exit, acceptCall, claimOrphanCall, depositRootCall, enterRefundCall,
    isRefundedCall, phaseCall, reclaimCall, refundCall, slashEquivocationCall, vetoCall,
    withdrawBondCall,
};
use node_core::{
    chain::Finality,
    exit::{DepositLeaf, DepositTree, ExitLeaf},
    port::{L1Receipt, PortError},
};

use crate::{
    Config, HttpL1, Sender,
    sender::{Act, port_receipt},
};

/// Accepts the layer of `config` with its bond, and takes the fee; the key must be the operator's.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `TooLate`, `BadPhase`, `NotAllowed`.
pub async fn accept_layer(
    sender: &Sender,
    layer: Address,
    config: &Config,
) -> Result<L1Receipt, PortError> {
    let call = acceptCall { c: config.clone() };
    act(sender, layer, "accept", &call, U256::from(config.offer.bond)).await
}

/// Gives the fee back to the organiser when the operator has not accepted in time; any key may.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `TooEarly`, `BadPhase`.
pub async fn reclaim_fee(
    sender: &Sender,
    layer: Address,
    config: &Config,
) -> Result<L1Receipt, PortError> {
    act(sender, layer, "reclaim", &reclaimCall { c: config.clone() }, U256::ZERO).await
}

/// Lets the bonds go once the layer is final and all its leaves are published; any key may.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `NotDisposable`, `NoBond`.
pub async fn withdraw_bond(
    sender: &Sender,
    layer: Address,
    config: &Config,
) -> Result<L1Receipt, PortError> {
    act(sender, layer, "withdrawBond", &withdrawBondCall { c: config.clone() }, U256::ZERO).await
}

/// Starts refunds because nobody settled in time; any key may.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `TooEarly`, `BadPhase`.
pub async fn enter_refund(
    sender: &Sender,
    layer: Address,
    config: &Config,
) -> Result<L1Receipt, PortError> {
    act(sender, layer, "enterRefund", &enterRefundCall { c: config.clone() }, U256::ZERO).await
}

/// Gives a deposit back to the account on the L1 that made it; any key may.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `AlreadyRefunded`, `BadDeposit`, `TransferFailed`.
pub async fn refund(
    sender: &Sender,
    layer: Address,
    deposit: &DepositLeaf,
    proof: Vec<B256>,
) -> Result<L1Receipt, PortError> {
    let d = Deposit {
        index: deposit.index,
        l1Block: deposit.l1_block,
        l1Time: deposit.l1_time_s,
        kind: deposit.kind,
        from: deposit.from,
        to: deposit.to,
        token: deposit.token,
        id: deposit.id,
        value: deposit.value,
        gasLimit: deposit.gas_limit,
        dataHash: keccak256(&deposit.data),
    };
    act(sender, layer, "refund", &refundCall { d, proof }, U256::ZERO).await
}

/// The sequencer's word for a block, as `mayfly_getBlockSeal` gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSeal {
    /// Hash of the block.
    pub hash: B256,
    /// EIP-712 signature of `BlockSeal(number, hash)`.
    pub signature: Bytes,
}

/// Shows the L1 that the sequencer has signed two different blocks of one number; whoever does gets half of the
/// operator's bond.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `NoBond`, `NoConflict`, `NotSequencer`.
pub async fn slash_equivocation(
    sender: &Sender,
    layer: Address,
    config: &Config,
    number: u64,
    [a, b]: [SignedSeal; 2],
) -> Result<L1Receipt, PortError> {
    let call = slashEquivocationCall {
        c: config.clone(),
        number,
        hashA: a.hash,
        signatureA: a.signature,
        hashB: b.hash,
        signatureB: b.signature,
    };
    act(sender, layer, "slashEquivocation", &call, U256::ZERO).await
}

/// Takes a settlement of mode B back in its window; any key may, with the signatures of so many attestors that the
/// others are no quorum, in ascending order of their addresses.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `BadPhase`, `BadQuorum`, `UnsupportedMode`.
pub async fn veto(
    sender: &Sender,
    layer: Address,
    config: &Config,
    signatures: Vec<Bytes>,
) -> Result<L1Receipt, PortError> {
    let call = vetoCall { c: config.clone(), signatures };
    act(sender, layer, "veto", &call, U256::ZERO).await
}

/// An exit of a contract of the layer that has no counterpart on the L1, with all that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The exit.
    pub leaf: ExitLeaf,
    /// Its siblings in the exit tree, bottom up.
    pub proof: Vec<B256>,
    /// Code of its recipient on the layer.
    pub code: Bytes,
    /// Proof of that account in the settled state (EIP-1186).
    pub account_proof: Vec<Bytes>,
}

/// Pays an orphaned exit to the layer's `orphanRecipient`, 180 days after claims were opened; any key may.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `TooEarly`, `NotOrphan`, `AlreadyClaimed`.
pub async fn claim_orphan(
    sender: &Sender,
    layer: Address,
    config: &Config,
    orphan: Orphan,
) -> Result<L1Receipt, PortError> {
    let Orphan { leaf, proof, code, account_proof } = orphan;
    let ExitLeaf { index, asset, recipient, id, value } = leaf;
    let call = claimOrphanCall {
        c: config.clone(),
        index: U256::from(index),
        e: Exit { asset, recipient, id, value },
        proof,
        code,
        accountProof: account_proof,
    };
    act(sender, layer, "claimOrphan", &call, U256::ZERO).await
}

async fn act<C: SolCall>(
    sender: &Sender,
    to: Address,
    what: &'static str,
    call: &C,
    value: U256,
) -> Result<L1Receipt, PortError> {
    let input = call.abi_encode().into();
    Ok(port_receipt(&sender.send(Act { what, to, input, value }).await?))
}

/// Where a layer stands on the way to refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refunds {
    /// It has not started: its operator has not accepted it, and nothing can have been deposited.
    NotAccepted,
    /// Somebody may still settle it until this time (Unix seconds).
    NotBefore(u64),
    /// Nobody settled it in time: anybody may start refunds.
    Due,
    /// Deposits go back.
    Started,
    /// It is settled: what is on it is claimed, and no deposit goes back.
    Settled,
}

/// What the contract's `phase` says.
const OPEN: u8 = 1;
const REJECTED: u8 = 4;
const REFUND: u8 = 5;
const OFFERED: u8 = 6;

impl HttpL1 {
    /// Returns whether deposits go back, at the newest block.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn refunds(&self) -> Result<Refunds, PortError> {
        let phase = self.ask(phaseCall {}).await?;
        let c = &self.config;
        let due_s = c.endsAt + u64::from(c.settleDelay) + u64::from(c.rescueDelay);
        Ok(match phase {
            OPEN | REJECTED => {
                let now_s = self.node.block(Finality::Depth(0)).await?.timestamp_s;
                if now_s < due_s { Refunds::NotBefore(due_s) } else { Refunds::Due }
            }
            REFUND => Refunds::Started,
            OFFERED => Refunds::NotAccepted,
            _ => Refunds::Settled,
        })
    }

    /// Returns whether deposit `index` went back.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn is_refunded(&self, index: u64) -> Result<bool, PortError> {
        self.ask(isRefundedCall { index: U256::from(index) }).await
    }

    /// Reads every deposit of the layer as the contract hashes it, and the tree over them.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] when the tree has not the root that the contract has: the node left some out, or
    /// others came meanwhile.
    pub async fn deposit_tree(&self) -> Result<(Vec<DepositLeaf>, DepositTree), PortError> {
        let head = self.node().block(Finality::Depth(0)).await?.number;
        let filter =
            Filter::new().address(self.binding.layer).event_signature(Deposited::SIGNATURE_HASH);
        let logs = self.node.logs_between(&filter, self.binding.opened_in_block, head).await?;
        let mut times = BTreeMap::new();
        let (mut leaves, mut tree) = (Vec::with_capacity(logs.len()), DepositTree::new());
        for log in logs {
            let block = log.block_number.unwrap_or_default();
            if let Entry::Vacant(unknown) = times.entry(block) {
                unknown.insert(self.node.known_block(block.into()).await?.timestamp_s);
            }
            let event = Deposited::decode_log_validate(&log.inner)
                .map_err(|error| self.corrupt(error.to_string()))?
                .data;
            let leaf = leaf(event, block, times[&block]);
            tree.push(leaf.hash());
            leaves.push(leaf);
        }
        let call = depositRootCall {};
        let expected = self.node.call(self.binding.layer, &call, BlockNumberOrTag::Latest).await?;
        if tree.root() != expected.root {
            let reason = format!("expected root {}, got {}", expected.root, tree.root());
            return Err(self.corrupt(reason));
        }
        Ok((leaves, tree))
    }

    fn corrupt(&self, reason: String) -> PortError {
        PortError::Corrupt { name: format!("deposits of layer {}", self.binding.layer), reason }
    }
}

fn leaf(event: Deposited, l1_block: u64, l1_time_s: u64) -> DepositLeaf {
    DepositLeaf {
        index: event.index,
        l1_block,
        l1_time_s,
        kind: event.kind,
        from: event.from,
        to: event.to,
        token: event.token,
        id: event.id,
        value: event.value,
        gas_limit: event.gasLimit,
        data: event.data,
    }
}
