use crate::{process::ProcessId, random::mix};

/// How many events are kept when they are told.
const KEPT: usize = 200_000;

/// What happened, as one number that differs when anything differs, and as text when somebody wants to read it.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    events: Option<Vec<Event>>,
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Simulated time since the layer was opened, in microseconds.
    pub at_us: u64,
    /// Who.
    pub process: ProcessId,
    /// What.
    pub text: String,
}

impl core::fmt::Display for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { at_us, process, text } = self;
        let (s, us) = (at_us / 1_000_000, at_us % 1_000_000);
        write!(f, "{s:>6}.{us:06} s  {process} {text}")
    }
}

impl Trace {
    /// An empty trace, which keeps the text of its events or not.
    pub(crate) fn new(told: bool) -> Self {
        Self { hash: 0, count: 0, events: told.then(Vec::new) }
    }

    /// Adds an event. `code` stands for the text, which is made only when it is kept.
    pub(crate) fn add(
        &mut self,
        at_us: u64,
        process: ProcessId,
        code: u64,
        text: impl FnOnce() -> String,
    ) {
        self.hash = mix(self.hash ^ at_us);
        self.hash = mix(self.hash ^ code.rotate_left(32) ^ process.0);
        self.count += 1;
        if let Some(events) = self.events.as_mut().filter(|events| events.len() < KEPT) {
            events.push(Event { at_us, process, text: text() });
        }
    }

    /// The number that stands for all events.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The events, when they were kept.
    pub(crate) fn events(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }
}

/// A number for a name.
pub(crate) fn code_of(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
