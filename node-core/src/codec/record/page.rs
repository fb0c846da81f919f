//! Pages of a checkpoint: columns of leaves, or references to the pages below.
//!
//! Like things lie together, because that is what compresses: all addresses, all nonces, all lengths
//! of balances, all balances. Hashes that follow from what is stored are not stored: a reader hashes
//! the addresses, builds the tries, and finds the hash that the page is known by, or does not.
//!
//! ```text
//! accounts   addresses (20 n) | nonces (varints) | balance lengths (n) | balances | codes (32 each,
//!            once) | code of each account (varints; 0 none) | storage of each account (varints;
//!            0 none, 1 a page, 2 + n: n slots here) | slots here | pages
//! slots      numbers (32 n) | value lengths (n) | values
//! codes      codes
//! index      pages
//! page       path (a byte for a nibble) | level | hash | weight | block and epoch of its pack |
//!            offset | length
//! ```
//!
//! Leaves are in order of their hashed keys; numbers are big-endian without leading zeros.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::{Decodable, Encodable, Error, RlpDecodable, RlpEncodable};

use super::{Kind, Record};
use crate::{
    chain::Epoch,
    state::AccountInfo,
    trie::{Nibbles, StoredPage},
};

/// Where a page is: in the pack of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Block of the checkpoint.
    pub block: u64,
    /// Epoch of its writer.
    pub epoch: Epoch,
    /// First byte in the pack.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

/// A stored page and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRef {
    /// What it is a page of.
    pub page: StoredPage,
    /// Where it is.
    pub place: Place,
}

/// A page of the accounts, in order of hashed address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountPage(pub Vec<AccountLeaf>);

/// One account of an [`AccountPage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLeaf {
    /// Address.
    pub address: Address,
    /// Nonce, balance, code hash.
    pub info: AccountInfo,
    /// Its storage.
    pub storage: StoredStorage,
}

/// Where the storage of an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredStorage {
    /// With the account, in order of hashed slot number; empty for most accounts.
    Here(Vec<(U256, U256)>),
    /// In pages of its own, of which this is the topmost.
    Page(PageRef),
}

/// A page of one account's storage: slot numbers and values, in order of hashed number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotPage(pub Vec<(U256, U256)>);

/// A page of codes, in order of their hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default, RlpEncodable, RlpDecodable)]
pub struct CodePage {
    /// The codes.
    pub codes: Vec<Bytes>,
}

/// The pages below one node, in order of their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default, RlpEncodable, RlpDecodable)]
pub struct IndexPage {
    /// The pages.
    pub pages: Vec<PageRef>,
}

impl Record for AccountPage {
    const KIND: Kind = Kind::AccountPage;
}

impl Record for SlotPage {
    const KIND: Kind = Kind::SlotPage;
}

impl Record for CodePage {
    const KIND: Kind = Kind::CodePage;
}

impl Record for IndexPage {
    const KIND: Kind = Kind::IndexPage;
}

