//! What a replica reads before it can answer.

use std::sync::Arc;

use super::places::Places;
use crate::{
    chain::{Block, SlotNumber},
    codec::{record::BlockRecord, run::RunRef},
    flow::{
        FlowError, Tip,
        index::Index,
        sequence::Committed,
        tip::{Read, read_slot},
    },
    port::{PortError, Stores},
    state::Delta,
};

/// Slots read from the log at a time.
const PAGE: usize = 256;

/// Indexes the blocks up to `tip` that `runs` lack.
pub(super) async fn unindexed(
    stores: &Stores,
    index: &Index,
    runs: &[RunRef],
    tip: &Tip,
) -> Result<Places, FlowError> {
    let covered = runs.last().map_or(0, |run| run.last);
    let mut places = Places::from(covered + 1);
    let mut next = match index.block(runs, covered).await? {
        Some(place) => place.slot.next(),
        None => SlotNumber(0),
    };
    while next < tip.next_slot {
        let entries = stores.log.read_from(next, PAGE).await?;
        let Some(last) = entries.last() else { break };
        next = last.slot.next();
        for entry in entries.iter().filter(|entry| entry.slot < tip.next_slot) {
            if let Read::Block { header, record } = read_slot(stores, entry).await? {
                places.push(entry.slot, header.hash(), &record);
            }
        }
    }
    Ok(places)
}

/// Reads the block of a checkpoint.
pub(super) async fn head_of(stores: &Stores, tip: &Tip) -> Result<Committed, FlowError> {
    if tip.header.number == 0 {
        return Ok(genesis(tip));
    }
    let mut slot = tip.next_slot.0;
    while let Some(before) = slot.checked_sub(1) {
        slot = before;
        let entry = stores.log.read(SlotNumber(slot)).await?;
        let missing = || PortError::NotFound { name: SlotNumber(slot).to_string() };
        let read = read_slot(stores, &entry.ok_or_else(missing)?).await?;
        if let Read::Block { header, record } = read {
            if header.hash() == tip.header.hash() {
                let next_slot = SlotNumber(slot).next();
                return Ok(Committed { header, record, next_slot });
            }
            break;
        }
    }
    Err(not_there(SlotNumber(slot), tip.header.number).into())
}

/// Block 0, which no slot holds.
pub(super) fn genesis(tip: &Tip) -> Committed {
    let record = BlockRecord {
        block: Block { header: tip.header.inner().clone(), transactions: Vec::new() },
        senders: Vec::new(),
        receipts: Vec::new(),
        delta: Delta::default(),
        minted: Vec::new(),
    };
    Committed { header: tip.header.clone(), record: Arc::new(record), next_slot: SlotNumber(0) }
}

pub(super) fn not_there(slot: SlotNumber, number: u64) -> PortError {
    PortError::Corrupt { name: slot.to_string(), reason: format!("expected block {number}") }
}
