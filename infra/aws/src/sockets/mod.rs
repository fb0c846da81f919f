//! WebSocket connections that API Gateway holds, for functions that hold none.
//!
//! ```text
//! pk                       sk            attributes
//! connection#<connection>  -             layer, expires_at
//! socket#<layer>           <connection>  n: version, d: JSON of what it subscribed to, expires_at
//! told#<layer>             -             done, begun, made, by, until_ms
//! ```
//! Whoever tells takes `told` for a while, says up to which block it begins to tell (`begun`), tells, and says that it
//! has (`done`). If it dies in between, nobody knows what arrived, and what was promised (each block once, in order) is
//! kept by closing the connections that were being told: `begun` is more than `done` then.
//!
//! A subscription is stored while `begun` is what it was when the subscriber was last told: whoever begins to tell of a
//! later block finds it.
//!
//! A layer that is being erased gets no new items: each is made in one transaction with a look at the layer's phase,
//! which is erased too.

mod cursor;
mod gateway;
mod kept;

pub use cursor::{Cursor, Turn};
pub use gateway::{NotTold, SocketGateway};
pub use kept::{Socket, Sockets};
