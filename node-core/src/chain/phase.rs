use core::fmt;

use serde::{Deserialize, Serialize};

/// Step of a layer's life. Phases are walked in this order, none is skipped, none is walked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Takes transactions.
    Open,
    /// Takes nothing new; what was acknowledged is being included.
    Draining,
    /// The exit root is part of the final state; the log has its end slot.
    Sealed,
    /// The L1 holds the final state root and the exit root.
    Settled,
    /// The challenge window is over: exits can be claimed.
    Final,
    /// Every exit leaf is on the L1, checked by the contract against the exit root.
    Published,
    /// What is stored of the layer is being erased, or is gone: nobody reads it any more.
    Erased,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Draining,
        Self::Sealed,
        Self::Settled,
        Self::Final,
        Self::Published,
        Self::Erased,
    ];

    /// Returns the phase after this one; `None` after [`Phase::Erased`].
    pub fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|phase| *phase == self)?;
        Self::ALL.get(at + 1).copied()
    }

    /// Whether transactions are accepted.
    pub const fn accepts(self) -> bool {
        matches!(self, Self::Open)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Draining => "draining",
            Self::Sealed => "sealed",
            Self::Settled => "settled",
            Self::Final => "final",
            Self::Published => "published",
            Self::Erased => "erased",
        })
    }
}
