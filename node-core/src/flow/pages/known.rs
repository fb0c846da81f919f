use std::collections::BTreeMap;

use crate::{
    codec::record::PageRef,
    state::TrieId,
    trie::{Nibbles, StoredPage},
};

/// A page of which the place is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) page: PageRef,
    /// The pages that it leads to are known too.
    pub(super) opened: bool,
    /// Leaves that were asked for one at a time.
    pub(super) uses: u8,
}

/// The pages of which the places are known, by trie and path.
#[derive(Debug, Default)]
pub(super) struct KnownPages(BTreeMap<(TrieId, Nibbles), Known>);

impl KnownPages {
    /// Adds a page; one that is known already stays as it is.
    pub(super) fn add(&mut self, of: TrieId, page: PageRef) {
        let known = Known { page, opened: false, uses: 0 };
        self.0.entry((of, page.page.path)).or_insert(known);
    }

    /// The page at `path`.
    pub(super) fn get(&self, of: TrieId, path: &Nibbles) -> Option<&Known> {
        self.0.get(&(of, *path))
    }

    /// The page at `path`.
    pub(super) fn get_mut(&mut self, of: TrieId, path: &Nibbles) -> Option<&mut Known> {
        self.0.get_mut(&(of, *path))
    }

    /// The deepest page at or above `path`.
    pub(super) fn deepest(&self, of: TrieId, path: &Nibbles) -> Option<Known> {
        (0..=path.len()).rev().find_map(|depth| self.get(of, &path.prefix(depth)).copied())
    }

    /// The topmost pages below `path`, in order.
    pub(super) fn below(&self, of: TrieId, path: &Nibbles) -> Vec<StoredPage> {
        let mut found: Vec<StoredPage> = Vec::new();
        for ((in_trie, at), known) in self.0.range((of, *path)..) {
            if *in_trie != of || !at.starts_with(path) {
                break;
            }
            let covered = found.last().is_some_and(|last| at.starts_with(&last.path));
            if at != path && !covered {
                found.push(known.page.page);
            }
        }
        found
    }
}
