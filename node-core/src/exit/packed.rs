use alloy_primitives::{Address, U256};

use super::{ExitLeaf, PackError};

/// Sequential ids: 20 bytes per leaf.
const SEQUENTIAL: u8 = 1;
/// Explicit values.
const EXPLICIT: u8 = 2;

/// Most leaves in one segment: its count has 16 bits.
pub const MAX_SEGMENT: usize = u16::MAX as usize;

/// Shortest run of sequential ids that gets a segment of its own: the 39 bytes of its header and of the next
/// one's are paid back by one to three bytes per leaf.
const MIN_RUN: usize = 24;

/// Packs leaves for `claimRange` and `publishLeaves`; their indices are implied by the start that goes along.
///
/// ```text
/// segment   form: 1 | asset: 4 | count: 2, then
/// form 1    first id: 32 | count x (recipient: 20)             ids go up by one
/// form 2    count x (recipient: 20 | len: 1 | value: len)      minimal big-endian, zero is len 0
/// ```
///
/// All big-endian, nothing between or after segments. The same leaves always give the same bytes.
#[must_use]
pub fn pack(leaves: &[ExitLeaf]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(leaves.len() * 24);
    let mut rest = leaves;
    while !rest.is_empty() {
        let run = sequential_run(rest);
        let taken = if run >= MIN_RUN { run } else { explicit_run(rest) };
        let (segment, after) = rest.split_at(taken);
        if run >= MIN_RUN {
            pack_sequential(segment, &mut packed);
        } else {
            pack_explicit(segment, &mut packed);
        }
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
            let (recipient, value) = reader.item(&segment, i)?;
            let index = u32::try_from(leaves.len())
                .ok()
                .and_then(|n| start.checked_add(n))
                .ok_or(PackError::TooMany)?;
            leaves.push(ExitLeaf { index, asset: segment.asset, recipient, value });
        }
    }
    Ok(leaves)
}

/// Number of leaves at the front whose asset is the same and whose values go up by one.
fn sequential_run(leaves: &[ExitLeaf]) -> usize {
    let follows = |pair: &[ExitLeaf]| {
        pair[0].asset == pair[1].asset
            && pair[0].value.checked_add(U256::ONE) == Some(pair[1].value)
    };
    1 + leaves.windows(2).take(MAX_SEGMENT - 1).take_while(|pair| follows(pair)).count()
}

/// Number of leaves at the front that one explicit segment takes: until the asset changes or a long run starts.
fn explicit_run(leaves: &[ExitLeaf]) -> usize {
    let mut taken = 0;
    while taken < leaves.len().min(MAX_SEGMENT) && leaves[taken].asset == leaves[0].asset {
        let run = sequential_run(&leaves[taken..]);
        if run >= MIN_RUN {
            break;
        }
        taken += run;
    }
    taken.min(MAX_SEGMENT)
}

fn pack_header(form: u8, segment: &[ExitLeaf], packed: &mut Vec<u8>) {
    let count = u16::try_from(segment.len()).expect("segments are cut at MAX_SEGMENT");
    packed.push(form);
    packed.extend_from_slice(&segment[0].asset.to_be_bytes());
    packed.extend_from_slice(&count.to_be_bytes());
}

fn pack_sequential(segment: &[ExitLeaf], packed: &mut Vec<u8>) {
    pack_header(SEQUENTIAL, segment, packed);
    packed.extend_from_slice(&segment[0].value.to_be_bytes::<32>());
    for leaf in segment {
        packed.extend_from_slice(leaf.recipient.as_slice());
    }
}

fn pack_explicit(segment: &[ExitLeaf], packed: &mut Vec<u8>) {
    pack_header(EXPLICIT, segment, packed);
    for leaf in segment {
        let value = leaf.value.to_be_bytes_trimmed_vec();
        packed.extend_from_slice(leaf.recipient.as_slice());
        packed.push(u8::try_from(value.len()).expect("a U256 has 32 bytes"));
        packed.extend_from_slice(&value);
    }
}

struct Segment {
    form: u8,
    asset: u32,
    count: u16,
    first_id: U256,
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
        let first_id = match form {
            SEQUENTIAL => U256::from_be_slice(self.take(32, offset)?),
            EXPLICIT => U256::ZERO,
            form => return Err(PackError::Form { offset, form }),
        };
        if first_id.checked_add(U256::from(count - 1)).is_none() {
            return Err(PackError::Overflow { offset });
        }
        Ok(Segment { form, asset, count, first_id })
    }

    fn item(&mut self, segment: &Segment, i: u16) -> Result<(Address, U256), PackError> {
        let offset = self.offset;
        let recipient = Address::from_slice(self.take(20, offset)?);
        if segment.form == SEQUENTIAL {
            // `segment` has checked that the last id does not overflow.
            return Ok((recipient, segment.first_id.wrapping_add(U256::from(i))));
        }
        let length = usize::from(self.take(1, offset)?[0]);
        if length > 32 {
            return Err(PackError::NotMinimal { offset });
        }
        let value = self.take(length, offset)?;
        if value.first() == Some(&0) {
            return Err(PackError::NotMinimal { offset });
        }
        Ok((recipient, U256::from_be_slice(value)))
    }
}
