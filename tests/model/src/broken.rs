//! Rules that can be left out, and what then does not hold: a checker that cannot fail is worth nothing.

/// A rule that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A slot is written whether it is free or not.
    SlotWrittenTwice,
    /// The log appends wherever it ends, whoever writes.
    AppendedAtTheEnd,
    /// Who opens the log after a newer writer has fenced does not stop.
    EpochNotCompared,
    /// Who finds its slot taken does not look whether it was itself.
    AttemptNotCompared,
    /// Who finds the end goes on.
    EndNotSeen,
    /// A block is made whether something waits or not.
    EmptyBlocks,
    /// A transaction is acknowledged before it is in the inbox.
    AcknowledgedFirst,
    /// A transaction is acknowledged without looking at the phase once more.
    PhaseReadOnce,
    /// What is committed is forgotten before the commit.
    ForgottenFirst,
    /// A new writer neither skips nor forgets what the log has: it includes whatever waits.
    NotSkipped,
    /// The pointer is moved before what it points at is written.
    PointerFirst,
    /// The pointer goes wherever its writer says, and what is before it is deleted.
    PointerGoesBack,
    /// The newest block of the L1 counts as final.
    HastyErase,
    /// The erase does not wait until those who were there before are gone.
    EraseWhileTheyLive,
    /// The teardown ends the log without including what waits.
    NoLastCall,
    /// The teardown writes no end.
    NoEnd,
    /// The teardown says nothing of the end.
    NeverSealed,
}

/// What is found when a rule is left out.
pub(crate) const FOUND: [(Broken, &str); 19] = [
    (Broken::SlotWrittenTwice, "A slot is written once"),
    (Broken::EpochNotCompared, "A fenced writer cannot commit"),
    (Broken::AppendedAtTheEnd, "A fenced writer cannot commit"),
    (Broken::AttemptNotCompared, "A write whose outcome is unknown happens at most once"),
    (Broken::AppendedAtTheEnd, "Blocks form one chain"),
    (Broken::EndNotSeen, "After the end slot there is no block"),
    (Broken::EmptyBlocks, "No block is made of nothing"),
    (Broken::ForgottenFirst, "What is acknowledged is durable"),
    (Broken::AcknowledgedFirst, "What is acknowledged is durable"),
    (Broken::NotSkipped, "A transaction is included once"),
    (Broken::PhaseReadOnce, "A draining layer acknowledges nothing"),
    (Broken::NoLastCall, "A draining layer acknowledges nothing"),
    (Broken::PointerFirst, "A checkpoint opens to the state root of its block, or not at all"),
    (Broken::PointerGoesBack, "A checkpoint opens to the state root of its block, or not at all"),
    (Broken::HastyErase, "Nothing is erased before the L1 says"),
    (Broken::NoEnd, "What the L1 pays is what the layer's final state says"),
    (Broken::NoEnd, "There is one settlement"),
    (Broken::EraseWhileTheyLive, "After the erase nothing is left"),
    (Broken::NeverSealed, "Every layer ends"),
];
