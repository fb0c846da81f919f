//! A cloud on this machine for tests: `DynamoDB` by dynoxide in this process, S3 by moto in another.
//!
//! Each store passes the conformance suite of the stores before another test relies on it
//! (`infra/aws/tests/stores_on_aws.rs`). moto's `DynamoDB` is not used: it loses acknowledged writes when several
//! clients write at once.

mod ground;
mod moto;
mod tables;
mod troubled;

pub use ground::Ground;
pub use troubled::{Trouble, Troubled};
