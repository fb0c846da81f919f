use alloy_primitives::{Address, U256};

use super::{ExitLeaf, PackError};

/// Tokens with ids that follow each other: 20 bytes per leaf.
const SEQUENTIAL: u8 = 1;
/// Amounts of an asset without ids.
const AMOUNTS: u8 = 2;
/// Amounts of one id.
const AMOUNTS_OF_ID: u8 = 3;
/// Tokens with any ids.
const IDS: u8 = 4;

/// Most leaves in one segment: its count has 16 bits.
pub const MAX_SEGMENT: usize = u16::MAX as usize;

/// Shortest run of sequential ids that gets a segment of its own: the 39 bytes of its header and of the next
/// one's are paid back by one to three bytes per leaf.
const MIN_RUN: usize = 24;

/// Packs leaves for `claimRange` and `publishLeaves`; their indices are implied by the start that goes along.
///
/// ```text
/// segment   form: 1 | asset: 4 | count: 2, then
/// form 1    first id: 32 | count x (recipient: 20)             ids go up by one, each value is one
/// form 2    count x (recipient: 20 | len: 1 | value: len)      each id is zero
/// form 3    id: 32 | count x (recipient: 20 | len: 1 | value: len)
/// form 4    count x (recipient: 20 | len: 1 | id: len)         each value is one
/// ```
///
/// All big-endian, nothing between or after segments; what has a length is minimal, zero has length 0. The
/// same leaves always give the same bytes.
#[must_use]
pub fn pack(leaves: &[ExitLeaf]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(leaves.len() * 24);
    let mut rest = leaves;
    while !rest.is_empty() {
        let (form, taken) = next_segment(rest);
        let (segment, after) = rest.split_at(taken);
        pack_segment(form, segment, &mut packed);
        rest = after;
    }
    packed
}

/// Unpacks leaves; the first one gets index `start`.
///
/// # Errors
/// [`PackError`] when the bytes are malformed. Accepts exactly what the contract accepts.
pub fn unpack(packed: &[u8], start: u32) -> Result<Vec<ExitLeaf>, PackError> {
    let mut reader = Reader { packed, offset: 0 };
    let mut leaves = Vec::new();
    while reader.offset < packed.len() {
        let segment = reader.segment()?;
        for i in 0..segment.count {
            let (recipient, id, value) = reader.item(&segment, i)?;
            let index = u32::try_from(leaves.len())
                .ok()
                .and_then(|n| start.checked_add(n))
                .ok_or(PackError::TooMany)?;
            leaves.push(ExitLeaf { index, asset: segment.asset, recipient, id, value });
        }
    }
    Ok(leaves)
}

/// Returns the form of the segment at the front, and how many leaves it takes: a long run of ids, or else the
/// form that reaches furthest.
fn next_segment(leaves: &[ExitLeaf]) -> (u8, usize) {
    let run = sequential_run(leaves, MAX_SEGMENT);
    if run >= MIN_RUN {
        return (SEQUENTIAL, run);
    }
    let reach = [AMOUNTS_OF_ID, IDS, AMOUNTS].map(|form| (form, reach(form, leaves)));
    // Of several that reach as far, the last.
    reach.into_iter().max_by_key(|(_, taken)| *taken).expect("three forms")
}

/// Number of leaves at the front, of at most `most`, whose asset is the same and whose ids go up by one.
fn sequential_run(leaves: &[ExitLeaf], most: usize) -> usize {
    let follows = |pair: &[ExitLeaf]| {
        pair[0].asset == pair[1].asset
            && pair[1].value == U256::ONE
            && pair[0].id.checked_add(U256::ONE) == Some(pair[1].id)
    };
    match leaves.first() {
        Some(first) if first.value == U256::ONE => {
            1 + leaves.windows(2).take(most - 1).take_while(|pair| follows(pair)).count()
        }
        _ => 0,
    }
}

