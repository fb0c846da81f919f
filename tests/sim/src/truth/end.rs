//! What must hold when a life is over.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use node_core::{
    exit::{ExitLeaf, ExitTree, depth_of, unpack, verify},
    flow::rebuild::{Rebuild, RebuildError},
};

use super::{Refund, Seen, Truth, chain::Wrong};
use crate::{Property, l1::Contract, template};

impl Truth {
    /// Checks what must hold when a life is over.
    pub(crate) fn check_end(&self) {
        if self.sim.state().violation.is_some() {
            return;
        }
        if let Err((property, what)) = self.end() {
            let is_name = |word: &&str| word.starts_with("0x") || word.starts_with("item-");
            let names: Vec<_> =
                what.split_whitespace().filter(is_name).map(str::to_owned).collect();
            let about = if names.is_empty() { vec!["phase".to_owned()] } else { names };
            self.sim.violate(property, what, about);
        }
    }

    fn end(&self) -> Result<(), Wrong> {
        let seen = self.seen();
        let contract = self.l1.contract();
        if !seen.is_erasing {
            let what = format!(
                "{} blocks, ended: {}, on the L1: {contract:?}",
                seen.chain.blocks.len() - 1,
                seen.chain.is_ended
            );
            return Err((Property::EveryLayerEnds, what));
        }
        if !self.is_empty() {
            let what = "items or objects are still there".to_owned();
            return Err((Property::NothingIsLeftAfterErase, what));
        }
        if !seen.is_bundle_kept {
            let what = "nobody kept a bundle".to_owned();
            return Err((Property::AuditorsGetTheWholeLayer, what));
        }
        seen.check_promises()?;
        seen.check_settlement(&contract)?;
        self.check_batches(&contract)?;
        seen.check_exits(&contract)
    }
}

impl Truth {
    /// What is posted leads to the block that is settled.
    fn check_batches(&self, contract: &Contract) -> Result<(), Wrong> {
        let Some(first) = contract.batches.first() else { return Ok(()) };
        let wrong =
            |error: RebuildError| (Property::WhatIsPostedRebuildsTheLayer, error.to_string());
        let (config, codes) = ((*self.config).clone(), template::known_codes());
        let mut rebuild =
            Rebuild::start(config, &template::terms(), first, &codes).map_err(wrong)?;
        for batch in &contract.batches {
            rebuild.batch(batch, &contract.deposits, drop).map_err(wrong)?;
        }
        let got = rebuild.header().hash();
        let settled = contract.settlement.as_ref().map(|settlement| settlement.last_block_hash);
        if settled == Some(got) {
            return Ok(());
        }
        let what = format!("what is posted leads to {got}, settled is {settled:?}");
        Err((Property::WhatIsPostedRebuildsTheLayer, what))
    }
}

impl Seen {
    fn check_promises(&self) -> Result<(), Wrong> {
        for hash in &self.acknowledged {
            if !self.chain.included.contains_key(hash) && !self.dropped.contains_key(hash) {
                let what = format!("tx {hash} is in no block, and nobody said why");
                return Err((Property::AcknowledgedIsDurable, what));
            }
        }
        self.check_orders()?;
        self.check_refunds()
    }

    /// Every order that was taken has one mint, and every mint one order.
    fn check_orders(&self) -> Result<(), Wrong> {
        let wrong = |what: String| Err((Property::OnePaidItemOneMint, what));
        let keys: BTreeSet<_> = self.orders.keys().chain(self.chain.minted.keys()).collect();
        let mut mints = self.chain.mints.clone();
        for key in keys {
            let own = self
                .chain
                .minted
                .get(key)
                .into_iter()
                .chain(self.orders.get(key).into_iter().flatten());
            let minted: BTreeSet<_> = own.filter(|hash| mints.remove(*hash)).collect();
            let is_refunded = self.refunds.contains_key(key) && minted.is_empty();
            if minted.len() != 1 && !is_refunded {
                return wrong(format!("order {key} was taken, its mints are {minted:?}"));
            }
        }
        match mints.first() {
            Some(mint) => wrong(format!("tx {mint} mints, and no order has it")),
            None => Ok(()),
        }
    }

