//! What the organiser was told of an order, and is to be told.

use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::OrderRecord;

/// A message that was not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(super) struct Later {
    /// The state that it told of.
    state: String,
    /// How often it was tried.
    tries: u64,
    /// When it is tried again, Unix milliseconds.
    next_ms: u64,
}

impl OrderRecord {
    /// What the organiser is still to be told: a state that only a person or a shop can change.
    pub fn untold(&self) -> Option<&'static str> {
        let state = self.state();
        let is_final = !state.is_due() && self.sale.is_none();
        let told = self.progress.as_ref().map_or("", |progress| progress.told.as_str());
        (is_final && told != state.name()).then_some(state.name())
    }

    /// As [`Self::untold`], unless that was tried already and the next try is after `now_ms`.
    pub fn untold_by(&self, now_ms: u64) -> Option<&'static str> {
        self.untold().filter(|state| self.later(state).is_none_or(|later| later.next_ms <= now_ms))
    }

    /// How often the organiser did not take the message of `state`.
    pub fn tries(&self, state: &str) -> u64 {
        self.later(state).map_or(0, |later| later.tries)
    }

    fn later(&self, state: &str) -> Option<&Later> {
        self.progress.as_ref()?.later.as_ref().filter(|later| later.state == state)
    }

    /// Remembers that the organiser was told of this state.
    pub fn tell(&mut self, state: &str) {
        let progress = self.progress.get_or_insert_default();
        progress.told = state.to_owned();
        progress.later = None;
    }

    /// Remembers that the organiser did not take the message of this state, after so many tries before, and when the next
    /// one is. Of two who tried at the same time the second changes nothing.
    pub fn put_off(&mut self, state: &str, tries: u64, next_ms: u64) {
        if self.untold() == Some(state) && self.tries(state) == tries {
            let later = Later { state: state.to_owned(), tries: tries.saturating_add(1), next_ms };
            self.progress.get_or_insert_default().later = Some(later);
        }
    }
}
