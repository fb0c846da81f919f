//! The writer on the embedded ledger.

use std::sync::Arc;

use alloy_eips::Encodable2718;
use futures::executor::block_on;
use mayfly_bench::{CHAIN_ID, NOW_MS};
use mayfly_disk::Disk;
use node_core::{
    codec::record::Pending,
    execute::Rules,
    flow::{
        Caches, open,
        sequence::{Context, Pipeline, Sequencer, Step, TakeOver, Timing},
    },
    port::{Job, Processors},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{Result, Took, load::Sent, portions::Portions, state::State, time};

/// A layer in a directory of its own, and its writer.
pub(crate) struct Layer {
    sequencer: Sequencer,
    context: Context,
    _disk: Disk,
    _dir: TempDir,
}

/// Threads as the `mayfly` binary has them.
struct Threads(Runtime);

impl Processors for Threads {
    fn run(&self, job: Job) {
        drop(self.0.spawn_blocking(job));
    }
}

impl Layer {
    pub(crate) fn open(state: &State) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let disk = Disk::open(dir.path())?;
        let mut stores = disk.stores(state.config.id);
        block_on(open::open(&stores, &state.config, &state.genesis))?;
        stores.inbox = Arc::new(Portions::of(stores.inbox));
        let context = Context {
            stores,
            config: Arc::new(state.config.clone()),
            rules: Arc::new(Rules::layer(CHAIN_ID)),
            signer: None,
            pipeline: Pipeline::on(Arc::new(Threads(Runtime::new()?))),
            caches: Caches::default(),
        };
        let mut sequencer = match block_on(Sequencer::take_over(context.clone(), "bench", NOW_MS))?
        {
            TakeOver::Won(sequencer) => *sequencer,
            TakeOver::Held { until_ms } => return Err(format!("held until {until_ms}").into()),
        };
        // As it is once a layer has been busy; what loading costs is in the bench `state`.
        block_on(sequencer.load_all())?;
        Ok(Self { sequencer, context, _disk: disk, _dir: dir })
    }

    /// Puts the transactions of all blocks into the inbox.
    pub(crate) fn send(&self, blocks: &[Vec<Sent>]) -> Result<()> {
        for (number, sent) in (0..).zip(blocks) {
            let waiting = sent.iter().map(|sent| pending(sent, number)).collect();
            block_on(self.context.stores.inbox.append_all(waiting))?;
        }
        Ok(())
    }

    /// Commits the next block, which is `sent`.
    pub(crate) fn run(&mut self, sent: &[Sent]) -> Result<Took> {
        let timing = Timing { now_ms: NOW_MS, last_call: false };
        let (step, took) = time(|| block_on(self.sequencer.step(timing)));
        let Step::Committed(block) = step? else { return Err("nothing was committed".into()) };
        let receipts = &block.record.receipts;
        if receipts.len() != sent.len() || !receipts.iter().all(|receipt| receipt.success) {
            return Err(format!("{} of {} are in the block", receipts.len(), sent.len()).into());
        }
        Ok(took)
    }
}

fn pending(sent: &Sent, received_ms: u64) -> Pending {
    Pending {
        hash: *sent.transaction.hash(),
        sender: sent.sender,
        raw: sent.transaction.encoded_2718().into(),
        received_ms,
        deposit_position: 0,
    }
}
