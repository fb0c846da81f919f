//! The adapter against a real node: foundry's anvil, with the contracts that are checked in.

mod attested;
mod batches;
mod beacon;
mod claims;
mod deposits;
mod end;
mod event;
mod kinds;
mod recorder;
mod sender;
mod ways_out;
