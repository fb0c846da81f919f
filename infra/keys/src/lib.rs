//! Floor 5: where keys are.
//!
//! | file | what |
//! |---|---|
//! | `spec` | [`KeySpec`]: how a key is named in an option or a variable, and [`KeySpec::open`] |
//!
//! What an option or a variable says may be the key itself, or nearly: no error and no `Debug` shows it.

mod spec;

pub use spec::{KeyError, KeySpec};
