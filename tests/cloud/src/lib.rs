//! A cloud on this machine for tests: `DynamoDB` by dynoxide in this process, S3 by moto in another.
//!
//! [`Gateway`] is Lambda with its HTTP front and the Scheduler; it runs the real programs.
//!
//! Each store passes the conformance suite of the stores before another test relies on it
//! (`infra/aws/tests/stores_on_aws.rs`). moto's `DynamoDB` is not used: it loses acknowledged writes when several
//! clients write at once.

mod fates;
mod functions;
mod gateway;
mod ground;
mod moto;
mod start;
mod tables;
mod troubled;

pub use fates::{Fate, Fates};
pub use functions::{Told, functions, program};
pub use gateway::{Failed, Function, Gateway};
pub use ground::Ground;
pub use start::names_what_is_missing;
pub use troubled::{Trouble, Troubled};
