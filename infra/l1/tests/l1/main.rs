//! The adapter against a real node: foundry's anvil, with the contracts that are checked in.

mod attested;
mod batches;
mod beacon;
mod claims;
mod crowd;
mod deposits;
mod end;
mod erase;
mod event;
mod kinds;
mod life;
mod names;
mod recorder;
mod refusals;
mod rescue;
mod sender;
mod tokens;
mod veto;
mod ways_out;
