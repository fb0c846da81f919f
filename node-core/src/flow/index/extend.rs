use std::sync::Arc;

use crate::{
    chain::{Epoch, LayerId, SlotNumber},
    codec::{
        record::BlockRecord,
        run::{self, Contents, RunRef},
    },
    port::{Objects, PortError, Put},
};

use super::read;

/// Runs of one level that become one of the next.
const FAN_OUT: usize = 8;

/// Entries above which a run is not merged any more: merging holds them in memory, 24 bytes each.
const MOST_ENTRIES: u64 = 1 << 21;

/// Indexes `blocks`, which follow those of `runs`, in one new object; returns the runs that cover all.
///
/// Blocks that `runs` cover already are left out. Nothing is deleted: what `runs` names stays readable.
///
/// # Errors
/// [`PortError::Corrupt`] when a block is missing between the runs and `blocks`, or a run to be merged is
/// damaged; the store's errors.
pub async fn extend(
    objects: &dyn Objects,
    layer: LayerId,
    epoch: Epoch,
    runs: &[RunRef],
    blocks: &[(SlotNumber, Arc<BlockRecord>)],
) -> Result<Vec<RunRef>, PortError> {
    let next = runs.last().map(|run| run.last + 1);
    let new = |(_, record): &&(_, Arc<BlockRecord>)| {
        next.is_none_or(|next| record.block.header.number >= next)
    };
    let blocks: Vec<_> = blocks.iter().filter(new).collect();
    check_continuous(next, &blocks)?;
    let contents = Contents::of(blocks.into_iter().map(|(slot, record)| (*slot, &**record)));
    let (kept, merged) = split(runs, contents.entries());
    let level = merged.first().map_or(0, |run| run.level + 1);
    let contents = with_merged(objects, layer, merged, contents).await?;
    let Some(written) = run::write(&contents, epoch, level) else { return Ok(runs.to_vec()) };
    // What exists already was written by this very epoch of the same blocks, and so is the same.
    objects.put(&written.run.name(layer), written.object, Put::IfAbsent).await?;
    Ok(kept.iter().copied().chain([written.run]).collect())
}

fn check_continuous(
    next: Option<u64>,
    blocks: &[&(SlotNumber, Arc<BlockRecord>)],
) -> Result<(), PortError> {
    let mut next = next;
    for (slot, record) in blocks {
        let number = record.block.header.number;
        if let Some(expected) = next.filter(|next| *next != number) {
            let reason = format!("expected block {expected} to index, got block {number}");
            return Err(PortError::Corrupt { name: slot.to_string(), reason });
        }
        next = Some(number + 1);
    }
    Ok(())
}

/// Splits `runs` into those that stay and those that the new run, of `entries`, takes with it.
fn split(runs: &[RunRef], entries: usize) -> (&[RunRef], &[RunRef]) {
    let mut entries = u64::try_from(entries).expect("usize fits u64 on every target");
    let mut kept = runs;
    for level in 0.. {
        let Some(start) = kept.len().checked_sub(FAN_OUT - 1) else { break };
        let (older, group) = kept.split_at(start);
        entries += group.iter().map(|run| run.entries).sum::<u64>();
        if group.iter().any(|run| run.level != level) || entries > MOST_ENTRIES {
            break;
        }
        kept = older;
    }
    runs.split_at(kept.len())
}

async fn with_merged(
    objects: &dyn Objects,
    layer: LayerId,
    merged: &[RunRef],
    new: Contents,
) -> Result<Contents, PortError> {
    if new.blocks.is_empty() {
        return Ok(new);
    }
    let mut contents = Contents::default();
    for run in merged {
        contents = contents.then(read::whole(objects, layer, run).await?);
    }
    Ok(contents.then(new))
}
