//! The promises of the box office, over real HTTP and against the vendors' own libraries.

mod claims;
mod completion;
mod config;
mod flood;
mod http;
mod names;
mod office;
mod payload;
mod providers;
mod refunds;
mod sdk;
mod signature;
mod support;
mod vectors;
mod writes;
