//! The shape of the trie in memory.
//!
//! A walk costs one cache miss per level: the 64-byte [`Link`] in a branch's array says what the
//! child is, and a parent is hashed without touching children that did not change, because the
//! reference of a child is cached in the link to it.

use std::sync::{Arc, OnceLock};

use alloy_primitives::{B256, keccak256};

use super::Nibbles;

/// An edge to a subtree, with the cached reference that its parent's encoding contains.
#[derive(Debug, Clone, Default)]
pub(crate) enum Link<V> {
    /// No subtree.
    #[default]
    Empty,
    /// A subtree of which only the hash is known.
    Blinded(B256),
    /// A subtree in memory. The reference is unset where something below changed.
    Loaded(Node<V>, OnceLock<NodeRef>),
}

/// A loaded node.
#[derive(Debug)]
pub(crate) enum Node<V> {
    /// The end of a key.
    Leaf(Arc<Leaf<V>>),
    /// A path without forks that leads to a branch.
    Extension(Arc<Extension<V>>),
    /// A fork.
    Branch(Branch<V>),
}

/// A value with its whole key, so that moving it up or down copies nothing.
#[derive(Debug, Clone)]
pub(crate) struct Leaf<V> {
    pub(crate) key: Nibbles,
    pub(crate) value: V,
}

/// A path without forks.
#[derive(Debug, Clone)]
pub(crate) struct Extension<V> {
    pub(crate) path: Nibbles,
    pub(crate) child: Link<V>,
}

/// Children of a branch, packed in slot order: slot 0 is the leaf of the key that ends here,
/// slot 1 + n the subtree of nibble n. So the array is in leaf order.
#[derive(Debug)]
pub(crate) struct Branch<V> {
    pub(crate) children: Arc<[Link<V>]>,
    /// Bit n is set when nibble n has a child.
    nibbles: u16,
    /// Whether a key ends here. Apart from `nibbles` because the other variants of [`Node`] and
    /// [`Link`] hide in the unused values of a bool.
    value: bool,
}

/// Slot of the value of a branch.
pub(crate) const VALUE_SLOT: u32 = 0;

/// Slots of a branch.
pub(crate) const SLOTS: u32 = 17;

/// What a parent's encoding says about a child: its hash, or itself when below 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeRef {
    /// 32 for a hash, else the length of the embedded encoding.
    len: u8,
    bytes: [u8; 32],
}

// A link is one cache line.
const _: () = assert!(size_of::<Link<B256>>() == 64);

// Written out because the derived ones would ask for `V: Clone`.
impl<V> Clone for Node<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Leaf(leaf) => Self::Leaf(Arc::clone(leaf)),
            Self::Extension(extension) => Self::Extension(Arc::clone(extension)),
            Self::Branch(branch) => Self::Branch(branch.clone()),
        }
    }
}

impl<V> Clone for Branch<V> {
    fn clone(&self) -> Self {
        Self { children: Arc::clone(&self.children), ..*self }
    }
}

impl<V> Link<V> {
    pub(crate) fn leaf(key: Nibbles, value: V) -> Self {
        Node::Leaf(Arc::new(Leaf { key, value })).into()
    }

    /// A link to `child` over `path`; `child` itself when the path is empty.
    pub(crate) fn extension(path: Nibbles, child: Self) -> Self {
        if path.is_empty() {
            return child;
        }
        Node::Extension(Arc::new(Extension { path, child })).into()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// How many hold the node.
    pub(crate) fn holders(&self) -> usize {
        match self {
            Self::Empty | Self::Blinded(_) => 0,
            Self::Loaded(Node::Leaf(leaf), _) => Arc::strong_count(leaf),
            Self::Loaded(Node::Extension(extension), _) => Arc::strong_count(extension),
            Self::Loaded(Node::Branch(branch), _) => Arc::strong_count(&branch.children),
        }
    }

    /// What the parent's encoding says about the subtree; `None` for no subtree, and where something
    /// changed since the last pass of hashing.
    pub(crate) fn known_reference(&self) -> Option<NodeRef> {
        match self {
            Self::Empty => None,
            Self::Blinded(hash) => Some(NodeRef::hash(*hash)),
            Self::Loaded(_, cached) => cached.get().copied(),
        }
    }
}

impl<V> From<Node<V>> for Link<V> {
    fn from(node: Node<V>) -> Self {
        Self::Loaded(node, OnceLock::new())
    }
}

impl<V> Branch<V> {
    fn new(mask: u32, children: Arc<[Link<V>]>) -> Self {
        let nibbles = u16::try_from(mask >> 1).expect("a branch has 17 slots");
        Self { children, nibbles, value: mask & 1 == 1 }
    }

