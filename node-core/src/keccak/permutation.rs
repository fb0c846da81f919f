//! Keccak-f\[1600\] (FIPS 202, section 3.3), on vectors of one word of each of several states.

/// Words of a state.
pub(super) const WORDS: usize = 25;

/// Bytes of a message that one permutation takes in: the rate of Keccak-256.
pub(super) const BLOCK: usize = 136;

/// Constants of the step iota.
pub(super) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// As many states as a vector has words, word by word: `states[w][i]` is word w of state i.
pub(super) type States<const LANES: usize> = [[u64; LANES]; WORDS];

/// The next block of each message.
pub(super) type Blocks<'a, const LANES: usize> = [&'a [u8; BLOCK]; LANES];

/// Permutes the 25 vectors `a`, in terms of the operations of the module that it is in.
///
/// A macro, because functions with target features can't be trait methods.
///
/// | operation | what |
/// |---|---|
/// | `xor`, `splat` | of two vectors; a vector of one word |
/// | `xor5` | the parity of a column |
/// | `rol::<N, M>` | rotation to the left by N; M is 64 - N |
/// | `theta`, `mix` | what theta makes of two columns, and its mixing into a word |
/// | `chi_row` | the step chi on a row |
macro_rules! permute {
    ($a:ident) => {{
        let a = &mut $a;
        for constant in $crate::keccak::permutation::ROUND_CONSTANTS {
            let c: [_; 5] = [
                xor5(a[0], a[5], a[10], a[15], a[20]),
                xor5(a[1], a[6], a[11], a[16], a[21]),
                xor5(a[2], a[7], a[12], a[17], a[22]),
                xor5(a[3], a[8], a[13], a[18], a[23]),
                xor5(a[4], a[9], a[14], a[19], a[24]),
            ];
            let d = [
                theta(c[4], rol::<1, 63>(c[1])),
                theta(c[0], rol::<1, 63>(c[2])),
                theta(c[1], rol::<1, 63>(c[3])),
                theta(c[2], rol::<1, 63>(c[4])),
                theta(c[3], rol::<1, 63>(c[0])),
            ];
            // Rho and pi: a row of the result takes one word of each column.
            let [first, b1, b2, b3, b4] = chi_row([
                mix(a[0], d[0]),
                rol::<44, 20>(mix(a[6], d[1])),
                rol::<43, 21>(mix(a[12], d[2])),
                rol::<21, 43>(mix(a[18], d[3])),
                rol::<14, 50>(mix(a[24], d[4])),
            ]);
            let b0 = xor(first, splat(constant));
            let [b5, b6, b7, b8, b9] = chi_row([
                rol::<28, 36>(mix(a[3], d[3])),
                rol::<20, 44>(mix(a[9], d[4])),
                rol::<3, 61>(mix(a[10], d[0])),
                rol::<45, 19>(mix(a[16], d[1])),
                rol::<61, 3>(mix(a[22], d[2])),
            ]);
            let [b10, b11, b12, b13, b14] = chi_row([
                rol::<1, 63>(mix(a[1], d[1])),
                rol::<6, 58>(mix(a[7], d[2])),
                rol::<25, 39>(mix(a[13], d[3])),
                rol::<8, 56>(mix(a[19], d[4])),
                rol::<18, 46>(mix(a[20], d[0])),
            ]);
            let [b15, b16, b17, b18, b19] = chi_row([
                rol::<27, 37>(mix(a[4], d[4])),
                rol::<36, 28>(mix(a[5], d[0])),
                rol::<10, 54>(mix(a[11], d[1])),
                rol::<15, 49>(mix(a[17], d[2])),
                rol::<56, 8>(mix(a[23], d[3])),
            ]);
            let [b20, b21, b22, b23, b24] = chi_row([
                rol::<62, 2>(mix(a[2], d[2])),
                rol::<55, 9>(mix(a[8], d[3])),
                rol::<39, 25>(mix(a[14], d[4])),
                rol::<41, 23>(mix(a[15], d[0])),
                rol::<2, 62>(mix(a[21], d[1])),
            ]);
            *a = [
                b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15, b16, b17,
                b18, b19, b20, b21, b22, b23, b24,
            ];
        }
    }};
}

pub(super) use permute;
