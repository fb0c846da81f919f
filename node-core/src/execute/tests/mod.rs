//! Stories about execution, told on a layer unless said.

mod admit;
mod blocks;
mod calls;
mod conservation;
mod deposits;
mod kit;
mod partial;
mod requests;
mod seal;
mod supply;
mod verification;
