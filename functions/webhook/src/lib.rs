//! The box office: signed payment webhooks become mint orders, once for each paid item.
//!
//! A shop posts what was paid to `POST /webhooks/<provider>`. The delivery is [verified](stripe::verify)
//! over its raw bytes, [read](stripe::orders) into orders whose keys name the paid item, and every order
//! is recorded under its key if the key is new. A delivery that comes again, in parallel, or after a
//! crash between two orders therefore mints nothing twice and leaves nothing out.
//!
//! A further provider is a folder beside [`stripe`] with the same pure pair, `verify` and `orders`, a
//! field in [`Secrets`] and a route in [`router`]; keys, recipients and bounds are shared.

mod answer;
mod field;
mod order;
mod router;
mod secret;
pub mod stripe;

#[cfg(feature = "lambda")]
pub mod lambda;

pub use field::PayloadError;
pub use order::{Delivery, MAX_TICKETS};
pub use router::{BODY_LIMIT, WebhookState, router};
pub use secret::{Secret, SecretError, Secrets};
