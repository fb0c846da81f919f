//! The promises of the box office, over real HTTP and against Stripe's own library.

mod http;
mod payload;
mod sdk;
mod signature;
mod support;
mod vectors;
