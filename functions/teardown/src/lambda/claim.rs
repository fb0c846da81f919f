use mayfly_aws::{Entry, Registry};
use mayfly_cost::Usage;
use mayfly_sequencer::SystemClock;
use node_core::{
    chain::LayerId,
    port::{Clock, PortError, Version},
};

/// How long one invocation works on an end before it says again that it does. One that dies holds up the end for so
/// long; one that stalls for longer works beside another, which the steps allow.
const CLAIM_MS: u64 = 60_000;

/// What one invocation has of a layer's entry in the registry while it works on the layer's end.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    registry: &'a Registry,
    version: Version,
    entry: Entry,
    is_lost: bool,
}

impl<'a> Claim<'a> {
    /// Claims the end of a layer; `None` when it has ended, or another invocation works on it.
    pub(super) async fn take(
        registry: &'a Registry,
        version: Version,
        entry: Entry,
    ) -> Result<Option<Self>, PortError> {
        let now_ms = SystemClock.now_ms();
        if entry.ended_at_s.is_some() || entry.ending_until_ms > now_ms {
            return Ok(None);
        }
        let mut claim = Self { registry, version, entry, is_lost: false };
        match claim.store(Entry { ending_until_ms: now_ms + CLAIM_MS, ..claim.entry.clone() }).await
        {
            Ok(()) => Ok(Some(claim)),
            Err(PortError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) const fn layer(&self) -> LayerId {
        self.entry.layer
    }

    /// Whether another invocation has taken over.
    pub(super) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Says again that somebody works on the end, when that was said a while ago.
    pub(super) async fn renew(&mut self) -> Result<(), PortError> {
        let now_ms = SystemClock.now_ms();
        if self.entry.ending_until_ms > now_ms + CLAIM_MS / 2 {
            return Ok(());
        }
        self.store(Entry { ending_until_ms: now_ms + CLAIM_MS, ..self.entry.clone() }).await
    }

    /// Lets the next invocation go on at once; one that has taken over does so already.
    pub(super) async fn give_back(mut self) -> Result<(), PortError> {
        match self.store(Entry { ending_until_ms: 0, ..self.entry.clone() }).await {
            Err(PortError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }

    /// Says what others used, before what they wrote of it is erased.
    pub(super) async fn keep(&mut self, used: Usage) -> Result<(), PortError> {
        self.store(Entry { used: Some(used), ..self.entry.clone() }).await
    }

    /// Says when the layer ended, Unix seconds, and adds what this process used; `None` when another invocation has
    /// taken over, which says it then.
    pub(super) async fn conclude(
        mut self,
        ended_at_s: u64,
        used: Usage,
    ) -> Result<Option<Entry>, PortError> {
        let used = Some(self.entry.used.unwrap_or_default().plus(used));
        let ended_at_s = Some(ended_at_s);
        let ended = Entry { ended_at_s, used, ending_until_ms: 0, ..self.entry.clone() };
        match self.store(ended).await {
            Ok(()) => Ok(Some(self.entry)),
            Err(PortError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn store(&mut self, entry: Entry) -> Result<(), PortError> {
        match self.registry.store(Some(self.version), &entry).await {
            Ok(()) => {
                self.version = Version(self.version.0 + 1);
                self.entry = entry;
                Ok(())
            }
            Err(error) => {
                self.is_lost = matches!(error, PortError::Conflict { .. });
                Err(error)
            }
        }
    }
}
