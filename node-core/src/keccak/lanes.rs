//! Messages to lanes and back.

use core::array::from_fn;

use alloy_primitives::{B256, keccak256};

use super::permutation::{BLOCK, Blocks, States, WORDS};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// Hashes each message into its place in `hashes`; where one of the two ends, so does the work.
///
/// Messages may have any lengths: a lane takes the next message as soon as its own is done.
pub fn keccak256_many<'a>(messages: impl IntoIterator<Item = &'a [u8]>, hashes: &mut [B256]) {
    Width::detect().hash(messages.into_iter(), hashes);
}

/// How many messages are hashed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Eight,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Four,
    /// No vectors.
    One,
}

impl Width {
    /// The widest that this processor has.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Eight;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Four;
            }
        }
        Self::One
    }

    /// Hashes at this width, or a lesser one where few messages would leave most lanes empty.
    ///
    /// The width must be one that the processor has.
    pub(super) fn hash<'a>(self, messages: impl Iterator<Item = &'a [u8]>, hashes: &mut [B256]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Eight if hashes.len() >= 2 => sponge(messages, hashes, |states, blocks, keep| {
                #[expect(unsafe_code, reason = "calls code for processors that have AVX-512")]
                // SAFETY: `Eight` is made where AVX-512 was detected.
                unsafe {
                    avx512::absorb(states, blocks, keep);
                }
            }),
            #[cfg(target_arch = "x86_64")]
            Self::Four if hashes.len() >= 3 => sponge(messages, hashes, |states, blocks, keep| {
                #[expect(unsafe_code, reason = "calls code for processors that have AVX2")]
                // SAFETY: `Four` is made where AVX2 was detected.
                unsafe {
                    avx2::absorb(states, blocks, keep);
                }
            }),
            _ => {
                for (message, hash) in messages.zip(hashes) {
                    *hash = keccak256(message);
                }
            }
        }
    }
}

/// A message on its way.
struct Lane<'a, 'b> {
    /// What was not taken in yet.
    rest: &'a [u8],
    hash: &'b mut B256,
}

/// Keccak's sponge (FIPS 202, section 4) in every lane, each at its own place in its own message.
fn sponge<'a, const LANES: usize>(
    messages: impl Iterator<Item = &'a [u8]>,
    hashes: &mut [B256],
    absorb: impl Fn(&mut States<LANES>, &Blocks<'_, LANES>, &[u64; LANES]),
) {
    let mut work = messages.zip(hashes).fuse();
    let mut lanes: [Option<Lane<'_, '_>>; LANES] = [const { None }; LANES];
    let mut states = [[0; LANES]; WORDS];
    let mut ends = [[0; BLOCK]; LANES];
    loop {
        let mut keep = [0; LANES];
        for ((lane, end), keep) in lanes.iter_mut().zip(&mut ends).zip(&mut keep) {
            match lane {
                Some(_) => *keep = u64::MAX,
                None => *lane = work.next().map(|(rest, hash)| Lane { rest, hash }),
            }
            if let Some(Lane { rest, .. }) = lane
                && rest.len() < BLOCK
            {
                pad(rest, end);
            }
        }
        if lanes.iter().all(Option::is_none) {
            return;
        }
        // What an empty lane takes in does not matter.
        let block = |i: usize| lanes[i].as_ref().and_then(|lane| lane.rest.first_chunk());
        let blocks = from_fn(|i| block(i).unwrap_or(&ends[i]));
        absorb(&mut states, &blocks, &keep);
        for (index, place) in lanes.iter_mut().enumerate() {
            let Some(lane) = place else { continue };
            match lane.rest.get(BLOCK..) {
                Some(rest) => lane.rest = rest,
                None => {
                    squeeze(&states, index, lane.hash);
                    *place = None;
                }
            }
        }
    }
}

/// Pads what is left of a message to a block: a one, zeros, a one. Keccak's own padding, from before
/// there was a standard.
fn pad(rest: &[u8], block: &mut [u8; BLOCK]) {
    *block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] = 0x01;
    block[BLOCK - 1] |= 0x80;
}

fn squeeze<const LANES: usize>(states: &States<LANES>, lane: usize, hash: &mut B256) {
    let (words, _) = hash.as_chunks_mut::<8>();
    for (word, state) in words.iter_mut().zip(states) {
        *word = state[lane].to_le_bytes();
    }
}
