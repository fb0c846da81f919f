//! Reading fixtures that nobody on this project wrote, and counting how they went.
//!
//! ```no_run
//! let Some(files) = mayfly_spec::fixtures::tgz("smoke_state_osaka.tgz") else { return };
//! let mut tally = mayfly_spec::Tally::new("official state tests");
//! for (path, bytes) in files {
//!     tally.record(path, if bytes.is_empty() { Err("empty".into()) } else { Ok(()) });
//! }
//! tally.finish();
//! ```

pub mod fixtures;
mod tally;

pub use tally::Tally;
