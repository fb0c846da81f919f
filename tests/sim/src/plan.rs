use node_core::chain::{Finality, LayerConfig, Posting};

use crate::{Random, sim::START_MS, template};

/// What differs from life to life, faults aside.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// L1 blocks on top of a final one.
    pub depth: u64,
    /// Seconds from opening to the end.
    pub lasts_s: u64,
    /// Transactions of each sender.
    pub sent: [u64; template::SENDERS as usize],
    /// Paid items.
    pub orders: u64,
    /// Deposits while the layer runs.
    pub deposits: u64,
    /// Transactions that make building ahead worth it.
    pub busy: usize,
    /// Somebody sends a transaction that is too large for a slot.
    pub large: bool,
    /// Inputs are posted to the L1.
    pub posts: bool,
    /// Somebody executes every block again.
    pub attests: bool,
    /// Blocks after which a checkpoint is written.
    pub checkpoint_blocks: u64,
    /// Milliseconds without work after which a writer leaves.
    pub idle_ms: u64,
    /// Which of the paid items are paid back.
    pub paid_back: Vec<bool>,
    /// Tickets that are paid back are burned, not only marked.
    pub burns: bool,
    /// Wallets send their last transaction when the layer ends.
    pub late: bool,
}

impl Plan {
    /// Draws a plan.
    pub(crate) fn of(random: &mut Random) -> Self {
        let sent = core::array::from_fn(|_| random.below(template::NONCES + 1));
        let large = random.chance(600);
        let mut plan = Self {
            depth: random.between(1, 3),
            lasts_s: random.between(20, 50),
            sent,
            orders: random.below(5),
            deposits: random.below(3),
            busy: [1, 2, 256][random.place(3)],
            large,
            posts: !large && random.chance(2_500),
            attests: random.chance(1_500),
            checkpoint_blocks: random.between(1, 6),
            idle_ms: random.between(200, 2_500),
            paid_back: Vec::new(),
            burns: random.chance(6_000),
            late: random.chance(3_000),
        };
        plan.paid_back = (0..plan.orders).map(|_| random.chance(3_000)).collect();
        plan
    }

    /// The configuration of the layer.
    pub(crate) fn config(&self) -> LayerConfig {
        let mut config = template::config();
        config.ends_at_s = START_MS / 1_000 + self.lasts_s;
        config.l1.finality = Finality::Depth(self.depth);
        if self.posts {
            config.posting = Posting::Calldata;
            config.limits.transaction_bytes = 64 * 1024;
        }
        config
    }
}
