//! Many lives.

use crate::{Caught, Failure, Setting, Variant, live};

/// Lives within which every [`Variant`] is caught.
pub const MOST_LIVES: u64 = 1_000;

/// What many lives came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lived {
    /// How many.
    pub lives: u64,
    /// Blocks in all of them.
    pub blocks: u64,
    /// Simulated seconds.
    pub seconds: u64,
    /// Stands for everything that happened.
    pub trace_hash: u64,
}

/// Lives once for each seed, until one fails.
///
/// # Errors
/// The first failure, with as little around it as possible.
///
/// # Panics
/// When a seed fails once and not again: then it is not the whole life.
pub fn live_all(seeds: impl IntoIterator<Item = u64>) -> Result<Lived, Box<Failure>> {
    let mut lived = Lived::default();
    for seed in seeds {
        let setting = Setting { seed, ..Setting::default() };
        let life = live(&setting);
        if life.violation.is_some() {
            let failure = Failure::of(&setting);
            return Err(Box::new(failure.expect("a seed is the whole life, so it fails again")));
        }
        lived.lives += 1;
        lived.blocks += u64::try_from(life.blocks).unwrap_or_default() - 1;
        lived.seconds += life.seconds;
        lived.trace_hash = crate::random::mix(lived.trace_hash ^ life.trace_hash);
    }
    Ok(lived)
}

/// Lives with something broken until that is noticed; `None` when it never is.
pub fn catch(variant: Variant) -> Option<Caught> {
    (0..MOST_LIVES).find_map(|seed| {
        let setting = Setting { seed, variant: Some(variant), ..Setting::default() };
        let violation = live(&setting).violation?;
        Some(Caught { lives: seed + 1, property: violation.property })
    })
}
