use core::{fmt, str::FromStr};

use crate::Random;

/// What goes wrong in a simulated life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A function dies before or after any effect of its own.
    Crash,
    /// A store refuses for now, and nothing happens.
    Throttle,
    /// A request is lost; the caller hears nothing.
    LostRequest,
    /// A write happens; the caller hears nothing.
    LostAnswer,
    /// A write happens after the caller has given up on it.
    LateWrite,
    /// Of many things written at once the first few are.
    PartialBatch,
    /// An answer takes seconds.
    SlowStore,
    /// A function stands still for longer than a lease lasts, and goes on: a zombie.
    Pause,
    /// Clocks are apart, and jump.
    Clock,
    /// The ring of a doorbell is lost, or comes twice.
    Doorbell,
    /// A schedule does not fire, or fires twice.
    Schedule,
    /// The newest blocks of the L1 are replaced.
    Reorg,
    /// A transaction of the L1 vanishes, or lands much later.
    L1Loss,
    /// The node that is asked for the L1 is behind.
    L1Lag,
    /// A bit of an object is read wrongly.
    BitFlip,
    /// A client sends things twice, out of order, or in conflict.
    Client,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Crash,
        Self::Throttle,
        Self::LostRequest,
        Self::LostAnswer,
        Self::LateWrite,
        Self::PartialBatch,
        Self::SlowStore,
        Self::Pause,
        Self::Clock,
        Self::Doorbell,
        Self::Schedule,
        Self::Reorg,
        Self::L1Loss,
        Self::L1Lag,
        Self::BitFlip,
        Self::Client,
    ];

    /// How often it happens in a life in which it does, seldom and often, in ten thousand chances.
    const fn rates(self) -> (u64, u64) {
        match self {
            Self::Crash => (20, 150),
            Self::Throttle | Self::LostRequest | Self::LostAnswer => (50, 600),
            Self::LateWrite | Self::SlowStore => (50, 300),
            Self::PartialBatch => (500, 3_000),
            Self::Pause => (10, 60),
            Self::Clock => (5, 50),
            Self::Doorbell | Self::Schedule => (1_000, 6_000),
            Self::Reorg => (500, 3_000),
            Self::L1Loss => (500, 4_000),
            Self::L1Lag => (500, 5_000),
            Self::BitFlip => (30, 200),
            Self::Client => (500, 3_000),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|fault| fault.to_string() == text);
        named.ok_or_else(|| format!("fault: expected one of {:?}, got `{text}`", Self::ALL))
    }
}

/// How often each fault happens in one life.
#[derive(Debug, Clone)]
pub(crate) struct Faults([u64; Fault::ALL.len()]);

impl Faults {
    /// About half of the faults happen in any one life: where everything fails at once, little is reached.
    pub(crate) fn of(random: &mut Random, without: &[Fault]) -> Self {
        let mut rates = [0; Fault::ALL.len()];
        for (rate, fault) in rates.iter_mut().zip(Fault::ALL) {
            let (seldom, often) = fault.rates();
            let drawn = [0, 0, seldom, often][random.place(4)];
            *rate = if without.contains(&fault) { 0 } else { drawn };
        }
        Self(rates)
    }

    /// How often this one happens, in ten thousand chances.
    pub(crate) const fn rate(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }
}
