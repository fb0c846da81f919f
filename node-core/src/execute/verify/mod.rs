//! A block from somebody else: its header is checked, it is executed again, and everything that it
//! claims is compared.

mod error;
mod header;
mod reexecute;

pub use error::{InvalidBlock, VerifyError};
pub use reexecute::{
    Candidate, Senders, Verified, build_exactly, needs_of, verify, verify_candidate,
};