/// Number of leaves at the front that one segment of `form` takes: until the asset or the fixed field changes
/// or a long run of ids starts.
fn reach(form: u8, leaves: &[ExitLeaf]) -> usize {
    let first = &leaves[0];
    let fits = |leaf: &ExitLeaf| match form {
        AMOUNTS => leaf.id.is_zero(),
        AMOUNTS_OF_ID => leaf.id == first.id,
        _ => leaf.value == U256::ONE,
    };
    leaves
        .iter()
        .take(MAX_SEGMENT)
        .enumerate()
        .take_while(|(at, leaf)| {
            leaf.asset == first.asset
                && fits(leaf)
                && sequential_run(&leaves[*at..], MIN_RUN) < MIN_RUN
        })
        .count()
}

fn pack_segment(form: u8, segment: &[ExitLeaf], packed: &mut Vec<u8>) {
    let count = u16::try_from(segment.len()).expect("segments are cut at MAX_SEGMENT");
    packed.push(form);
    packed.extend_from_slice(&segment[0].asset.to_be_bytes());
    packed.extend_from_slice(&count.to_be_bytes());
    if form == SEQUENTIAL || form == AMOUNTS_OF_ID {
        packed.extend_from_slice(&segment[0].id.to_be_bytes::<32>());
    }
    for leaf in segment {
        packed.extend_from_slice(leaf.recipient.as_slice());
        match form {
            SEQUENTIAL => {}
            IDS => pack_number(leaf.id, packed),
            _ => pack_number(leaf.value, packed),
        }
    }
}

fn pack_number(number: U256, packed: &mut Vec<u8>) {
    let bytes = number.to_be_bytes_trimmed_vec();
    packed.push(u8::try_from(bytes.len()).expect("a U256 has 32 bytes"));
    packed.extend_from_slice(&bytes);
}

struct Segment {
    form: u8,
    asset: u32,
    count: u16,
    /// The first id of form 1, the only one of form 3, else zero.
    id: U256,
}

struct Reader<'a> {
    packed: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Takes the next `length` bytes, which belong to the part that starts at `part`.
    fn take(&mut self, length: usize, part: usize) -> Result<&'a [u8], PackError> {
        let end = self.offset + length;
        let bytes = self.packed.get(self.offset..end).ok_or(PackError::CutOff { offset: part })?;
        self.offset = end;
        Ok(bytes)
    }

    fn segment(&mut self) -> Result<Segment, PackError> {
        let offset = self.offset;
        let head = self.take(7, offset)?;
        let form = head[0];
        let asset = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let count = u16::from_be_bytes([head[5], head[6]]);
        if count == 0 {
            return Err(PackError::Empty { offset });
        }
        let id = match form {
            SEQUENTIAL | AMOUNTS_OF_ID => U256::from_be_slice(self.take(32, offset)?),
            AMOUNTS | IDS => U256::ZERO,
            form => return Err(PackError::Form { offset, form }),
        };
        if form == SEQUENTIAL && id.checked_add(U256::from(count - 1)).is_none() {
            return Err(PackError::Overflow { offset });
        }
        Ok(Segment { form, asset, count, id })
    }

    fn item(&mut self, segment: &Segment, i: u16) -> Result<(Address, U256, U256), PackError> {
        let offset = self.offset;
        let recipient = Address::from_slice(self.take(20, offset)?);
        if segment.form == SEQUENTIAL {
            // `segment` has checked that the last id does not overflow.
            return Ok((recipient, segment.id.wrapping_add(U256::from(i)), U256::ONE));
        }
        let number = self.number(offset)?;
        Ok(match segment.form {
            IDS => (recipient, number, U256::ONE),
            _ => (recipient, segment.id, number),
        })
    }

    /// Takes a length and as many bytes, of the item that starts at `item`.
    fn number(&mut self, item: usize) -> Result<U256, PackError> {
        let length = usize::from(self.take(1, item)?[0]);
        if length > 32 {
            return Err(PackError::NotMinimal { offset: item });
        }
        let bytes = self.take(length, item)?;
        if bytes.first() == Some(&0) {
            return Err(PackError::NotMinimal { offset: item });
        }
        Ok(U256::from_be_slice(bytes))
    }
}