    /// What was paid back and is minted is burned, where that is wanted, and nothing else is.
    fn check_refunds(&self) -> Result<(), Wrong> {
        let wrong = |what: String| Err((Property::PaidBackIsTakenBackOnce, what));
        for (key, Refund { is_taken, burns }) in &self.refunds {
            let (minted, burned) = (self.chain.minted.get(key), self.chain.burned.get(key));
            let is_burned = burned.is_some_and(|hash| self.chain.succeeded[hash]);
            if *is_taken && *burns && minted.is_some() && !is_burned {
                return wrong(format!(
                    "order {key} is taken back, minted by {minted:?}, not burned"
                ));
            }
        }
        for (key, hash) in &self.chain.burned {
            if !self.refunds.get(key).is_some_and(|refund| refund.burns) {
                return wrong(format!("order {key} is burned by {hash}, nobody asked for that"));
            }
        }
        Ok(())
    }

    fn check_settlement(&self, contract: &Contract) -> Result<(), Wrong> {
        let settlement = contract.settlement.as_ref();
        let settled = settlement.map(|it| (it.last_block_hash, it.state_root));
        let last = self.chain.blocks.last().copied();
        if settled != last {
            let what = format!("the L1 settled {settled:?}, the last block is {last:?}");
            return Err((Property::L1PaysWhatTheFinalStateSays, what));
        }
        let (got, expected) = (self.chain.deposits, contract.deposits.len());
        if usize::try_from(got) != Ok(expected) {
            let what = format!("{got} deposits were credited, the L1 has {expected}");
            return Err((Property::DepositsAreCreditedOnceInOrder, what));
        }
        Ok(())
    }

    /// What the L1 has is enough to claim everything that anybody has.
    fn check_exits(&self, contract: &Contract) -> Result<(), Wrong> {
        let wrong = |what: String| Err((Property::L1PaysWhatTheFinalStateSays, what));
        let leaves = published(contract).map_err(|what| {
            (Property::L1PaysWhatTheFinalStateSays, format!("published leaves: {what}"))
        })?;
        let tree = ExitTree::new(&leaves);
        let root = contract.settlement.as_ref().map(|it| it.sealed.exit_root).unwrap_or_default();
        let depth = depth_of(tree.leaf_count());
        for (index, leaf) in (0..).zip(&leaves) {
            let proof = tree.proof(index).unwrap_or_default();
            if !verify(root, depth, leaf, &proof) {
                return wrong(format!("exit {index} cannot be claimed with what is published"));
            }
        }
        let owed: BTreeMap<Address, U256> = self.chain.holders().collect();
        let paid = sum(leaves.iter().filter(|leaf| leaf.asset == 0));
        if paid != owed {
            let what = format!("exits of ETH are {paid:?}, the layer has {owed:?}");
            return Err((Property::NobodyIsLeftOutOfTheSeal, what));
        }
        let total = paid.values().fold(U256::ZERO, |sum, value| sum + value);
        let escrow = contract.deposits.iter().fold(U256::ZERO, |sum, event| sum + event.value);
        if total != escrow {
            return wrong(format!("exits are {total} wei, the escrow has {escrow}"));
        }
        self.check_tickets(&leaves)
    }

    /// Every ticket that was minted is one exit.
    fn check_tickets(&self, leaves: &[ExitLeaf]) -> Result<(), Wrong> {
        let tickets = leaves.iter().filter(|leaf| leaf.asset != 0);
        let (ids, count) = (tickets.clone().map(|leaf| leaf.id), tickets.count());
        let mut ids: Vec<U256> = ids.collect();
        ids.sort_unstable();
        let minted = self.chain.mints.len();
        let expected: Vec<U256> = (1..=minted).map(U256::from).collect();
        if ids == expected {
            return Ok(());
        }
        let what = format!("{} tickets were minted, {count} exit: {ids:?}", expected.len());
        Err((Property::NobodyIsLeftOutOfTheSeal, what))
    }
}

fn published(contract: &Contract) -> Result<Vec<ExitLeaf>, String> {
    let mut leaves = Vec::new();
    for chunk in &contract.chunks {
        let start = u32::try_from(chunk.start).map_err(|error| error.to_string())?;
        leaves.extend(unpack(&chunk.packed, start).map_err(|error| error.to_string())?);
    }
    Ok(leaves)
}

fn sum<'a>(leaves: impl Iterator<Item = &'a ExitLeaf>) -> BTreeMap<Address, U256> {
    let mut by_recipient = BTreeMap::new();
    for leaf in leaves {
        *by_recipient.entry(leaf.recipient).or_insert(U256::ZERO) += leaf.value;
    }
    by_recipient
}
