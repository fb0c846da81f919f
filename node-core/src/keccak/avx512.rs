//! Eight lanes: a rotation is one instruction, and so is any function of three words.

use core::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_rol_epi64, _mm512_set1_epi64,
    _mm512_setr_epi64, _mm512_shuffle_i64x2, _mm512_storeu_si512, _mm512_ternarylogic_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::permutation::{Blocks, States, permute};

/// Lanes of a register.
pub(super) const LANES: usize = 8;

/// Truth table of `a ^ b ^ c`.
const XOR3: i32 = 0x96;

/// Truth table of `a ^ (!b & c)`.
const CHI: i32 = 0xd2;

/// Truth table of `(a & b) ^ c`.
const AND_XOR: i32 = 0x6a;

/// Takes a block into each state and permutes them. A state is zero first where `keep` is, and stays
/// where it is all ones.
#[target_feature(enable = "avx512f")]
pub(super) fn absorb(states: &mut States<LANES>, blocks: &Blocks<'_, LANES>, keep: &[u64; LANES]) {
    let keep = load(keep);
    let mut a = [splat(0); 25];
    let (words, capacity) = a.split_at_mut(17);
    for ((word, state), block) in words.iter_mut().zip(&*states).zip(transposed(blocks)) {
        *word = _mm512_ternarylogic_epi64::<AND_XOR>(load(state), keep, block);
    }
    for (word, state) in capacity.iter_mut().zip(&states[17..]) {
        *word = _mm512_and_si512(load(state), keep);
    }
    permute!(a);
    for (state, word) in states.iter_mut().zip(a) {
        store(state, word);
    }
}

/// Words of the blocks, word by word.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(blocks: &Blocks<'_, LANES>) -> [__m512i; 17] {
    let part = |index: usize| {
        square(blocks.map(|block| {
            let (parts, _) = block.as_chunks();
            load_bytes(&parts[index])
        }))
    };
    let [a0, a1, a2, a3, a4, a5, a6, a7] = part(0);
    let [b0, b1, b2, b3, b4, b5, b6, b7] = part(1);
    let last = blocks.map(|block| block.last_chunk().map_or(0, |word| i64::from_le_bytes(*word)));
    let [l0, l1, l2, l3, l4, l5, l6, l7] = last;
    let last = _mm512_setr_epi64(l0, l1, l2, l3, l4, l5, l6, l7);
    [a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, last]
}

/// Rows to columns: pairs of rows first, then fours, then eights.
#[inline]
#[target_feature(enable = "avx512f")]
fn square(r: [__m512i; 8]) -> [__m512i; 8] {
    let even = |x: usize| _mm512_unpacklo_epi64(r[x], r[x + 1]);
    let odd = |x: usize| _mm512_unpackhi_epi64(r[x], r[x + 1]);
    let [w0, w2, w4, w6] = quarter([even(0), even(2), even(4), even(6)]);
    let [w1, w3, w5, w7] = quarter([odd(0), odd(2), odd(4), odd(6)]);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// The same for pairs of words: four rows of four to columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn quarter([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab02, ab13) = (low(a, b), high(a, b));
    let (cd02, cd13) = (low(c, d), high(c, d));
    [low(ab02, cd02), low(ab13, cd13), high(ab02, cd02), high(ab13, cd13)]
}

/// Pairs 0 and 2 of each.
#[inline]
#[target_feature(enable = "avx512f")]
fn low(a: __m512i, b: __m512i) -> __m512i {
    _mm512_shuffle_i64x2::<0b10_00_10_00>(a, b)
}

/// Pairs 1 and 3 of each.
#[inline]
#[target_feature(enable = "avx512f")]
fn high(a: __m512i, b: __m512i) -> __m512i {
    _mm512_shuffle_i64x2::<0b11_01_11_01>(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_bytes(bytes: &[u8; 64]) -> __m512i {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array is as long as a vector; `loadu` asks for no alignment.
    unsafe {
        _mm512_loadu_si512(bytes.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u64; LANES]) -> __m512i {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array is as long as a vector; `loadu` asks for no alignment.
    unsafe {
        _mm512_loadu_si512(words.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u64; LANES], vector: __m512i) {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array is as long as a vector; `storeu` asks for no alignment.
    unsafe {
        _mm512_storeu_si512(words.as_mut_ptr().cast(), vector);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor5(a: __m512i, b: __m512i, c: __m512i, d: __m512i, e: __m512i) -> __m512i {
    let first = _mm512_ternarylogic_epi64::<XOR3>(a, b, c);
    _mm512_ternarylogic_epi64::<XOR3>(first, d, e)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rol<const LEFT: i32, const RIGHT: i32>(a: __m512i) -> __m512i {
    _mm512_rol_epi64::<LEFT>(a)
}

/// Both columns: the word takes them in with one instruction.
#[inline]
#[target_feature(enable = "avx512f")]
fn theta(left: __m512i, right: __m512i) -> [__m512i; 2] {
    [left, right]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn mix(word: __m512i, [left, right]: [__m512i; 2]) -> __m512i {
    _mm512_ternarylogic_epi64::<XOR3>(word, left, right)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn chi_row(b: [__m512i; 5]) -> [__m512i; 5] {
    let chi = |x: usize| _mm512_ternarylogic_epi64::<CHI>(b[x], b[(x + 1) % 5], b[(x + 2) % 5]);
    [chi(0), chi(1), chi(2), chi(3), chi(4)]
}