#[derive(RlpEncodable, RlpDecodable)]
struct AccountColumns {
    addresses: Bytes,
    nonces: Bytes,
    balances: NumberColumn,
    codes: Vec<B256>,
    code_of: Bytes,
    storage: Bytes,
    slots: SlotColumns,
    pages: Vec<PageRef>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct SlotColumns {
    numbers: Bytes,
    values: NumberColumn,
}

/// 256-bit numbers without leading zeros.
#[derive(RlpEncodable, RlpDecodable)]
struct NumberColumn {
    lengths: Bytes,
    bytes: Bytes,
}

#[derive(RlpEncodable, RlpDecodable)]
struct FlatPage {
    path: Bytes,
    level: u8,
    hash: B256,
    weight: u64,
    block: u64,
    epoch: u64,
    offset: u64,
    length: u64,
}

/// Storage column: none, a page, or this plus the number of slots.
const STORAGE_NONE: u64 = 0;
const STORAGE_PAGE: u64 = 1;
const STORAGE_HERE: u64 = 2;

impl AccountColumns {
    fn of(leaves: &[AccountLeaf]) -> Self {
        let (mut addresses, mut nonces, mut code_of, mut storage) = <(Vec<u8>, _, _, _)>::default();
        let (mut codes, mut slots, mut pages) = <(Vec<B256>, Vec<_>, Vec<_>)>::default();
        for AccountLeaf { address, info, storage: stored } in leaves {
            addresses.extend_from_slice(address.as_slice());
            put_varint(&mut nonces, info.nonce);
            put_varint(&mut code_of, code_number(&mut codes, info.code_hash));
            match stored {
                StoredStorage::Here(here) if here.is_empty() => {
                    put_varint(&mut storage, STORAGE_NONE);
                }
                StoredStorage::Here(here) => {
                    put_varint(&mut storage, STORAGE_HERE + count(here.len()));
                    slots.extend_from_slice(here);
                }
                StoredStorage::Page(page) => {
                    put_varint(&mut storage, STORAGE_PAGE);
                    pages.push(*page);
                }
            }
        }
        Self {
            addresses: addresses.into(),
            nonces: nonces.into(),
            balances: leaves.iter().map(|leaf| leaf.info.balance).collect(),
            codes,
            code_of: code_of.into(),
            storage: storage.into(),
            slots: SlotColumns::of(&slots),
            pages,
        }
    }

    fn leaves(self) -> alloy_rlp::Result<Vec<AccountLeaf>> {
        let (addresses, rest) = self.addresses.as_chunks::<20>();
        let balances = self.balances.numbers()?;
        if !rest.is_empty() || balances.len() != addresses.len() {
            return Err(Error::Custom("accounts: columns of different lengths"));
        }
        let (mut nonces, mut code_of) = (&self.nonces[..], &self.code_of[..]);
        let mut storage = &self.storage[..];
        let mut slots = self.slots.slots()?.into_iter();
        let mut pages = self.pages.into_iter();
        let mut leaves = Vec::with_capacity(addresses.len());
        for (address, balance) in addresses.iter().zip(balances) {
            let code_hash = code_hash(&self.codes, take_varint(&mut code_of)?)?;
            let info = AccountInfo { nonce: take_varint(&mut nonces)?, balance, code_hash };
            let storage = match take_varint(&mut storage)? {
                STORAGE_NONE => StoredStorage::Here(Vec::new()),
                STORAGE_PAGE => StoredStorage::Page(pages.next().ok_or(SHORT)?),
                more => {
                    let wanted = usize::try_from(more - STORAGE_HERE).map_err(|_| SHORT)?;
                    let here: Vec<_> = slots.by_ref().take(wanted).collect();
                    if here.len() != wanted {
                        return Err(SHORT);
                    }
                    StoredStorage::Here(here)
                }
            };
            leaves.push(AccountLeaf { address: Address::from(*address), info, storage });
        }
        let left = [nonces, code_of, storage].iter().any(|column| !column.is_empty());
        if left || slots.next().is_some() || pages.next().is_some() {
            return Err(Error::Custom("accounts: a column is too long"));
        }
        Ok(leaves)
    }
}

const SHORT: Error = Error::Custom("a column is too short");

/// 0 for no code, else one more than its place in the table.
fn code_number(codes: &mut Vec<B256>, hash: B256) -> u64 {
    if hash == KECCAK256_EMPTY {
        return 0;
    }
    let at = codes.iter().position(|code| *code == hash).unwrap_or_else(|| {
        codes.push(hash);
        codes.len() - 1
    });
    count(at) + 1
}

fn code_hash(codes: &[B256], number: u64) -> alloy_rlp::Result<B256> {
    let Some(at) = number.checked_sub(1) else { return Ok(KECCAK256_EMPTY) };
    let found = usize::try_from(at).ok().and_then(|at| codes.get(at));
    found.copied().ok_or(Error::Custom("accounts: a code number without code"))
}

impl SlotColumns {
    fn of(slots: &[(U256, U256)]) -> Self {
        let numbers = slots.iter().flat_map(|(number, _)| number.to_be_bytes::<32>());
        Self {
            numbers: numbers.collect::<Vec<_>>().into(),
            values: slots.iter().map(|(_, value)| *value).collect(),
        }
    }

