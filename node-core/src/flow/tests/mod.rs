//! Stories of one layer on the reference model.

mod kit;
mod sequence;
mod submit;
mod teardown;
