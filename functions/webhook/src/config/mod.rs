//! The configuration of an event, as TOML. All problems are said at once.

mod read;
mod reader;

pub use reader::{ConfigError, Problem};
