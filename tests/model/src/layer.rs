//! What a layer is made of: what is stored, and what processes have in memory.

use crate::broken::Broken;

/// How far the model is explored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Epochs that are claimed.
    pub(crate) epochs: u8,
    /// Processes that die.
    pub(crate) crashes: u8,
    /// Writes that land late.
    pub(crate) late: u8,
    /// Settlements that a reorganisation of the L1 takes back.
    pub(crate) reorgs: u8,
}

/// What is explored.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) bounds: Bounds,
    pub(crate) broken: Option<Broken>,
}

impl Layer {
    pub(crate) const fn new(bounds: Bounds, broken: Option<Broken>) -> Self {
        Self { bounds, broken }
    }

    pub(crate) fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }
}

/// The number of transactions that are sent.
pub(crate) const SENT: usize = 2;

/// A set of transactions, a bit for each.
pub(crate) type Transactions = u8;

/// One slot of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    pub(crate) epoch: u8,
    pub(crate) content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Content {
    Fence,
    /// `parent` is the number of slots that its writer knew.
    Block {
        parent: u8,
        included: Transactions,
    },
    End,
}

/// What one of those who write is doing. `known` is the number of slots that it has read or written: since a slot is
/// written once, that says what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Writer {
    Away,
    /// Has the lease.
    Claimed {
        epoch: u8,
    },
    /// Has read the log.
    Opened {
        epoch: u8,
        known: u8,
    },
    /// Has fenced; nothing is under way.
    Ready {
        epoch: u8,
        known: u8,
    },
    /// Has built a slot.
    Built {
        epoch: u8,
        known: u8,
        content: Content,
    },
    /// Has committed, and must forget this in the inbox.
    Tidying {
        epoch: u8,
        known: u8,
        done: Transactions,
    },
    /// Has written one of the two halves of a checkpoint.
    Checkpointing {
        epoch: u8,
        known: u8,
    },
}

/// Where a transaction is on its way into the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Request {
    Away,
    /// The phase was open.
    Checked,
    /// It is in the inbox.
    Appended,
    Acknowledged,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    Open,
    Draining,
    Sealed,
    Settled,
    Erased,
}

/// The settlement on the L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum L1 {
    Nothing,
    /// Settled and disposable, in a block that may be replaced.
    Newest,
    Final,
}

/// The number of writers; the last one is the teardown.
pub(crate) const WRITERS: usize = 3;
pub(crate) const TEARDOWN: usize = WRITERS - 1;

/// Everything that is stored, everything that processes have in memory, and what went wrong on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) claimed: u8,
    pub(crate) log: Vec<Slot>,
    /// A slot was written over.
    pub(crate) is_overwritten: bool,
    /// Writes that nobody has heard of yet, with the slots that they are for.
    pub(crate) late: Vec<(u8, Slot)>,
    pub(crate) inbox: Transactions,
    pub(crate) requests: [Request; SENT],
    /// Numbers of the blocks of which there is a manifest, a bit for each, from the pointer on.
    pub(crate) manifests: u8,
    /// The block of the newest checkpoint.
    pub(crate) pointer: u8,
    pub(crate) writers: [Writer; WRITERS],
    pub(crate) phase: Phase,
    pub(crate) l1: L1,
    /// Blocks that were settled, whether the L1 still knows it or not.
    pub(crate) settled: Option<u8>,
    /// Something else was settled before.
    pub(crate) is_settled_otherwise: bool,
    /// Something was written after the erase.
    pub(crate) is_left: bool,
    pub(crate) crashes: u8,
    pub(crate) given_up: u8,
    pub(crate) reorgs: u8,
}

impl State {
    /// Nothing has happened yet.
    pub(crate) const fn new() -> Self {
        Self {
            claimed: 0,
            log: Vec::new(),
            is_overwritten: false,
            late: Vec::new(),
            inbox: 0,
            requests: [Request::Away; SENT],
            manifests: 0,
            pointer: 0,
            writers: [Writer::Away; WRITERS],
            phase: Phase::Open,
            l1: L1::Nothing,
            settled: None,
            is_settled_otherwise: false,
            is_left: false,
            crashes: 0,
            given_up: 0,
            reorgs: 0,
        }
    }

    /// The slots that somebody knows.
    pub(crate) fn known(&self, known: u8) -> &[Slot] {
        &self.log[..usize::from(known)]
    }

    /// The number of slots.
    pub(crate) fn length(&self) -> u8 {
        u8::try_from(self.log.len()).expect("a log is short")
    }

    /// The one of all states that differ in nothing but the names of the two sequencers and of the two transactions.
    pub(crate) fn canonical(mut self) -> Self {
        self.writers[..TEARDOWN].sort_unstable();
        let [one, other] = self.requests;
        if one > other || (one == other && self.inbox == 0b10) {
            self.swap_transactions();
        }
        self
    }

    fn swap_transactions(&mut self) {
        self.requests.reverse();
        self.inbox = swapped(self.inbox);
        let late = self.late.iter_mut().map(|(_, slot)| &mut slot.content);
        let built = self.writers.iter_mut().filter_map(|writer| match writer {
            Writer::Built { content, .. } => Some(content),
            Writer::Tidying { done, .. } => {
                *done = swapped(*done);
                None
            }
            _ => None,
        });
        let contents = self.log.iter_mut().map(|slot| &mut slot.content);
        for content in contents.chain(late).chain(built) {
            if let Content::Block { included, .. } = content {
                *included = swapped(*included);
            }
        }
    }
}

const fn swapped(set: Transactions) -> Transactions {
    (set & 1) << 1 | set >> 1
}

/// The transactions of a log.
pub(crate) fn included(log: &[Slot]) -> Transactions {
    log.iter().fold(0, |all, slot| match slot.content {
        Content::Block { included, .. } => all | included,
        _ => all,
    })
}

/// The number of its newest block.
pub(crate) fn newest_block(log: &[Slot]) -> u8 {
    log.iter().map(|slot| u8::from(matches!(slot.content, Content::Block { .. }))).sum()
}

/// Whether a log has its end.
pub(crate) fn is_ended(log: &[Slot]) -> bool {
    log.iter().any(|slot| slot.content == Content::End)
}

/// The transactions that somebody was told are taken.
pub(crate) fn acknowledged(state: &State) -> Transactions {
    let told = (0..).zip(&state.requests).filter(|(_, one)| **one == Request::Acknowledged);
    told.fold(0, |all, (at, _): (u32, _)| all | 1 << at)
}
