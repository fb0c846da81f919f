//! Objects as files.
//!
//! An object is written to a temporary file in its directory, synced, given its name by a hard link
//! (only if absent) or a rename (whatever was there), and the directory is synced: a reader or a
//! crash finds the whole object or none. [`file`] has the format, [`name`] what may be a name,
//! [`tree`] the directories, [`port`] the verbs.

mod file;
mod name;
mod port;
mod tree;

pub(crate) use file::Part;
pub(crate) use port::read;
pub(crate) use tree::{Tree, sync_directory};

#[cfg(test)]
pub(crate) use tree::{Step, recorded};
