use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, Bytes, keccak256};

use crate::{
    chain::{Ancestors, Block, SealedHeader},
    codec::record::{BlockRecord, Witness},
    execute::{Fault, NextBlock, Rules, needs_of},
    flow::{FlowError, query::Replica},
    port::PortError,
    state::{Need, NodeSet, StateError, WorldState},
};

/// Makes the witness of a committed block; `None` when there is no such block.
///
/// # Errors
/// The stores' errors.
pub async fn of_block(
    replica: &Replica,
    rules: &Rules,
    number: u64,
) -> Result<Option<Witness>, FlowError> {
    let Some(before) = number.checked_sub(1) else { return Ok(None) };
    let Some(block) = replica.block(number).await? else { return Ok(None) };
    let Some(mut parent) = replica.snapshot(before).await? else { return Ok(None) };
    let ancestors = replica.ancestors(number).await?;
    let header = parent.header.clone();
    let needs = parent.state.later.sum().needs();
    parent.pages.load(&mut parent.state.base, &needs).await?;
    let made = parent.with(|state| {
        let world = state.world()?;
        witness(&header, &world, &ancestors, rules, &block.record)
    });
    made.await.map(Some)
}

/// Makes the witness of the block after `parent`, whose state is `world`.
///
/// # Errors
/// [`Fault::NotLoaded`] with what of `world` to load first; there may be more after that.
pub fn witness(
    parent: &SealedHeader,
    world: &WorldState,
    ancestors: &Ancestors,
    rules: &Rules,
    record: &BlockRecord,
) -> Result<Witness, FlowError> {
    let BlockRecord { block, senders, delta, .. } = record;
    let mut gathered = Gathered::new(world);
    gathered.add(&NextBlock::needs(rules, block.header.beneficiary))?;
    gathered.add(&delta.needs())?;
    gathered.add(&senders.iter().map(Need::account).collect::<Vec<_>>())?;
    loop {
        let needs = needs_of(parent, &gathered.partial, ancestors, rules, block, senders)?;
        if needs.is_empty() {
            return Ok(gathered.finish(block.clone()));
        }
        let before = gathered.len();
        gathered.add(&needs)?;
        if gathered.len() == before {
            let name = format!("witness of block {}", block.header.number);
            let reason = format!("the state before it has nothing at {}", needs[0]);
            return Err(PortError::Corrupt { name, reason }.into());
        }
    }
}

/// What was taken out of a state so far.
struct Gathered<'a> {
    world: &'a WorldState,
    /// Only that.
    partial: WorldState,
    nodes: BTreeMap<B256, Bytes>,
    codes: BTreeMap<B256, Bytes>,
}

impl<'a> Gathered<'a> {
    fn new(world: &'a WorldState) -> Self {
        let partial = WorldState::from_root(world.root());
        Self { world, partial, nodes: BTreeMap::new(), codes: BTreeMap::new() }
    }

    /// Takes over what is needed; all of it that is not loaded is named at once.
    fn add(&mut self, needs: &[Need]) -> Result<(), Fault> {
        // Most ways have their first nodes in common.
        let (mut nodes, mut missing) = (BTreeSet::new(), Vec::new());
        for need in needs {
            match self.way(need) {
                Ok(way) => nodes.extend(way),
                Err(StateError::Missing(need)) => missing.push(need),
                Err(error) => return Err(error.into()),
            }
        }
        if !missing.is_empty() {
            return Err(Fault::NotLoaded { needs: missing });
        }
        self.nodes.extend(nodes.into_iter().map(|node| (keccak256(&node), node)));
        // All of them: what is new may hang below what came before.
        let nodes: NodeSet = self.nodes.values().cloned().collect();
        self.partial.reveal_nodes(&nodes).map_err(StateError::Trie)?;
        self.partial.add_known_codes(&self.codes);
        Ok(())
    }

    fn way(&mut self, need: &Need) -> Result<Vec<Bytes>, StateError> {
        let Some(hash) = need.code_hash() else { return self.world.way(need) };
        if self.world.first_blinded(need).is_some() {
            return Err(StateError::Missing(*need));
        }
        // A code that the block itself brings is not in the state before it.
        if let Some(code) = self.world.code(&hash) {
            self.codes.insert(hash, code);
        }
        Ok(Vec::new())
    }

    fn len(&self) -> usize {
        self.nodes.len() + self.codes.len()
    }

    fn finish(self, block: Block) -> Witness {
        let nodes = self.nodes.into_values().collect();
        Witness { block, nodes, codes: self.codes.into_values().collect() }
    }
}
