//! The router over real HTTP on a loopback port.

mod access;
mod chain;
mod client;
mod limits;
mod routes;
mod wire;
