//! Ranges of immutable objects in files of a directory.
//!
//! A cache between a reader and an object store that is far away: for functions, whose memory is small
//! and whose `/tmp` outlives a call. It is scratch: nothing is synced, and what is damaged, half written
//! or gone is read from the object store again. [`file`] has the format, [`kept`] what is there and
//! what goes first, [`port`] the verbs.

mod file;
mod kept;
mod port;

pub use port::Scratch;
