//! The next batch for the L1: the inputs of the blocks after the last that was posted.
//!
//! What was posted is what the L1 says, and nothing is remembered here: a batch that was lost in an L1
//! reorganisation, or whose sender died, is simply the next one again.

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, FixedBytes, keccak256};

use super::{FlowError, checkpoint, query::Replica, sequence::Committed, unsigned::Unsigned};
use crate::{
    chain::{Finality, L1Origin, LayerConfig, SealedHeader, Transaction},
    codec::{
        batch::{Payload, PostedBlock, PostedGenesis},
        record::{Record, StatePack},
    },
    port::{BatchHead, L1, L1Action, L1Receipt, Posted, PostedBatch, Stores},
};

/// How many times the bytes of a batch are read before they are compressed: inputs are mostly signatures.
const READ_AHEAD: usize = 4;

/// A batch to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextBatch {
    /// What goes to the L1.
    pub batch: PostedBatch,
    /// Time of its first block, Unix seconds.
    pub oldest_s: u64,
    /// More blocks wait than fit, so that nothing is gained by waiting.
    pub full: bool,
}

/// Which batches are worth an L1 transaction now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// All that is left: the layer has ended.
    All,
    /// Those that are full, and one whose first block is not after this time, Unix seconds.
    Since(u64),
}

impl Due {
    const fn is(self, batch: &NextBatch) -> bool {
        match self {
            Self::All => true,
            Self::Since(time_s) => batch.full || batch.oldest_s <= time_s,
        }
    }
}

/// Posts every batch that is due, one after the other; returns the receipts.
///
/// The L1 is asked before each what it has: whoever posted it, it is not posted again.
///
/// # Errors
/// As [`Batcher::next`], and those of the L1.
pub async fn post(
    batcher: &Batcher<'_>,
    l1: &dyn L1,
    due: Due,
) -> Result<Vec<L1Receipt>, FlowError> {
    let mut receipts = Vec::new();
    loop {
        let posted = l1.view(Finality::Depth(0)).await?.posted;
        match batcher.next(&posted).await? {
            Some(next) if due.is(&next) => {
                receipts.push(l1.act(L1Action::PostBatch(next.batch)).await?);
            }
            _ => return Ok(receipts),
        }
    }
}

/// Makes batches of one layer.
#[derive(Debug)]
pub struct Batcher<'a> {
    /// Stores of the layer.
    pub stores: &'a Stores,
    /// Its configuration.
    pub config: &'a LayerConfig,
    /// Its committed blocks.
    pub replica: &'a Replica,
    /// Codes that whoever rebuilds the layer has as well: those of its standard genesis.
    pub known_codes: &'a [Bytes],
}

impl Batcher<'_> {
    /// Returns the batch after what is posted; `None` when every block is, or the layer posts no inputs.
    ///
    /// # Errors
    /// [`FlowError::BatchTooLarge`] when one block does not fit, which [`Posting::block_bytes`] rules out;
    /// the stores' errors.
    ///
    /// [`Posting::block_bytes`]: crate::chain::Posting::block_bytes
    pub async fn next(&self, posted: &Posted) -> Result<Option<NextBatch>, FlowError> {
        let Some(capacity) = self.config.posting.batch_bytes() else { return Ok(None) };
        let Some(parent) = self.replica.block(posted.last_block).await? else { return Ok(None) };
        let genesis = match posted.batches {
            0 => Some(self.genesis().await?),
            _ => None,
        };
        let mut draft = Draft {
            layer: self.config.l1.layer,
            first_block: posted.last_block + 1,
            parent: parent.header.clone(),
            deposits: posted.consumed_deposits,
            genesis,
            blocks: Vec::new(),
            bytes: 0,
        };
        while draft.bytes < READ_AHEAD * capacity
            && let Some(block) = self.replica.block(draft.parent.number + 1).await?
        {
            draft.push(&block);
        }
        draft.fit(capacity)
    }

    /// Block 0 as it is posted.
    async fn genesis(&self) -> Result<PostedGenesis, FlowError> {
        let Self { stores, config, .. } = self;
        let mut genesis = checkpoint::load_genesis(stores, config.id).await?;
        genesis.pages.clone().load_all(&mut genesis.world).await?;
        let StatePack { accounts, mut codes } = StatePack::pack(&genesis.world)?;
        let known: Vec<B256> = self.known_codes.iter().map(keccak256).collect();
        codes.retain(|code| !known.contains(&keccak256(code)));
        Ok(PostedGenesis {
            timestamp_s: config.opened_at_s,
            gas_limit: config.gas_limit,
            base_fee_wei: config.base_fee_wei,
            fee_recipient: config.fee_recipient,
            accounts,
            codes,
        })
    }
}

