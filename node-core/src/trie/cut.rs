//! Cutting a trie into pages.
//!
//! A *page* is the piece below one node: its leaves, or one level up the pages below it. Where the cuts
//! are follows from the weights of the leaves alone: the largest subtrees that are not heavier than a
//! limit. So pages split as a trie grows and melt together as it shrinks, and a page of which nothing
//! changed is recognised by path and hash, and kept.

use alloy_primitives::B256;

use super::hash::Hasher;
use super::node::{Link, Node, VALUE_SLOT};
use super::{Iter, Nibbles, Trie, Value};

/// A page that is stored already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPage {
    /// Path of its topmost node.
    pub path: Nibbles,
    /// Hash of that node.
    pub hash: B256,
    /// Weight of all leaves below it.
    pub weight: u64,
    /// 0 for a page of leaves, above that one more than that of the pages it leads to.
    pub level: u8,
}

/// What is stored of a trie, as far as it is in memory.
///
/// Who does not have what is asked for answers with nothing and takes a note: what is cut then is
/// worth nothing, but tells all that has to be loaded before cutting again.
pub trait StoredPages<V> {
    /// The page whose topmost node is at `path`.
    fn page(&self, path: &Nibbles) -> Option<StoredPage>;

    /// Makes the pages that the page at `path` leads to known.
    fn open(&self, path: &Nibbles);

    /// The topmost known pages below `path`, in order; not the one at `path`.
    fn below(&self, path: &Nibbles) -> Vec<StoredPage>;

    /// The leaves below the node with `hash` at `path`, which is in a page or tops one.
    fn leaves_below(&self, path: &Nibbles, hash: B256) -> Leaves<V>;
}

/// Leaves in ascending order of their keys.
pub type Leaves<V> = Vec<(Nibbles, V)>;

/// One page of a trie that was cut.
#[derive(Debug, Clone)]
pub enum Part<V> {
    /// As it is stored.
    Kept(StoredPage),
    /// To be stored.
    New {
        /// Path, hash, weight; level 0.
        page: StoredPage,
        /// Its leaves.
        leaves: Leaves<V>,
    },
}

impl<V: Value> Trie<V> {
    /// Cuts into pages of at most `limit`, in order of paths. A leaf that is heavier has a page alone.
    pub fn cut(
        &self,
        stored: &dyn StoredPages<V>,
        limit: u64,
        weigh: &dyn Fn(&V) -> u64,
    ) -> Vec<Part<V>> {
        let mut cutter = Cutter { stored, limit, weigh, hasher: Hasher::default() };
        let hash = cutter.hash(&self.root, 0);
        let piece = cutter.piece(&self.root, Nibbles::EMPTY, hash);
        Child { path: Nibbles::EMPTY, hash, piece }.into_parts()
    }
}

/// What a subtree is cut into.
enum Piece<V> {
    /// Light enough to be a part of a page.
    Small { weight: u64, leaves: Leaves<V> },
    /// Whole pages.
    Pages(Vec<Part<V>>),
}

/// A piece below a branch.
struct Child<V> {
    path: Nibbles,
    /// None for a node that is so short that its parent contains it.
    hash: Option<B256>,
    piece: Piece<V>,
}

impl<V> Piece<V> {
    fn weight(&self) -> u64 {
        match self {
            Self::Small { weight, .. } => *weight,
            Self::Pages(parts) => parts.iter().map(|part| part.page().weight).sum(),
        }
    }

    /// Whether it may melt into its neighbours.
    fn is_of_leaf_pages(&self) -> bool {
        match self {
            Self::Small { .. } => true,
            Self::Pages(parts) => parts.iter().all(|part| part.page().level == 0),
        }
    }
}

impl<V> Child<V> {
    fn into_parts(self) -> Vec<Part<V>> {
        match (self.piece, self.hash) {
            (Piece::Pages(parts), _) => parts,
            (Piece::Small { weight, leaves }, Some(hash)) if !leaves.is_empty() => {
                let page = StoredPage { path: self.path, hash, weight, level: 0 };
                vec![Part::New { page, leaves }]
            }
            (Piece::Small { .. }, _) => Vec::new(),
        }
    }
}

impl<V> Part<V> {
    /// Path, hash and weight.
    pub const fn page(&self) -> &StoredPage {
        match self {
            Self::Kept(page) | Self::New { page, .. } => page,
        }
    }
}

struct Cutter<'a, V> {
    stored: &'a dyn StoredPages<V>,
    limit: u64,
    weigh: &'a dyn Fn(&V) -> u64,
    hasher: Hasher,
}

