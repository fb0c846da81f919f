//! The box office: paid webhooks become mint orders, once for each paid item.
//!
//! A shop posts what was paid to `POST /webhooks/<shop>`. The delivery is believed when its [scheme](Scheme) verifies over
//! its raw bytes or, for providers that do not sign, when [asking](Fetch) the provider confirms it. It is
//! [read](Shop::read) into orders whose keys name the paid item, and every order is recorded under its key if the key is new.
//! A delivery that comes again, in parallel, or after a crash between two orders therefore mints nothing twice and
//! leaves nothing out.
//!
//! What is paid back is taken back: orders that wait never mint, tickets that are minted are burned or voided. Buyers
//! without a wallet get a [link](Claims) that binds one later. All of it is configured by an [`Event`].
//!
//! A further [`Provider`] is one file with one constant: how it signs, what it calls its events, and where in them
//! orders stand.

mod answer;
mod api;
mod believe;
mod claim;
mod claims;
mod completion;
mod config;
mod event;
#[cfg(feature = "cloud")]
pub mod events;
mod fetch;
mod field;
mod mapping;
pub mod names;
mod office;
mod order;
mod path;
pub mod provider;
mod router;
mod secret;
mod shop;
mod signature;
mod ticket;

#[cfg(feature = "lambda")]
pub mod lambda;

pub use api::IMPORT_LIMIT;
pub use claim::{ClaimError, Claims, Unclaimed};
pub use completion::{Completion, Courier};
pub use config::{ConfigError, Problem};
pub use event::Event;
pub use fetch::{Fetch, FetchError, HttpFetch};
pub use field::PayloadError;
pub use order::{Buyer, Delivery, MAX_TICKETS, Refund, RefundLine, Sale, Ticket};
pub use provider::Provider;
pub use router::{BODY_LIMIT, WebhookState, router};
pub use secret::{Secret, SecretError};
pub use shop::{Inquiry, Shop};
pub use signature::{Encoding, Layout, Part, Scheme, SignatureError, SignatureFault};
pub use ticket::TicketCalls;
