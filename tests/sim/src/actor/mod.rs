//! Those who act in a life: the functions of a layer, as `functions/` runs them, and the people outside.
//!
//! The loops are those of the functions, without a runtime: what they decide is in the flows of `node-core`.

mod attestor;
mod bridge;
mod client;
mod desk;
mod opener;
mod reader;
mod refund;
mod sequencer;
mod shop;
mod teardown;

pub(crate) use self::{
    attestor::attestor,
    bridge::{bridge, depositor, poster},
    client::client,
    desk::{Slot, send},
    opener::opener,
    reader::reader,
    refund::refunder,
    sequencer::sequencer,
    shop::shop,
    teardown::teardown,
};
