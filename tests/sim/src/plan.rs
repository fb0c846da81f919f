use node_core::chain::{Finality, LayerConfig, Posting};

use crate::{Random, sim::START_MS, template};

/// Milliseconds within which a sale and its refund meet on the way.
const AT_ONCE_MS: u64 = 1_500;

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
    /// When each of the paid items is sold, in milliseconds from the opening.
    pub sold_ms: Vec<u64>,
    /// When it is paid back, for those that are: at any time, or just when it is sold.
    pub paid_back_ms: Vec<Option<u64>>,
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
            sold_ms: Vec::new(),
            paid_back_ms: Vec::new(),
            burns: random.chance(6_000),
            late: random.chance(3_000),
        };
        for _ in 0..plan.orders {
            let sold_ms = random.below(plan.lasts_s * 700);
            let paid_back_ms = match random.chance(5_000) {
                true => sold_ms + random.below(AT_ONCE_MS),
                false => random.below(plan.lasts_s * 900),
            };
            plan.sold_ms.push(sold_ms);
            plan.paid_back_ms.push(random.chance(5_000).then_some(paid_back_ms));
        }
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
