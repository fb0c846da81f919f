use core::fmt;

/// A process: one instance of a function, or what is outside of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub u64);

impl ProcessId {
    /// Networks, users, the L1: what does not crash.
    pub const OUTSIDE: Self = Self(0);
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// What is known of a process.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) is_alive: bool,
    /// What its clock shows more than there is.
    pub(crate) ahead_ms: i64,
}