impl<V: Value> Cutter<'_, V> {
    fn piece(&mut self, link: &Link<V>, path: Nibbles, hash: Option<B256>) -> Piece<V> {
        if let Some(page) = self.stored.page(&path) {
            if hash == Some(page.hash) {
                return Piece::Pages(vec![Part::Kept(page)]);
            }
            if page.level > 0 {
                self.stored.open(&path);
            }
        }
        match link {
            Link::Empty => Piece::Small { weight: 0, leaves: Vec::new() },
            Link::Blinded(hash) => self.unchanged(&path, *hash),
            Link::Loaded(Node::Leaf(leaf), _) => Piece::Small {
                weight: (self.weigh)(&leaf.value),
                leaves: vec![(leaf.key, leaf.value.clone())],
            },
            Link::Loaded(Node::Extension(extension), _) => {
                let below = path.below(&extension.path);
                let hash = self.hash(&extension.child, below.len());
                self.piece(&extension.child, below, hash)
            }
            Link::Loaded(Node::Branch(branch), _) => {
                let children = branch.slots().zip(branch.children.iter());
                let children = children.map(|(slot, child)| self.child(child, slot, &path));
                let children = children.collect();
                self.join(children)
            }
        }
    }

    /// The value in a branch has no hash of its own.
    fn child(&mut self, link: &Link<V>, slot: u32, parent: &Nibbles) -> Child<V> {
        let nibble = slot.checked_sub(VALUE_SLOT + 1).and_then(|nibble| u8::try_from(nibble).ok());
        let (path, hash) = match nibble {
            None => (*parent, None),
            Some(nibble) => {
                let path = parent.below(&Nibbles::of(nibble));
                (path, self.hash(link, path.len()))
            }
        };
        Child { path, hash, piece: self.piece(link, path, hash) }
    }

    /// What is blinded did not change: whole pages, or a piece of one.
    fn unchanged(&self, path: &Nibbles, hash: B256) -> Piece<V> {
        let below = self.stored.below(path);
        if !below.is_empty() {
            return Piece::Pages(below.into_iter().map(Part::Kept).collect());
        }
        let leaves = self.stored.leaves_below(path, hash);
        let weight = leaves.iter().map(|(_, value)| (self.weigh)(value)).sum();
        Piece::Small { weight, leaves }
    }

    /// Stored pages melt only when the result is at most half full, so that a state that moves around
    /// the limit does not split and melt all the time. What has no hash cannot be a page.
    fn join(&self, children: Vec<Child<V>>) -> Piece<V> {
        let weight: u64 = children.iter().map(|child| child.piece.weight()).sum();
        let all_small = children.iter().all(|child| matches!(child.piece, Piece::Small { .. }));
        let limit = if all_small { self.limit } else { self.limit / 2 };
        let melts = children.iter().all(|child| child.piece.is_of_leaf_pages());
        if (weight <= limit && melts) || children.iter().any(|child| child.hash.is_none()) {
            let mut leaves = Vec::new();
            children.into_iter().for_each(|child| self.collect(child.piece, &mut leaves));
            return Piece::Small { weight, leaves };
        }
        Piece::Pages(children.into_iter().flat_map(Child::into_parts).collect())
    }

    fn collect(&self, piece: Piece<V>, into: &mut Leaves<V>) {
        match piece {
            Piece::Small { leaves, .. } => into.extend(leaves),
            Piece::Pages(parts) => parts.into_iter().for_each(|part| match part {
                Part::New { leaves, .. } => into.extend(leaves),
                Part::Kept(page) => self.collect_page(&page, into),
            }),
        }
    }

    fn collect_page(&self, page: &StoredPage, into: &mut Leaves<V>) {
        if page.level == 0 {
            into.extend(self.stored.leaves_below(&page.path, page.hash));
            return;
        }
        self.stored.open(&page.path);
        self.stored.below(&page.path).iter().for_each(|below| self.collect_page(below, into));
    }

    fn hash(&mut self, link: &Link<V>, depth: usize) -> Option<B256> {
        match depth {
            0 => Some(self.hasher.root(link)),
            _ => self.hasher.reference(link, depth)?.as_hash(),
        }
    }
}

/// Pages that one page a level higher leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouped<T> {
    /// Stays as it is: too heavy for company.
    One(T),
    /// Goes under one page.
    Many {
        /// Path of the topmost node of that page.
        path: Nibbles,
        /// What it leads to, in order of paths.
        items: Vec<T>,
    },
}

/// Groups pages, in order of their paths, by the largest subtrees that are not heavier than `limit`.
pub fn group<T>(items: Vec<T>, limit: u64, of: &dyn Fn(&T) -> (Nibbles, u64)) -> Vec<Grouped<T>> {
    let mut out = Vec::new();
    group_below(Nibbles::EMPTY, items, limit, of, &mut out);
    out
}

fn group_below<T>(
    path: Nibbles,
    mut items: Vec<T>,
    limit: u64,
    of: &dyn Fn(&T) -> (Nibbles, u64),
    out: &mut Vec<Grouped<T>>,
) {
    if items.len() < 2 {
        out.extend(items.into_iter().map(Grouped::One));
        return;
    }
    if items.iter().map(|item| of(item).1).sum::<u64>() <= limit {
        out.push(Grouped::Many { path, items });
        return;
    }
    let (first, last) = (of(&items[0]).0, of(&items[items.len() - 1]).0);
    let fork = first.common_prefix_len(&last);
    while !items.is_empty() {
        let below = of(&items[0]).0.prefix(fork + 1);
        let same = items.partition_point(|item| of(item).0.starts_with(&below));
        let rest = items.split_off(same);
        group_below(below, items, limit, of, out);
        items = rest;
    }
}

impl<V> Trie<V> {
    /// Number of leaves when there are at most `most` and all of them are loaded.
    pub fn count_up_to(&self, most: usize) -> Option<usize> {
        let mut count = 0;
        for leaf in Iter::new(&self.root) {
            leaf.ok()?;
            count += 1;
            if count > most {
                return None;
            }
        }
        Some(count)
    }
}
