//! Stories of one layer on the reference model.

mod ahead;
mod attest;
mod batch;
mod index;
mod intake;
mod kit;
mod origin;
mod pages;
mod refund;
mod replica;
mod sequence;
mod submit;
mod teardown;
