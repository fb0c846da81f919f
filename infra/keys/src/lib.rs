//! Floor 5: where keys are.
//!
//! | file | what |
//! |---|---|
//! | `spec` | [`KeySpec`]: how a key is named in an option or a variable, and [`KeySpec::open`] |
//! | `kms`, `http` | [`KmsKey`]: a key that never leaves AWS KMS (feature `kms`) |
//!
//! What an option or a variable says may be the key itself, or nearly: no error and no `Debug` shows it.

#[cfg(feature = "kms")]
mod http;
#[cfg(feature = "kms")]
mod kms;
mod spec;

#[cfg(feature = "kms")]
pub use kms::KmsKey;
pub use spec::{KeyError, KeySpec};
