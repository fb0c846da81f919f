//! Stripe: the signature of a delivery, and the orders in it. Both are pure.

mod event;
mod signature;

pub use event::orders;
pub use signature::{HEADER, SignatureError, TOLERANCE_S, sign, verify};
