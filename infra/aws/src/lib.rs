//! Floor 5: the stores of a flash layer on DynamoDB and S3.
//!
//! [`Cloud::new`] takes one table and one bucket, [`Cloud::stores`] binds the stores of one layer; any
//! number of layers share both. There is one HTTP client for everything, and it is opened once.
//!
//! # What is durable, and when to try again
//! A verb that writes returns `Ok` only after the service has said so. Throttling, `5xx` and time-outs are
//! tried again with jittered pauses until [`DEADLINE`] is over; what is left is
//! [`Unavailable`](node_core::port::PortError::Unavailable), which may or may not have happened. A repeated
//! conditional write that finds its own earlier attempt is told apart from a lost race: every such write
//! carries what names the attempt, and the service returns the item that was in the way.
//!
//! # The table
//! Keys are text: `pk` (hash) and `sk` (range). The kind comes first, so that an IAM policy can say with
//! `dynamodb:LeadingKeys` which kinds a function may touch; every key of a layer's own item holds its id, but for
//! connections, which have it in an attribute.
//! *frame* is the record's frame (`node_core::codec`), which carries a checksum.
//!
//! ```text
//! pk                            sk               attributes
//! inbox#<layer>#<shard 2>       <sender>#<hash>  at, f: frame of Pending
//! dropped#<layer>#<hash>        -                f: frame of Dropped
//! log#<layer>#<slot 20>         -                f: frame of SlotEntry
//! register#<layer>#<name>       -                n: version, v: value, by: attempt
//! order#<layer>#<shard 2>       <key>            at, f: frame of OrderRecord
//! due#<layer>                   <key>            at
//! ```
//! *at* is the arrival: microseconds of the writer's clock, made to grow within the writer, then the
//! writer's random name. It orders what waits, and names the attempt.
//!
//! - **Inbox**: a shard for each sender's first four bits, because a partition takes 1,000 writes a second;
//!   one sender's transactions are one short query. It is drained by deleting what was committed, never by
//!   a cursor: a stalled function may append behind any cursor.
//! - **Log**: one item, one partition key for each slot. No transaction: one conditional write costs half.
//! - **Orders**: a shard for each hash of a key, so that all of a layer's are 16 queries and no scan of the table. The
//!   order is recorded in one conditional write and kept; `due` says which ones wait, is
//!   written before the order and deleted after it is marked, and counts for nothing without its order.
//!
//! - **Meters**: what each process used for a layer, see [`Meters`].
//! - **Sockets**: WebSocket connections and how far they were told, see [`Sockets`].
//!
//! Besides, [`Registry`] keeps what everybody may know of each layer, even after its end.
//!
//! # The bucket
//! Objects have the names that `node_core::codec::names` gives them, all under `layers/<layer>/`.
//!
//! # Other services
//! [`Functions`], [`Schedules`] and [`Parameters`] send a few signed requests each; their SDKs would be larger than
//! everything else here.

mod api;
mod calendar;
mod cloud;
mod fault;
mod functions;
mod log;
mod meter;
mod objects;
mod registry;
mod schedules;
mod secrets;
mod settings;
mod sockets;
mod start;
mod table;

pub mod metrics;

pub use cloud::{Cloud, DEADLINE, http};
pub use functions::{Bell, Functions, News, Rings};
pub use meter::{LayerCosts, Meter, Meters, When};
pub use metrics::{COST_MICRO_USD, Metrics};
pub use registry::{Absent, Entry, Registry};
pub use schedules::{Schedules, Target};
pub use secrets::{Parameters, SecretError};
pub use settings::{Endpoints, Settings, SettingsError, Variables};
pub use sockets::{Cursor, NotTold, Socket, SocketGateway, Sockets, Turn};
pub use start::run;
