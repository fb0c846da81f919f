//! What makes a delivery believable: an HMAC-SHA256 over its raw bytes, written in one of a few ways.

mod claim;
mod error;
mod scheme;

pub use error::{SignatureError, SignatureFault};
pub use scheme::{Encoding, Layout, Part, Scheme};
