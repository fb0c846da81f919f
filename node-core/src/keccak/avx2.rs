//! Four lanes.

use core::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_andnot_si256, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set1_epi64x, _mm256_setr_epi64x, _mm256_slli_epi64,
    _mm256_srli_epi64, _mm256_storeu_si256, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use super::permutation::{Blocks, States, permute};

/// Lanes of a register.
pub(super) const LANES: usize = 4;

/// Takes a block into each state and permutes them. A state is zero first where `keep` is, and stays
/// where it is all ones.
#[target_feature(enable = "avx2")]
pub(super) fn absorb(states: &mut States<LANES>, blocks: &Blocks<'_, LANES>, keep: &[u64; LANES]) {
    let keep = load(keep);
    let mut a = [splat(0); 25];
    for (word, state) in a.iter_mut().zip(&*states) {
        *word = _mm256_and_si256(load(state), keep);
    }
    for (word, block) in a.iter_mut().zip(transposed(blocks)) {
        *word = xor(*word, block);
    }
    permute!(a);
    for (state, word) in states.iter_mut().zip(a) {
        store(state, word);
    }
}

/// Words of the blocks, word by word.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(blocks: &Blocks<'_, LANES>) -> [__m256i; 17] {
    let part = |index: usize| {
        square(blocks.map(|block| {
            let (parts, _) = block.as_chunks();
            load_bytes(&parts[index])
        }))
    };
    let [a0, a1, a2, a3] = part(0);
    let [b0, b1, b2, b3] = part(1);
    let [c0, c1, c2, c3] = part(2);
    let [d0, d1, d2, d3] = part(3);
    let last = blocks.map(|block| block.last_chunk().map_or(0, |word| i64::from_le_bytes(*word)));
    let last = _mm256_setr_epi64x(last[0], last[1], last[2], last[3]);
    [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3, last]
}

/// Rows to columns: pairs of rows first, then all four.
#[inline]
#[target_feature(enable = "avx2")]
fn square([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    const LOW: i32 = 0x20;
    const HIGH: i32 = 0x31;
    let (ab02, ab13) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (cd02, cd13) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<LOW>(ab02, cd02),
        _mm256_permute2x128_si256::<LOW>(ab13, cd13),
        _mm256_permute2x128_si256::<HIGH>(ab02, cd02),
        _mm256_permute2x128_si256::<HIGH>(ab13, cd13),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8; 32]) -> __m256i {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array is as long as a vector; `loadu` asks for no alignment.
    unsafe {
        _mm256_loadu_si256(bytes.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u64; LANES]) -> __m256i {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array is as long as a vector; `loadu` asks for no alignment.
    unsafe {
        _mm256_loadu_si256(words.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut [u64; LANES], vector: __m256i) {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array is as long as a vector; `storeu` asks for no alignment.
    unsafe {
        _mm256_storeu_si256(words.as_mut_ptr().cast(), vector);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor5(a: __m256i, b: __m256i, c: __m256i, d: __m256i, e: __m256i) -> __m256i {
    xor(xor(xor(a, b), xor(c, d)), e)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rol<const LEFT: i32, const RIGHT: i32>(a: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(a), _mm256_srli_epi64::<RIGHT>(a))
}

#[inline]
#[target_feature(enable = "avx2")]
fn theta(left: __m256i, right: __m256i) -> __m256i {
    xor(left, right)
}

#[inline]
#[target_feature(enable = "avx2")]
fn mix(word: __m256i, column: __m256i) -> __m256i {
    xor(word, column)
}

#[inline]
#[target_feature(enable = "avx2")]
fn chi_row(b: [__m256i; 5]) -> [__m256i; 5] {
    let chi = |x: usize| xor(b[x], _mm256_andnot_si256(b[(x + 1) % 5], b[(x + 2) % 5]));
    [chi(0), chi(1), chi(2), chi(3), chi(4)]
}
