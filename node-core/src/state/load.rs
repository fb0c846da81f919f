//! Loading a state from fragments of its tries.

use alloy_primitives::{B256, Bytes};

use super::{Account, Need, Slot, TrieId, WorldState};
use crate::trie::{Fragment, Graft, Grafted, Nibbles, Trie};

/// A fragment of one of a state's tries.
#[derive(Debug, Clone)]
pub enum AnyFragment {
    /// Of the accounts.
    Accounts(Fragment<Account>),
    /// Of one account's storage.
    Slots(Fragment<Slot>),
    /// Of the codes.
    Codes(Fragment<Bytes>),
}

/// A node that has to be loaded first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blinded {
    /// In which trie.
    pub of: TrieId,
    /// Where.
    pub path: Nibbles,
    /// Its hash.
    pub hash: B256,
}

impl AnyFragment {
    /// The hash of the topmost node, as [`Fragment::hash`].
    pub fn hash(&self) -> Option<B256> {
        match self {
            Self::Accounts(fragment) => fragment.hash(),
            Self::Slots(fragment) => fragment.hash(),
            Self::Codes(fragment) => fragment.hash(),
        }
    }
}

impl WorldState {
    /// The state whose tries begin with these fragments, both at the root.
    pub fn from_fragments(accounts: &Fragment<Account>, codes: &Fragment<Bytes>) -> Self {
        let (accounts, codes) = (Trie::from_fragment(accounts), Trie::from_fragment(codes));
        Self { accounts, codes, ..Self::default() }
    }

    /// The first node on the way to what is needed that is not loaded; `None` when all is.
    ///
    /// For a slot it may be the account that has to be loaded first.
    pub fn first_blinded(&self, need: &Need) -> Option<Blinded> {
        let of = |of, end| match end {
            Grafted::Whole => None,
            Grafted::Blinded { path, hash } => Some(Blinded { of, path, hash }),
        };
        match need.of {
            TrieId::Accounts => of(need.of, self.accounts.way_ends(&need.path)),
            TrieId::Codes => of(need.of, self.codes.way_ends(&need.path)),
            TrieId::Storage(owner) => {
                let account = Nibbles::of_hash(&owner);
                let blinded = of(TrieId::Accounts, self.accounts.way_ends(&account));
                blinded.or_else(|| {
                    let account = self.accounts.get(owner.as_slice()).ok().flatten()?;
                    of(need.of, account.storage.way_ends(&need.path))
                })
            }
        }
    }

    /// Loads the way to `path` in a trie, as far as `fragment`, a piece of that trie, has it.
    pub fn graft(&mut self, of: TrieId, path: &Nibbles, fragment: &AnyFragment, graft: Graft) {
        match (of, fragment) {
            (TrieId::Accounts, AnyFragment::Accounts(fragment)) => {
                self.accounts.graft(path, fragment, graft);
            }
            (TrieId::Codes, AnyFragment::Codes(fragment)) => {
                self.codes.graft(path, fragment, graft);
            }
            (TrieId::Storage(owner), AnyFragment::Slots(fragment)) => {
                if let Ok(Some(account)) = self.accounts.load_mut(owner.as_slice()) {
                    account.storage.graft(path, fragment, graft);
                }
            }
            _ => {}
        }
    }

    /// Every node that is blinded, at the top of what it hides, up to `most`.
    pub fn blinded(&self, most: usize) -> Vec<Need> {
        let mut found: Vec<Need> = Vec::new();
        let need = |of| move |path| Need { of, path };
        found.extend(self.codes.blinded().take(most).map(need(TrieId::Codes)));
        found.extend(self.accounts.blinded().take(most).map(need(TrieId::Accounts)));
        for (path, account) in self.accounts.iter().filter_map(Result::ok) {
            if found.len() >= most {
                break;
            }
            let owner = B256::right_padding_from(path.as_key().unwrap_or_default());
            let of = TrieId::Storage(owner);
            found.extend(account.storage.blinded().take(most).map(need(of)));
        }
        found.truncate(most);
        found
    }

    /// The trie of accounts, for cutting it into pages.
    pub const fn account_trie(&self) -> &Trie<Account> {
        &self.accounts
    }

    /// The map of codes as the trie that it is, for cutting it into pages.
    pub const fn code_trie(&self) -> &Trie<Bytes> {
        &self.codes
    }
}