    /// Bit s is set when slot s has a child.
    const fn mask(&self) -> u32 {
        (self.nibbles as u32) << 1 | self.value as u32
    }

    /// The slot that `key` takes in a branch at `depth`.
    pub(crate) fn slot_of(key: &Nibbles, depth: usize) -> u32 {
        if key.len() == depth { VALUE_SLOT } else { 1 + u32::from(key.at(depth)) }
    }

    /// Position in the array of the child in `slot`.
    pub(crate) const fn position(&self, slot: u32) -> Option<usize> {
        let mask = self.mask();
        if mask >> slot & 1 == 0 {
            return None;
        }
        Some((mask & ((1 << slot) - 1)).count_ones() as usize)
    }

    pub(crate) fn child(&self, slot: u32) -> Option<&Link<V>> {
        self.position(slot).map(|position| &self.children[position])
    }

    /// A branch of children in ascending slots.
    pub(crate) fn from_children(children: Vec<(u32, Link<V>)>) -> Self {
        let mask = children.iter().fold(0_u32, |mask, (slot, _)| mask | 1 << slot);
        Self::new(mask, children.into_iter().map(|(_, child)| child).collect())
    }

    /// Makes room, for now empty, in the slots of `mask` that have no child.
    pub(crate) fn open(&mut self, mask: u32)
    where
        V: Clone,
    {
        let before = self.mask();
        if mask & !before == 0 {
            return;
        }
        let mut old = self.take_children();
        let old_or_empty = |slot| if before >> slot & 1 == 1 { old.next() } else { None };
        let children =
            slots(before | mask).map(old_or_empty).map(Option::unwrap_or_default).collect();
        *self = Self::new(before | mask, children);
    }

    /// The children, to be changed; copies of them when others hold them too.
    pub(crate) fn children_mut(&mut self) -> &mut [Link<V>]
    where
        V: Clone,
    {
        if Arc::get_mut(&mut self.children).is_none() {
            self.await_grandchildren();
        }
        Arc::make_mut(&mut self.children)
    }

    /// Reads how many hold each grandchild. To copy a link is to count one more up, in memory far
    /// away, one after the other; reads before that are waited for all at once.
    fn await_grandchildren(&self) {
        let holders = self.children.iter().map(Link::holders);
        std::hint::black_box(holders.fold(0, usize::wrapping_add));
    }

    /// Takes the children out, or copies of them when others hold them too.
    pub(crate) fn take_children(&mut self) -> std::vec::IntoIter<Link<V>>
    where
        V: Clone,
    {
        let children: Vec<_> = match Arc::get_mut(&mut self.children) {
            Some(owned) => owned.iter_mut().map(std::mem::take).collect(),
            None => {
                self.await_grandchildren();
                self.children.to_vec()
            }
        };
        children.into_iter()
    }

    /// Slots with a child, ascending; the order of the array.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> + use<V> {
        slots(self.mask())
    }
}

fn slots(mask: u32) -> impl Iterator<Item = u32> {
    (0..SLOTS).filter(move |slot| mask >> slot & 1 == 1)
}

impl NodeRef {
    pub(crate) const fn hash(hash: B256) -> Self {
        Self { len: 32, bytes: hash.0 }
    }

    /// The reference to a node with this encoding.
    pub(crate) fn of(encoding: &[u8]) -> Self {
        Self::embedded(encoding).unwrap_or_else(|| Self::hash(keccak256(encoding)))
    }

    /// The reference to a node with this encoding, if it is one that needs no hash.
    pub(crate) fn embedded(encoding: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        let place = bytes.get_mut(..encoding.len()).filter(|place| place.len() < 32)?;
        place.copy_from_slice(encoding);
        Some(Self { len: u8::try_from(encoding.len()).ok()?, bytes })
    }

    /// The hash, unless the node is embedded.
    pub(crate) fn as_hash(&self) -> Option<B256> {
        (self.len == 32).then(|| B256::from(self.bytes))
    }

    /// Bytes in the parent's encoding.
    pub(crate) const fn encoded_len(&self) -> usize {
        if self.len == 32 { 33 } else { self.len as usize }
    }

    /// Appends what the parent's encoding contains.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if self.len == 32 {
            // In one piece: most references are hashes.
            let mut string = [alloy_rlp::EMPTY_STRING_CODE + 32; 33];
            string[1..].copy_from_slice(&self.bytes);
            return out.extend_from_slice(&string);
        }
        out.extend_from_slice(&self.bytes[..usize::from(self.len)]);
    }
}