/// Blocks that may come into one batch.
struct Draft {
    layer: Address,
    first_block: u64,
    /// The newest block.
    parent: SealedHeader,
    /// Deposits taken up to it.
    deposits: u64,
    genesis: Option<PostedGenesis>,
    /// With the header of each and the deposits taken up to it.
    blocks: Vec<(PostedBlock, SealedHeader, u64)>,
    bytes: usize,
}

impl Draft {
    fn push(&mut self, block: &Committed) {
        let transactions = &block.record.block.transactions;
        let header = &block.header;
        let taken = (self.deposits..).zip(transactions);
        let is_taken = |(deposits, tx): &(u64, &Transaction)| {
            let unsigned = Unsigned { deposits: *deposits, ..Unsigned::default() };
            unsigned.names_deposit(self.layer, tx)
        };
        let taken = taken.take_while(is_taken).count();
        let deposits = u64::try_from(taken).unwrap_or(u64::MAX);
        let raw = transactions.iter().skip(taken).map(|tx| Bytes::from(tx.encoded_2718()));
        let posted = PostedBlock {
            after_s: header.timestamp - self.parent.timestamp,
            deposits,
            check: check_of(header),
            transactions: raw.collect(),
            l1: advanced(header, &self.parent),
        };
        self.bytes += alloy_rlp::Encodable::length(&posted);
        self.deposits += deposits;
        self.parent = header.clone();
        self.blocks.push((posted, header.clone(), self.deposits));
    }

    /// Takes as many of the blocks as fit, or a few less.
    fn fit(mut self, capacity: usize) -> Result<Option<NextBatch>, FlowError> {
        let (all, oldest_s) = match self.blocks.first() {
            Some((_, header, _)) => (self.blocks.len(), header.timestamp),
            None => return Ok(None),
        };
        loop {
            let payload = self.payload().to_frame();
            let (got, count) = (payload.len(), self.blocks.len());
            if got <= capacity {
                let full = count < all || self.bytes >= READ_AHEAD * capacity;
                let payload = Bytes::from(payload);
                return Ok(self.head().map(|head| {
                    let batch = PostedBatch { head, payload };
                    NextBatch { batch, oldest_s, full }
                }));
            }
            if count == 1 {
                let number = self.first_block;
                return Err(FlowError::BatchTooLarge { number, most: capacity, got });
            }
            // A little below its share, so that one more try mostly does.
            let share = count.saturating_mul(capacity) / got;
            self.blocks.truncate((share - share / 32).clamp(1, count - 1));
        }
    }

    fn payload(&self) -> Payload {
        Payload {
            first_block: self.first_block,
            blocks: self.blocks.iter().map(|(block, ..)| block.clone()).collect(),
            genesis: self.genesis.clone(),
        }
    }

    fn head(&self) -> Option<BatchHead> {
        let (_, header, consumed_deposits) = self.blocks.last()?;
        Some(BatchHead {
            last_block: header.number,
            last_block_hash: header.hash(),
            state_root: header.state_root,
            consumed_deposits: *consumed_deposits,
        })
    }
}

/// The L1 block that a block rests on, where its parent rests on another one.
fn advanced(header: &SealedHeader, parent: &SealedHeader) -> Option<L1Origin> {
    let origin = L1Origin::of(header).unwrap_or_default();
    let before = L1Origin::of(parent).unwrap_or_default();
    origin.filter(|origin| before.as_ref() != Some(origin))
}

/// First bytes of a block's hash.
pub(super) fn check_of(header: &SealedHeader) -> FixedBytes<4> {
    FixedBytes::from_slice(&header.hash()[..4])
}
