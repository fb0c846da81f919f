use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Stamps of what arrives here: they grow, and no two are the same, here or elsewhere.
#[derive(Debug)]
pub(super) struct Stamps {
    last_us: AtomicU64,
    /// Random; tells writers apart whose clocks agree.
    writer: u64,
}

impl Default for Stamps {
    fn default() -> Self {
        Self { last_us: AtomicU64::new(0), writer: rand::random() }
    }
}

impl Stamps {
    /// Makes a stamp; text, ordered by time.
    pub(super) fn next(&self) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_us = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let later = |last: u64| now_us.max(last.saturating_add(1));
        let last = self
            .last_us
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(later(last)));
        let stamp_us = later(last.unwrap_or_else(|last| last));
        format!("{stamp_us:020}-{:016x}", self.writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_grow() {
        let stamps = Stamps::default();
        let made: Vec<String> = (0..1_000).map(|_| stamps.next()).collect();
        assert!(made.is_sorted_by(|one, next| one < next));
    }
}
