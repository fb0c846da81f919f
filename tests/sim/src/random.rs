/// A small generator (`SplitMix64`, Steele, Lea and Flood 2014): a seed means the same life for ever, which no library
/// promises of its generators.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`; 0 when that is 0.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        match end {
            0 => 0,
            end => self.next() % end,
        }
    }

    /// A number from `first` to `last`.
    pub(crate) const fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// A position in something of this length.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        let end = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(end)).unwrap_or_default()
    }

    /// True so many times in ten thousand.
    pub(crate) const fn chance(&mut self, of_10_000: u64) -> bool {
        self.below(10_000) < of_10_000
    }

    /// A generator of its own for something that goes on beside.
    pub(crate) const fn fork(&mut self) -> Self {
        Self(self.next())
    }
}

/// Spreads the bits of a number.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
