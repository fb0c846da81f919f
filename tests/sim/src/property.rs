use core::fmt;

/// What must hold. The names are those of `node-core/INVARIANTS.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// Invariant 1.
    SlotIsWrittenOnce,
    /// Invariant 2.
    FencedWriterCannotCommit,
    /// Invariant 2.
    NobodySeesABlockBeforeItIsDurable,
    /// Invariant 38.
    ABodyIsThereBeforeItsSlot,
    /// Invariant 4.
    BlocksFormOneChain,
    /// Invariant 5.
    AfterTheEndThereIsNoBlock,
    /// Invariant 6.
    NoBlockIsMadeOfNothing,
    /// Invariant 7.
    AcknowledgedIsDurable,
    /// Invariant 10.
    TransactionIsIncludedOnce,
    /// Invariant 12.
    DrainingLayerAcknowledgesNothing,
    /// Invariant 13.
    DepositsAreCreditedOnceInOrder,
    /// Invariant 14.
    OnePaidItemOneMint,
    /// Invariant 14.
    PaidBackIsTakenBackOnce,
    /// Invariant 18.
    CheckpointOpensToTheStateOfItsBlock,
    /// Invariant 19.
    DamageIsNoticed,
    /// Invariant 20.
    EthIsConserved,
    /// Invariant 22.
    NothingIsErasedBeforeItMayBe,
    /// Invariant 23.
    L1PaysWhatTheFinalStateSays,
    /// Invariant 24.
    NobodyIsLeftOutOfTheSeal,
    /// Invariant 28.
    WhatIsPostedRebuildsTheLayer,
    /// Invariant 39.
    ReadersNeverGoBack,
    /// Invariant 40.
    OneSettlement,
    /// Invariant 41.
    NothingIsLeftAfterErase,
    /// Invariant 42.
    EveryLayerEnds,
    /// Invariant 45.
    AuditorsGetTheWholeLayer,
    /// A flow gave up on something that does not pass by itself, or panicked.
    NothingBreaks,
}

impl Property {
    /// All of them, with the number and the name that they have in `node-core/INVARIANTS.md`.
    pub const ALL: [(Self, u8, &'static str); 25] = [
        (Self::SlotIsWrittenOnce, 1, "A slot is written once"),
        (Self::FencedWriterCannotCommit, 2, "A fenced writer cannot commit"),
        (
            Self::NobodySeesABlockBeforeItIsDurable,
            2,
            "Nobody sees a block, or the state after it, before it is durable",
        ),
        (Self::BlocksFormOneChain, 4, "Blocks form one chain"),
        (Self::AfterTheEndThereIsNoBlock, 5, "After the end slot there is no block"),
        (Self::NoBlockIsMadeOfNothing, 6, "No block is made of nothing"),
        (Self::AcknowledgedIsDurable, 7, "What is acknowledged is durable"),
        (Self::TransactionIsIncludedOnce, 10, "A transaction is included once"),
        (Self::DrainingLayerAcknowledgesNothing, 12, "A draining layer acknowledges nothing"),
        (
            Self::DepositsAreCreditedOnceInOrder,
            13,
            "Each deposit is credited once, in the order of the L1's deposit tree",
        ),
        (Self::OnePaidItemOneMint, 14, "One paid item, one mint"),
        (Self::PaidBackIsTakenBackOnce, 14, "What is paid back is taken back once"),
        (
            Self::CheckpointOpensToTheStateOfItsBlock,
            18,
            "A checkpoint opens to the state root of its block, or not at all",
        ),
        (Self::DamageIsNoticed, 19, "Damage is noticed"),
        (Self::EthIsConserved, 20, "ETH is conserved"),
        (Self::NothingIsErasedBeforeItMayBe, 22, "Nothing is erased before the L1 says"),
        (
            Self::L1PaysWhatTheFinalStateSays,
            23,
            "What the L1 pays is what the layer's final state says",
        ),
        (Self::NobodyIsLeftOutOfTheSeal, 24, "Nobody is left out of the seal"),
        (Self::WhatIsPostedRebuildsTheLayer, 28, "What is posted rebuilds the layer"),
        (Self::ABodyIsThereBeforeItsSlot, 38, "A body is there before its slot"),
        (Self::ReadersNeverGoBack, 39, "Readers never go back"),
        (Self::OneSettlement, 40, "There is one settlement"),
        (Self::NothingIsLeftAfterErase, 41, "After the erase nothing is left"),
        (Self::EveryLayerEnds, 42, "Every layer ends"),
        (Self::AuditorsGetTheWholeLayer, 45, "Auditors get the whole layer"),
    ];
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::ALL.iter().find(|(property, ..)| property == self) {
            Some((_, number, name)) => write!(f, "{number}. {name}"),
            None => f.write_str("Nothing breaks that does not pass by itself"),
        }
    }
}

/// Something that must hold did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What.
    pub property: Property,
    /// How.
    pub what: String,
    /// Words that events which concern it contain.
    pub about: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.what)
    }
}
