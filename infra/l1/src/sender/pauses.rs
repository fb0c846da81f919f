use core::time::Duration;

use tokio::time::{Instant, sleep};

/// First pause between two looks; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Longest pause between two looks: a sixth of a block of Ethereum.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Pauses that grow, until patience ends.
pub(super) struct Pauses {
    until: Instant,
    next: Duration,
}

impl Pauses {
    pub(super) fn new(patience: Duration) -> Self {
        Self { until: Instant::now() + patience, next: FIRST_PAUSE }
    }

    /// Pauses; returns whether there is patience for another look.
    pub(super) async fn next(&mut self) -> bool {
        if Instant::now() >= self.until {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}