    fn slots(self) -> alloy_rlp::Result<Vec<(U256, U256)>> {
        let (numbers, rest) = self.numbers.as_chunks::<32>();
        let values = self.values.numbers()?;
        if !rest.is_empty() || values.len() != numbers.len() {
            return Err(Error::Custom("slots: columns of different lengths"));
        }
        Ok(numbers.iter().map(|number| U256::from_be_bytes(*number)).zip(values).collect())
    }
}

impl FromIterator<U256> for NumberColumn {
    fn from_iter<I: IntoIterator<Item = U256>>(numbers: I) -> Self {
        let (mut lengths, mut bytes) = <(Vec<u8>, Vec<u8>)>::default();
        for number in numbers {
            let trimmed = number.to_be_bytes_trimmed_vec();
            // At most 32.
            lengths.push(u8::try_from(trimmed.len()).unwrap_or(u8::MAX));
            bytes.extend(trimmed);
        }
        Self { lengths: lengths.into(), bytes: bytes.into() }
    }
}

impl NumberColumn {
    fn numbers(self) -> alloy_rlp::Result<Vec<U256>> {
        let mut rest = &self.bytes[..];
        let mut numbers = Vec::with_capacity(self.lengths.len());
        for length in &self.lengths {
            let (number, after) = rest.split_at_checked(usize::from(*length)).ok_or(SHORT)?;
            if number.first() == Some(&0) {
                return Err(Error::LeadingZero);
            }
            numbers.push(U256::try_from_be_slice(number).ok_or(Error::Overflow)?);
            rest = after;
        }
        if rest.is_empty() { Ok(numbers) } else { Err(Error::Custom("numbers: too many bytes")) }
    }
}

/// LEB128.
fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(0x80 | u8::try_from(number & 0x7f).unwrap_or_default());
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

fn take_varint(bytes: &mut &[u8]) -> alloy_rlp::Result<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(SHORT)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits.checked_shl(shift).is_none_or(|shifted| shifted >> shift != bits) {
            return Err(Error::Overflow);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Error::Overflow)
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

impl From<&PageRef> for FlatPage {
    fn from(PageRef { page, place }: &PageRef) -> Self {
        Self {
            path: page.path.to_vec().into(),
            level: page.level,
            hash: page.hash,
            weight: page.weight,
            block: place.block,
            epoch: place.epoch.0,
            offset: place.offset,
            length: place.length,
        }
    }
}

impl Encodable for PageRef {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        FlatPage::from(self).encode(out);
    }

    fn length(&self) -> usize {
        FlatPage::from(self).length()
    }
}

impl Decodable for PageRef {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let flat = FlatPage::decode(buf)?;
        let path = Nibbles::from_nibbles(&flat.path).ok_or(Error::Custom("page: no path"))?;
        let FlatPage { level, hash, weight, block, offset, length, .. } = flat;
        let page = StoredPage { path, hash, weight, level };
        let place = Place { block, epoch: Epoch(flat.epoch), offset, length };
        Ok(Self { page, place })
    }
}

impl Encodable for AccountPage {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        AccountColumns::of(&self.0).encode(out);
    }

    fn length(&self) -> usize {
        AccountColumns::of(&self.0).length()
    }
}

impl Decodable for AccountPage {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        AccountColumns::decode(buf)?.leaves().map(Self)
    }
}

impl Encodable for SlotPage {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        SlotColumns::of(&self.0).encode(out);
    }

    fn length(&self) -> usize {
        SlotColumns::of(&self.0).length()
    }
}

impl Decodable for SlotPage {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        SlotColumns::decode(buf)?.slots().map(Self)
    }
}
